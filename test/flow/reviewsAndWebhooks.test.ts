import { execFile, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AegisClient, aegisClient } from '../../client/client.ts';
import { type LocalStack, startLocalStack } from '../../tools/local/stack.ts';

/** The stages of reviews and webhooks, the command line and the documented examples, on the emulators. */

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

let stack: LocalStack;
let client: AegisClient;
let receiver: Server;
const received: { readonly headers: IncomingHttpHeaders; readonly body: string }[] = [];
let answer = 204;

beforeAll(async () => {
  receiver = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    received.push({ headers: request.headers, body });
    response.writeHead(answer).end();
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  stack = await startLocalStack();
  client = aegisClient(stack);
}, 120_000);

afterAll(async () => {
  receiver?.close();
  await stack?.stop();
});

const environment = (): NodeJS.ProcessEnv => ({
  ...process.env,
  ...stack.environment,
  AEGIS_URL: stack.url,
  AEGIS_KEY: stack.key,
});

const aegis = async (...words: readonly string[]): Promise<string> =>
  (await run(process.execPath, [join(root, 'tools/cli/aegis.ts'), ...words], { env: environment() })).stdout;

const eventually = async <T>(read: () => Promise<T | null | undefined> | T | null | undefined): Promise<T> => {
  for (let attempt = 0; attempt < 300; attempt++) {
    const value = await read();
    if (value !== null && value !== undefined) return value;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('it did not happen within 30 s');
};

const payment = (transactionId: string) => ({
  transactionId,
  userId: 'u_1',
  accountId: 'a_flow',
  merchantId: 'm_flow',
  occurredAt: new Date().toISOString(),
  amountMinor: 3_000_000_000,
  currency: 'INR' as const,
});

describe('a blocked payment', () => {
  it('is told by a signed webhook, reviewed, labelled in bulk, and told of again', async () => {
    const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
    const added = JSON.parse(await aegis('webhooks', 'add', '--receiver', url, '--events', 'decision.block,review.*', '--json'));
    const verifier = new Webhook(added.secret);
    const told = (type: string, count = 1) =>
      eventually(() => {
        const events = received
          .map(({ headers, body }) => verifier.verify(body, headers as Record<string, string>) as { type: string; data: unknown })
          .filter((event) => event.type === type);
        return events.length >= count ? events : null;
      });
    const decided = await client.POST('/decisions', { body: payment('t_flow_1') });
    expect(decided.data?.outcome).toBe('BLOCK');
    expect((await told('decision.block'))[0]?.data).toMatchObject({ transactionId: 't_flow_1', outcome: 'BLOCK' });
    expect((await told('review.opened'))[0]?.data).toMatchObject({ accountId: 'a_flow', transactionIds: ['t_flow_1'] });
    const open = await client.GET('/reviews');
    expect(open.data?.items).toMatchObject([{ accountId: 'a_flow', state: 'open', transactionIds: ['t_flow_1'] }]);

    const csv = join(stack.dataDir, 'chargebacks.csv');
    writeFileSync(csv, 'transactionId,note\nt_flow_1,chargeback\n');
    expect(await aegis('labels', 'import', csv)).toContain('1 labelled, 0 rows with errors');
    expect((await told('review.closed'))[0]?.data).toMatchObject({ state: 'closed', disposition: 'CONFIRMED_FRAUD' });
    expect((await client.GET('/reviews')).data?.items).toEqual([]);
    const audit = await client.GET('/accounts/{accountId}/audit', { params: { path: { accountId: 'a_flow' } } });
    expect(audit.data?.items[1]).toMatchObject({
      body: { event: 'REVIEWED' },
      inputs: { transactionId: 't_flow_1', disposition: 'CONFIRMED_FRAUD', note: 'chargeback' },
    });

    answer = 500;
    await client.POST('/decisions', { body: payment('t_flow_2') });
    const failed = (await told('decision.block', 2))[1];
    expect(failed?.data).toMatchObject({ transactionId: 't_flow_2' });
    answer = 204;
    expect((await told('decision.block', 3))[2]).toEqual(failed);
    const ids = received
      .filter(({ body }) => body.includes('t_flow_2') && body.includes('decision.block'))
      .map(({ headers }) => headers['webhook-id']);
    expect(new Set(ids).size).toBe(1);
    expect(await aegis('webhooks', 'remove', added.endpointId)).toContain('is removed');
  }, 120_000);
});

describe('aegis keys', () => {
  it('makes a key that works with its scopes alone, and ends it', async () => {
    const made = JSON.parse(await aegis('keys', 'create', '--scope', 'read', '--expires', '1d', '--json'));
    const own = aegisClient({ url: stack.url, key: made.key });
    expect((await own.GET('/reviews')).response.status).toBe(200);
    expect((await own.POST('/decisions', { body: payment('t_flow_9') })).response.status).toBe(403);
    expect(await aegis('keys', 'list')).toContain(made.keyId);
    await aegis('keys', 'revoke', made.keyId);
    await eventually(async () => ((await own.GET('/reviews')).response.status === 401 ? true : null));
    expect(await aegis('redrive', '--dry-run')).toContain('0 would be moved');
  }, 60_000);
});

describe('the examples of docs/api.md', () => {
  const blocks = [...readFileSync(join(root, 'docs/api.md'), 'utf8').matchAll(/^```(sh|python|js)\n(.*?)^```$/gms)]
    .map(([, language, code]) => ({ language: language!, code: code!, id: /txn_\w+/.exec(code!)?.[0] }))
    .filter((block) => block.id !== undefined);
  const canRun = (language: string, code: string): boolean => {
    if (language === 'sh') return spawnSync('curl', ['--version']).status === 0;
    if (language !== 'python') return true;
    return spawnSync('python3', ['-c', code.includes('boto3') ? 'import boto3' : '']).status === 0;
  };
  const runners: Readonly<Record<string, readonly string[]>> = {
    sh: ['sh', '-e', '-c'],
    python: ['python3', '-c'],
    js: [process.execPath, '--input-type=module', '-e'],
  };

  it('are there for three languages and two ways', () => {
    expect(blocks.map(({ id }) => id).sort()).toEqual(
      ['https', 'sqs'].flatMap((way) => ['curl', 'node', 'python'].map((language) => `txn_${way}_${language}`)).sort(),
    );
  });

  it.each(blocks)(
    '$id is decided',
    async ({ language, code, id }) => {
      if (!canRun(language, code)) {
        console.warn(`${id} is not run: this machine lacks what it needs`);
        return;
      }
      const [command, ...words] = runners[language]!;
      const { stdout } = await run(command!, [...words, code], { cwd: root, env: environment() });
      if (id!.includes('https')) expect(JSON.parse(stdout)).toMatchObject({ transactionId: id, duplicate: false });
      const path = { transactionId: id! };
      const decision = await eventually(async () => (await client.GET('/decisions/{transactionId}', { params: { path } })).data);
      expect(decision).toMatchObject({ transactionId: id, userId: 'u_42' });
    },
    60_000,
  );
});
