import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GetPublicKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { services } from '../../shared/adapters/aws/services.ts';
import { pemOf } from '../../shared/proof/signer.ts';
import { defaultTenant } from '../../shared/store/names.ts';
import type { VerifyReport } from '../../tools/proof/verifyReport.ts';
import { aegis, api, deadLetterWith, folder, outputs, signedIn, step, until } from './deployed.ts';
import { listenTo } from './subscriber.ts';

/** Drives a deployed API from outside: the main job, once after the first deployment and once after an upgrade over its data. */
const phase = process.argv[2];
if (phase !== 'first' && phase !== 'upgraded') throw new Error('run by test/deploy/run.ts');

/** More than training needs at least. */
const historySize = 300;
const historyAccounts = 60;
const burstSize = 25;
/** Training runs as often as checkpoints are made: what it has just added to the system chain waits for the next. */
const trainingEntries = 1;

const { key, client } = await signedIn();
/** A second ago, where it is noon now: at night a first payment is unusual, and reviewed. */
const noonOffsetHours = 12 - new Date().getUTCHours();
const occurredAt = new Date(Date.now() - 1_000 + noonOffsetHours * 3_600_000)
  .toISOString()
  .replace('Z', `${noonOffsetHours < 0 ? '-' : '+'}${String(Math.abs(noonOffsetHours)).padStart(2, '0')}:00`);
const idOf = (id: string): string => `${phase}-${id}`;
const payment = (id: string, changes: { accountId?: string; amountMinor?: number; deviceId?: string } = {}) => ({
  transactionId: idOf(id),
  userId: 'u_1',
  accountId: 'a_1',
  occurredAt,
  amountMinor: 12_500,
  currency: 'INR' as const,
  deviceId: `d_${phase}`,
  ...changes,
});
const decisionOf = (transactionId: string) => client.GET('/decisions/{transactionId}', { params: { path: { transactionId } } });
const decided = async (id: string) => {
  const { data } = await until(
    `decision ${id}`,
    () => decisionOf(idOf(id)),
    ({ response }) => response.status === 200,
  );
  return data!;
};
const auditOf = async (accountId: string) => {
  const { data } = await client.GET('/accounts/{accountId}/audit', {
    params: { path: { accountId }, query: { userId: 'u_1', limit: 200 } },
  });
  return data!.items;
};

/** What the client would not let through. */
const raw = (method: string, path: string, headers: Readonly<Record<string, string>> = {}, body?: string) =>
  fetch(`${api}${path}`, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body }),
  });

const alerts = await listenTo(`aegis-deploy-test-${phase}`, [outputs.DecisionTopicArn!, outputs.DeadLetterTopicArn!]);

await step('health is ok and needs no key', async () => {
  const response = await raw('GET', '/health');
  assert.equal(response.status, 200);
  assert.ok(response.headers.get('x-correlation-id'));
  assert.equal(((await response.json()) as { status: string }).status, 'ok');
});

await step('no key and a wrong key are refused', async () => {
  assert.equal((await raw('POST', '/transactions', {}, JSON.stringify(payment('k')))).status, 401);
  const wrong = `Bearer aegis_${defaultTenant}_${'0'.repeat(48)}`;
  assert.equal((await raw('GET', '/decisions/latest', { authorization: wrong })).status, 401);
});

await step('an unknown route is 404, a wrong method 405, both by the functions', async () => {
  const authorization = `Bearer ${key}`;
  assert.equal((await raw('GET', '/nowhere/at/all', { authorization })).status, 404);
  const response = await raw('DELETE', '/transactions', { authorization });
  assert.equal(response.status, 405);
  assert.equal(response.headers.get('allow'), 'POST');
});

