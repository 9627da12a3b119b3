import assert from 'node:assert/strict';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { defaultTenant, env } from '../../shared/aws/keys.ts';
import { services } from '../../shared/aws/services.ts';
import { scopes } from '../../shared/contract/routes.ts';
import { createKey } from '../../shared/edge/keys.ts';

/** Drives a deployed API from outside: the main job, once after the first deployment and once after an upgrade over its data. */
const api = process.env.AEGIS_API;
const phase = process.argv[2];
if (api === undefined || (phase !== 'first' && phase !== 'upgraded')) throw new Error('run by test/deploy/run.ts');

const pollMs = 250;
const waitMsMax = 60_000;

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: the test reads fields of many shapes
  readonly body: any;
}

const call = async (
  method: string,
  path: string,
  options: { readonly key?: string; readonly body?: unknown } = {},
): Promise<Answer> => {
  const response = await fetch(`${api}${path}`, {
    method,
    headers: {
      ...(options.key === undefined ? {} : { authorization: `Bearer ${options.key}` }),
      ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') ?? false;
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
};

/** Asks again until the answer holds; fails with the last one. */
const until = async (what: string, ask: () => Promise<Answer>, holds: (answer: Answer) => boolean): Promise<Answer> => {
  for (let waitedMs = 0; ; waitedMs += pollMs) {
    const answer = await ask();
    if (holds(answer)) return answer;
    if (waitedMs >= waitMsMax)
      assert.fail(`${what}: not within ${waitMsMax} ms; the last answer was ${answer.status} ${JSON.stringify(answer.body)}`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
};

const step = async (name: string, act: () => Promise<void>): Promise<void> => {
  await act();
  console.log(`  ok  ${name}`);
};

const { key } = await createKey(services(), { tenant: defaultTenant, scopes, createdBy: 'deploy test', expiresAtMs: null });
const occurredAt = new Date(Date.now() - 1000).toISOString();
const payment = (id: string, changes: object = {}) => ({
  transactionId: `${phase}-${id}`,
  userId: 'u_1',
  accountId: 'a_1',
  occurredAt,
  amountMinor: 12_500,
  currency: 'INR',
  deviceId: 'd_1',
  ...changes,
});
const decisionOf = (id: string) => call('GET', `/decisions/${phase}-${id}`, { key });
const decided = (id: string) =>
  until(
    `decision ${id}`,
    () => decisionOf(id),
    ({ status }) => status === 200,
  );
const auditOf = (accountId: string) => call('GET', `/accounts/${accountId}/audit?userId=u_1&limit=200`, { key });

await step('health is ok and needs no key', async () => {
  const { status, body, headers } = await call('GET', '/health');
  assert.equal(status, 200, JSON.stringify(body));
  assert.equal(body.status, 'ok');
  assert.ok(headers.get('x-correlation-id'));
});

await step('no key and a wrong key are refused', async () => {
  assert.equal((await call('POST', '/transactions', { body: payment('k') })).status, 401);
  const wrong = `aegis_${defaultTenant}_${'0'.repeat(48)}`;
  assert.equal((await call('GET', '/decisions/latest', { key: wrong })).status, 401);
});

await step('an unknown route is 404, a wrong method 405, both by the functions', async () => {
  assert.equal((await call('GET', '/nowhere/at/all', { key })).status, 404);
  const { status, headers, body } = await call('DELETE', '/transactions', { key });
  assert.equal(status, 405, JSON.stringify(body));
  assert.equal(headers.get('allow'), 'POST');
});

await step('a transaction goes through API, queue, score and table', async () => {
  const { status, body } = await call('POST', '/transactions', { key, body: payment('one') });
  assert.equal(status, 202, JSON.stringify(body));
  assert.deepEqual(body, { transactionId: `${phase}-one`, status: 'QUEUED' });
  assert.equal((await decided('one')).body.outcome, 'ALLOW');
});

await step('it comes back by the stream and the feed', async () => {
  await until(
    'the feed',
    () => call('GET', '/decisions/latest?limit=50', { key }),
    ({ status, body }) =>
      status === 200 && body.items.some((item: { transactionId: string }) => item.transactionId === `${phase}-one`),
  );
});

await step('a repeat gives the same decision, a changed repeat names the field', async () => {
  const again = await call('POST', '/decisions', { key, body: payment('one') });
  assert.equal(again.status, 200);
  assert.equal(again.body.duplicate, true);
  assert.deepEqual({ ...again.body, duplicate: false }, (await decisionOf('one')).body);
  const changed = await call('POST', '/decisions', { key, body: payment('one', { amountMinor: 12_501 }) });
  assert.equal(changed.status, 409);
  assert.match(JSON.stringify(changed.body), /amountMinor/);
});

await step('the synchronous route decides in the call', async () => {
  const { status, body } = await call('POST', '/decisions', { key, body: payment('sync') });
  assert.equal(status, 200, JSON.stringify(body));
  assert.equal(body.duplicate, false);
  assert.equal(body.audit.sequence, (await auditOf('a_1')).body.items.length);
});

await step('a burst is blocked', async () => {
  const accountId = `a_burst_${phase}`;
  const transactions = Array.from({ length: 25 }, (_, i) => payment(`burst-${i}`, { accountId }));
  const { status, body } = await call('POST', '/transactions/batch', { key, body: { transactions } });
  assert.equal(status, 202, JSON.stringify(body));
  assert.equal(body.accepted, 25);
  const all = await Promise.all(transactions.map((_, i) => decided(`burst-${i}`)));
  const last = all.map((answer) => answer.body).find((decision) => decision.audit.sequence === 25);
  assert.equal(last?.outcome, 'BLOCK');
});

await step('a poison message reaches the dead letters with its reason', async () => {
  const sent = await services().queue.send([{ body: '{"not":"a payment"}', attributes: {} }]);
  assert.deepEqual(sent, [{ sent: true }]);
  const client = new SQSClient({});
  for (let waitedMs = 0; waitedMs < waitMsMax; waitedMs += 2000) {
    const { Messages = [] } = await client.send(
      new ReceiveMessageCommand({
        QueueUrl: process.env[env.deadLetterUrl],
        WaitTimeSeconds: 2,
        MaxNumberOfMessages: 10,
        MessageAttributeNames: ['All'],
        VisibilityTimeout: 1,
      }),
    );
    if (Messages.some((message) => /reason/i.test(JSON.stringify(message)))) return;
  }
  assert.fail('no dead letter with a reason');
});

await step('the chain of the account is whole', async () => {
  const { body } = await auditOf('a_1');
  const sequences = body.items.map((item: { body: { sequence: number } }) => item.body.sequence);
  assert.deepEqual(
    sequences,
    Array.from(sequences, (_, i) => i + 1),
  );
  for (const [i, item] of body.items.entries()) {
    assert.equal(item.body.previousHash, i === 0 ? '0'.repeat(64) : body.items[i - 1].hash);
  }
  assert.equal(sequences.length, phase === 'first' ? 2 : 4);
});

if (phase === 'upgraded') {
  await step('what was decided before the upgrade is still there, to the letter', async () => {
    const { status, body } = await call('GET', '/decisions/first-one', { key });
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(body.audit.sequence, 1);
  });
}
