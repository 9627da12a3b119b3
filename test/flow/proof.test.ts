import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeBundle } from '../../functions/read/evidence/bundle.ts';
import { closeServices, services } from '../../shared/adapters/aws/services.ts';
import { auditFromItem, decisionFromItem } from '../../shared/ledger/items.ts';
import { canonicalText } from '../../shared/proof/canonical.ts';
import { auditKey, decisionKey } from '../../shared/store/names.ts';
import { environmentDependencies, selectExport } from '../../tools/cli/export.ts';
import { replayTransaction } from '../../tools/cli/replay.ts';
import { type LocalStack, startLocalStack } from '../../tools/local/stack.ts';
import { verifyFile } from '../../tools/proof/verify.ts';

/** The proof over the wire: what a deployment decides, checkpoints, exports, trains on and erases, on the emulators. */
const payments = 420;
const accounts = 30;
const waitMsMax = 60_000;

let stack: LocalStack;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'aegis-proof-'));
  stack = await startLocalStack();
  Object.assign(process.env, stack.environment);
}, 60_000);
afterAll(async () => {
  closeServices();
  await stack.stop();
  rmSync(folder, { recursive: true });
});

const headers = () => ({ authorization: `Bearer ${stack.key}`, 'content-type': 'application/json' });

const payment = (n: number) => ({
  transactionId: `txn_${n}`,
  userId: `person-${n % accounts}`,
  accountId: `held-${n % accounts}`,
  occurredAt: new Date(Date.now() - (payments - n) * 60_000).toISOString(),
  amountMinor: 10_000 + ((n * 7_919) % 90_000),
  currency: 'INR',
  deviceId: `device-${n % accounts}`,
  merchantId: `m-${n % 9}`,
});

const post = async (path: string, body: unknown) => {
  const response = await fetch(`${stack.url}${path}`, { method: 'POST', headers: headers(), body: JSON.stringify(body) });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};

const until = async <T>(read: () => Promise<T | null>): Promise<T> => {
  for (const endMs = Date.now() + waitMsMax; ; ) {
    const value = await read();
    if (value !== null) return value;
    if (Date.now() > endMs) throw new Error(`it did not happen within ${waitMsMax} ms`);
    await sleep(200);
  }
};

const decisionOf = async (n: number) => {
  const item = await stack.table.get(decisionKey('dev', `txn_${n}`), { consistent: true });
  return item && decisionFromItem(item);
};

const exported = async (name: string): Promise<string> => {
  const file = join(folder, name);
  const range = { kind: 'range', tenant: 'dev', from: null, to: null } as const;
  await writeBundle(file, await selectExport(await environmentDependencies(), range));
  return file;
};

const aegis = (...given: string[]) =>
  promisify(execFile)(process.execPath, [fileURLToPath(new URL('../../tools/cli/aegis.ts', import.meta.url)), ...given], {
    env: { ...process.env, ...stack.environment },
  });

test('decided, projected, checkpointed and exported, everything verifies, and one altered row is named', async () => {
  const sent = await post('/transactions/batch', { transactions: Array.from({ length: payments }, (_, n) => payment(n)) });
  expect(sent).toMatchObject({ status: 202, body: { accepted: payments } });
  for (let n = 0; n < payments; n += 1) await until(() => decisionOf(n));
  await stack.projected();
  await stack.invoke('checkpoint', {});
  const intact = await verifyFile(await exported('intact.jsonl.gz'));
  expect(intact).toMatchObject({ verdict: 'intact', entries: payments, chains: accounts, uncoveredEntries: 0 });
  expect(intact.checkpoints.count).toBeGreaterThan(0);
  expect((await aegis('verify', '--live')).stdout).toMatch(/^INTACT\nread: 420 entries in 30 chains\n/);

  const page = await fetch(`${stack.url}/decisions/txn_7/evidence`, { headers: headers() });
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  writeFileSync(join(folder, 'evidence.html'), await page.text());
  expect(await verifyFile(join(folder, 'evidence.html'))).toMatchObject({ verdict: 'intact', chains: 1, uncoveredEntries: 0 });

  const { chain } = (await decisionOf(7))!;
  const row = (await stack.table.get(auditKey(chain, 1)))!;
  const { body, hash } = auditFromItem(row);
  await stack.table.put({ pk: row.pk, sk: row.sk, body: canonicalText({ ...body, amountMinor: 1 }), hash });
  const tampered = await verifyFile(await exported('tampered.jsonl.gz'));
  expect(tampered).toMatchObject({ verdict: 'tampered', exitCode: 1 });
  expect(tampered.findings[0]).toMatchObject({ kind: 'edited', chain, sequence: 1 });
  const live = await aegis('verify', '--live', '--json').catch(({ code, stdout }) => ({ code, report: JSON.parse(stdout) }));
  expect(live).toMatchObject({ code: 1, report: { findings: [{ kind: 'edited', chain, sequence: 1 }] } });
  await stack.table.put(row);
}, 180_000);

test('the archive of what was decided trains a first model, which then decides', async () => {
  expect(await stack.invoke('train', {})).toMatchObject({ outcome: 'published', manifest: { version: 1, rows: payments } });
  let n = payments;
  const decided = await until(async () => {
    n += 1;
    const { body } = await post('/decisions', payment(n));
    return body.modelVersion === 1 ? body : null;
  });
  expect(decided.anomaly).toMatchObject({ score: expect.any(Number), percentile: expect.any(Number) });
  const replayed = await replayTransaction(services(), 'dev', `txn_${n}`);
  expect(replayed.text).toMatch(/^identical/);
  expect(replayed.exitCode).toBe(0);
}, 180_000);

test('the secret rotates and a person is erased, and both leave everything verifiable', async () => {
  expect((await aegis('secret', 'rotate')).stdout).toContain('version 2');
  expect((await aegis('erase', '--user', 'person-3')).stdout).toMatch(/^erased\naccounts 1, decisions \d+,/);
  expect((await aegis('erase', '--user', 'person-3')).stdout).toContain('nothing was left to erase');
  const repeat = await post('/decisions', payment(3));
  expect(repeat).toMatchObject({ status: 200, body: { duplicate: true, erased: true, userId: null, accountId: null } });
  await stack.projected();
  await stack.invoke('checkpoint', {});
  expect(await verifyFile(await exported('erased.jsonl.gz'))).toMatchObject({ verdict: 'intact', findings: [] });
  const shares = await Promise.all(['1/2', '2/2'].map((share) => aegis('verify', '--live', '--share', share)));
  for (const { stdout } of shares) expect(stdout).toMatch(/^INTACT/);
}, 180_000);