await step(`a history of ${historySize} payments is taken in one batch, for the model to learn from`, async () => {
  const transactions = Array.from({ length: historySize }, (_, i) =>
    payment(`history-${i}`, {
      accountId: `a_history_${phase}_${i % historyAccounts}`,
      amountMinor: 5_000 + ((i * 7_919) % 90_000),
      deviceId: `d_history_${phase}_${i % historyAccounts}`,
    }),
  );
  const { data } = await client.POST('/transactions/batch', { body: { transactions } });
  assert.equal(data?.accepted, historySize);
});

await step('a transaction goes through API, queue, score and table', async () => {
  const { data, response } = await client.POST('/transactions', { body: payment('one') });
  assert.equal(response.status, 202);
  assert.deepEqual(data, { transactionId: idOf('one'), status: 'QUEUED' });
  assert.equal((await decided('one')).outcome, 'ALLOW');
});

await step('it comes back by the stream and the feed', async () => {
  await until(
    'the feed',
    () => client.GET('/accounts/{accountId}/decisions', { params: { path: { accountId: 'a_1' }, query: { userId: 'u_1' } } }),
    ({ data }) => data?.items.some(({ transactionId }) => transactionId === idOf('one')) ?? false,
  );
  await until(
    'the latest',
    () => client.GET('/decisions/latest', { params: { query: { limit: 200 } } }),
    ({ data }) => (data?.items.length ?? 0) > 0,
  );
});

await step('a repeat gives the same decision, a changed repeat names the field', async () => {
  const again = await client.POST('/decisions', { body: payment('one') });
  assert.equal(again.data?.duplicate, true);
  assert.deepEqual({ ...again.data, duplicate: false, label: null }, (await decisionOf(idOf('one'))).data);
  const changed = await client.POST('/decisions', { body: payment('one', { amountMinor: 12_501 }) });
  assert.equal(changed.response.status, 409);
  assert.match(JSON.stringify(changed.error), /amountMinor/);
});

await step('a changed repeat by the queue leaves the original untouched and is dead-lettered, named', async () => {
  const original = (await decisionOf(idOf('one'))).data;
  const { response } = await client.POST('/transactions', { body: payment('one', { amountMinor: 12_502 }) });
  assert.equal(response.status, 202);
  const expected = `transactionId ${idOf('one')} was used before with another /amountMinor`;
  const { correlationId } = await deadLetterWith(({ reason }) => reason === expected);
  assert.equal(correlationId, response.headers.get('x-correlation-id'));
  assert.deepEqual((await decisionOf(idOf('one'))).data, original);
});

await step('the synchronous route decides in the call', async () => {
  const { data, response } = await client.POST('/decisions', { body: payment('sync') });
  assert.equal(response.status, 200);
  assert.equal(data?.duplicate, false);
  assert.equal(data?.audit.sequence, (await auditOf('a_1')).length);
});

await step('a burst is blocked, and a subscriber is told so with the reasons and a link to the console', async () => {
  const accountId = `a_burst_${phase}`;
  const transactions = Array.from({ length: burstSize }, (_, i) => payment(`burst-${i}`, { accountId }));
  const { data } = await client.POST('/transactions/batch', { body: { transactions } });
  assert.equal(data?.accepted, burstSize);
  // One after the other: the third-party AWS starts a process for every call at the same time.
  const all: Awaited<ReturnType<typeof decided>>[] = [];
  for (const i of transactions.keys()) all.push(await decided(`burst-${i}`));
  assert.equal(all.find((decision) => decision.audit.sequence === burstSize)?.outcome, 'BLOCK');
  const { subject, text } = await alerts.next(({ subject }) => subject.includes(accountId));
  assert.match(subject, new RegExp(`^Aegis: BLOCK on account ${accountId}, score \\d`));
  assert.match(text, /^- [\d.]+ points: .*within 60 seconds/m);
  const link = text.split('\n').at(-1)!;
  assert.ok(link.startsWith(`${outputs.ApiUrl}console#/decision/${phase}-burst-`), link);
});

