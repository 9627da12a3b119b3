import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCheckpoint } from '../../../functions/checkpoint/checkpoint.ts';
import { writeBundle } from '../../../functions/read/evidence/bundle.ts';
import { virtualClock } from '../../../shared/adapters/memory/clock.ts';
import { memoryObjects } from '../../../shared/adapters/memory/objects.ts';
import { readSystemChain } from '../../../shared/ledger/systemChain.ts';
import { publishPolicy } from '../../../shared/policy/store.ts';
import { noteHeads } from '../../../shared/proof/heads.ts';
import { localMasterSecret } from '../../../shared/secrets/masterSecret.ts';
import { auditKey, systemChain } from '../../../shared/store/names.ts';
import { makeEvidence } from '../../../tools/cli/evidence.ts';
import { type ExportDependencies, selectExport, selectionOf } from '../../../tools/cli/export.ts';
import { verifyCommand, verifyLive } from '../../../tools/cli/verify.ts';
import { verifyBytes } from '../../../tools/proof/verify.ts';
import { p256Signer } from '../proof/builders.ts';
import { historyPolicy, makeHistory } from '../proof/history.ts';

const signer = p256Signer();
const masterSecret = localMasterSecret(Buffer.alloc(32, 9).toString('base64'));
let directory: string;
let dependencies: ExportDependencies;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'aegis-export-'));
  const { table, entries } = await makeHistory(20, 8);
  const clock = virtualClock(Date.UTC(2026, 10, 22));
  dependencies = { table, archive: memoryObjects(), checkpoints: memoryObjects(), clock, publicKey: signer.publicKey };
  for (let i = 0; i < 2; i++)
    await publishPolicy(table, 'dev', { status: 'active', by: 'key_1', atMs: 0, policy: historyPolicy.policy });
  await noteHeads(table, [...entries, ...(await readSystemChain(table, 'dev', 1, 10))]);
  await makeCheckpoint({ ...dependencies, signer });
});
afterAll(() => rmSync(directory, { recursive: true }));

const all = { kind: 'range', tenant: 'dev', from: null, to: null } as const;
const account = { kind: 'account', tenant: 'dev', accountId: 'a_1' } as const;

describe('aegis export', () => {
  it('writes a bundle that verifies, with the policies that decided and the system chain', async () => {
    const path = join(directory, 'all.gz');
    const source = await selectExport(dependencies, all);
    expect(source.policies.map(({ hash }) => hash)).toContain(historyPolicy.hash);
    await writeBundle(path, source);
    const { exitCode, text } = await verifyCommand(path, { requireCheckpoint: true });
    expect(exitCode).toBe(0);
    expect(text).toContain('22 entries in 2 chains');
  });
  it('writes one account, or one of its users', async () => {
    for (const selection of [account, { ...account, userId: 'u_1' }]) {
      const path = join(directory, 'account.gz');
      await writeBundle(path, await selectExport(dependencies, selection));
      expect((await verifyCommand(path)).text).toContain('20 entries in 1 chain');
    }
  });
  it.each([
    ['an account', { ...account, accountId: 'a_none' }, 'there is no account a_none'],
    ['a user', { ...account, userId: 'u_none' }, 'with user u_none'],
  ])('names %s that is unknown', async (_, selection, text) => {
    await expect(selectExport(dependencies, selection)).rejects.toThrow(text);
  });
  it('takes an account or a time, not both', () => {
    expect(selectionOf({ tenant: 'dev' })).toEqual(all);
    expect(selectionOf({ tenant: 't', account: 'a', user: 'u' })).toEqual({
      kind: 'account',
      tenant: 't',
      accountId: 'a',
      userId: 'u',
    });
    expect(() => selectionOf({ tenant: 'dev', account: 'a', from: '2026-01-01T00:00:00Z' })).toThrow('does not go with');
    expect(() => selectionOf({ tenant: 'dev', user: 'u' })).toThrow('--user needs --account');
    expect(() => selectionOf({ tenant: 'dev', from: 'yesterday' })).toThrow('--from is yesterday; allowed: RFC 3339');
  });
});

describe('aegis evidence', () => {
  it('makes a page that verifies, and names a transaction that is unknown', async () => {
    const page = await makeEvidence({ ...dependencies, masterSecret }, 'dev', 'txn_2');
    expect((await verifyBytes(Buffer.from(page), { publicKey: signer.publicKey })).exitCode).toBe(0);
    const path = join(directory, 'evidence.html');
    writeFileSync(path, page);
    expect((await verifyCommand(path, { known: path })).exitCode).toBe(0);
    await expect(makeEvidence({ ...dependencies, masterSecret }, 'dev', 'txn_none')).rejects.toThrow(
      'no decision of transaction txn_none',
    );
  });
});

describe('aegis verify --live', () => {
  it('verifies what the stores hold, and finds what was taken out of them', async () => {
    const stores = { ...dependencies, models: memoryObjects(), masterSecret };
    expect(await verifyLive(stores)).toMatchObject({
      exitCode: 0,
      text: expect.stringContaining('22 entries in 2 chains'),
    });
    await dependencies.table.delete(auditKey(systemChain('dev'), 2));
    expect(await verifyLive(stores)).toMatchObject({ exitCode: 1, text: expect.stringContaining('entry 2') });
  });
});