await step('a poison message reaches the dead letters with its reason, and a subscriber is told of it', async () => {
  // Another reason in each phase: one is told once an hour.
  const body = `{"not ${phase}":"a payment of ${phase}"}`;
  assert.deepEqual(await services().queue.send([{ body, attributes: {} }]), [{ sent: true }]);
  const { reason } = await deadLetterWith((letter) => letter.body === body);
  assert.match(reason, new RegExp(`/not ${phase}: unknown field`));
  const { topicArn, subject, text } = await alerts.next((told) => told.text.includes(`/not ${phase}: unknown field`));
  assert.equal(topicArn, outputs.DeadLetterTopicArn);
  assert.equal(subject, 'Aegis: a message can never be decided');
  assert.equal(text.split('\n').at(-1), `${outputs.ApiUrl}console`);
});

await step('the chain of the account is whole', async () => {
  const items = await auditOf('a_1');
  assert.deepEqual(
    items.map((item) => item.body.sequence),
    Array.from(items, (_, i) => i + 1),
  );
  for (const [i, item] of items.entries()) {
    assert.equal(item.body.previousHash, i === 0 ? '0'.repeat(64) : items[i - 1]!.hash);
  }
  // The proofs of the grants have reviewed one of its payments in between.
  assert.equal(items.filter(({ body }) => body.event === 'DECISION_MADE').length, phase === 'first' ? 2 : 4);
});

await step('the schedule trains a model, which takes over and decides', async () => {
  const { data: model } = await until(
    'a model in force',
    () => client.GET('/model'),
    ({ data }) => data !== undefined && (phase === 'first' || data.version >= versionBefore()),
  );
  assert.ok(model!.rows >= historySize, `${model!.rows} rows`);
  let sent = 0;
  const { data } = await until(
    'a decision by the new model',
    () => client.POST('/decisions', { body: payment(`model-${++sent}`, { accountId: `a_model_${phase}` }) }),
    (answer) => answer.data?.modelVersion === model!.version,
  );
  assert.ok(data!.anomaly !== null && data!.anomaly.percentile >= 0);
  assert.deepEqual(data!.degraded, []);
  writeFileSync(join(folder, 'model'), String(model!.version));
});

await step('checkpoints are signed by KMS, and verify --live proves every entry by them', async () => {
  const { PublicKey } = await new KMSClient({}).send(new GetPublicKeyCommand({ KeyId: outputs.SigningKeyArn }));
  const keyFile = join(folder, 'signing.pem');
  writeFileSync(keyFile, pemOf(createPublicKey({ key: Buffer.from(PublicKey!), format: 'der', type: 'spki' })));
  const report = await until(
    'a checkpoint over every entry',
    async () => JSON.parse(await aegis('verify', '--live', '--json', '--key', keyFile)) as VerifyReport,
    ({ verdict, uncoveredEntries, checkpoints }) =>
      verdict !== 'intact' || (uncoveredEntries <= trainingEntries && checkpoints.count > 0),
  );
  assert.equal(report.verdict, 'intact', JSON.stringify(report.findings));
  assert.equal(report.isKeyGiven, true);
  assert.ok(report.entries > historySize + burstSize);
  writeFileSync(join(folder, `${phase}.json`), JSON.stringify(report));
});

if (phase === 'upgraded') {
  await step('what was decided before the upgrade is still there, to the letter, and its chains go on', async () => {
    const { data } = await decisionOf('first-one');
    assert.equal(data?.audit.sequence, 1);
    const [before, after] = ['first', 'upgraded'].map(
      (name) => JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as VerifyReport,
    );
    assert.equal(after!.checkpoints.first!.hash, before!.checkpoints.first!.hash);
    assert.ok(after!.checkpoints.last!.number > before!.checkpoints.last!.number);
    assert.ok(after!.entries > before!.entries && after!.chains >= before!.chains);
  });
}

await alerts.close();

function versionBefore(): number {
  return Number(readFileSync(join(folder, 'model'), 'utf8'));
}
