import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makeCheckpoint } from '../../../functions/checkpoint/checkpoint.ts';
import { writeBundle } from '../../../functions/read/evidence/bundle.ts';
import { exportChains, exportRange } from '../../../functions/read/evidence/export.ts';
import { virtualClock } from '../../../shared/adapters/memory/clock.ts';
import { memoryObjects } from '../../../shared/adapters/memory/objects.ts';
import { decisionFromItem, decisionItem } from '../../../shared/ledger/items.ts';
import { publishPolicy } from '../../../shared/policy/store.ts';
import { canonicalText } from '../../../shared/proof/canonical.ts';
import { noteHeads } from '../../../shared/proof/heads.ts';
import { localMasterSecret } from '../../../shared/secrets/masterSecret.ts';
import { auditKey, decisionKey, stateKey } from '../../../shared/store/names.ts';
import { makeEvidence } from '../../../tools/cli/evidence.ts';
import { type ReplayDependencies, replayBundle, replayTransaction } from '../../../tools/cli/replay.ts';
import { p256Signer, sealEntry } from '../proof/builders.ts';
import { type History, historyPolicy, makeHistory } from '../proof/history.ts';

const signer = p256Signer();
let directory: string;
let history: History;
let dependencies: ReplayDependencies;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'aegis-replay-'));
});
afterAll(() => rmSync(directory, { recursive: true }));
beforeEach(async () => {
  history = await makeHistory(30, 3);
  const { table, entries } = history;
  const masterSecret = localMasterSecret(Buffer.alloc(32, 9).toString('base64'));
  const [archive, checkpoints, models] = [memoryObjects(), memoryObjects(), memoryObjects()];
  const clock = virtualClock(Date.parse(entries[19]!.body.at) + 1);
  dependencies = { table, archive, checkpoints, models, masterSecret, clock };
  for (let i = 0; i < 2; i++)
    await publishPolicy(table, 'dev', { status: 'active', by: 'key_1', atMs: 0, policy: historyPolicy.policy });
  await noteHeads(table, entries.slice(0, 20));
  await makeCheckpoint({ ...dependencies, signer });
});

const chain = () => history.entries[0]!.body.chain;
const extras = { exportedAt: '2026-11-21T00:00:00.000Z', publicKey: signer.publicKey, policies: [], models: [] };
const exported = async (): Promise<string> => {
  const path = join(directory, 'bundle.gz');
  await writeBundle(path, await exportChains(dependencies, [chain()], extras));
  return path;
};

describe('aegis replay of a transaction', () => {
  it('prints identical', async () => {
    expect(await replayTransaction(dependencies, 'dev', 'txn_17')).toEqual({
      exitCode: 0,
      text: `identical: 18 decisions of chain ${chain()}, through entry 18`,
    });
  });
  it('prints the first field that differs', async () => {
    const { body } = history.entries[4]!;
    const changed = sealEntry({ ...body, score: 99 });
    await dependencies.table.put({ ...auditKey(chain(), 5), body: canonicalText(changed.body), hash: changed.hash });
    const { exitCode, text } = await replayTransaction(dependencies, 'dev', 'txn_17');
    expect(exitCode).toBe(1);
    expect(text).toContain(
      `DIFFERS: chain ${chain()}, entry 5, transaction txn_4: score is recorded as 99, recomputed ${body.score}`,
    );
  });
  it('says that it cannot, with exit code 2, and why', async () => {
    expect(await replayTransaction(dependencies, 'dev', 'txn_none')).toMatchObject({ exitCode: 2 });
    const key = decisionKey('dev', 'txn_3');
    const stored = decisionFromItem((await dependencies.table.get(key))!);
    await dependencies.table.put(decisionItem({ ...stored, erased: true }));
    const erased = await replayTransaction(dependencies, 'dev', 'txn_3');
    expect(erased).toMatchObject({ exitCode: 2, text: expect.stringContaining('was erased') });
    await dependencies.table.delete(stateKey('dev', 'a_1', 'u_1'));
    expect(await replayTransaction(dependencies, 'dev', 'txn_4')).toMatchObject({ exitCode: 2 });
  });
});

describe('aegis replay of an evidence page', () => {
  it('prints identical for the chain of the decision', async () => {
    const path = join(directory, 'evidence.html');
    writeFileSync(path, await makeEvidence({ ...dependencies, publicKey: signer.publicKey }, 'dev', 'txn_17'));
    const { exitCode, text } = await replayBundle(dependencies, 'dev', path);
    expect([exitCode, text]).toEqual([0, expect.stringMatching(/^(identical|same verdicts): \d+ decisions? of chain/)]);
  });
});

describe('aegis replay of a bundle', () => {
  it('prints identical for every chain', async () => {
    expect(await replayBundle(dependencies, 'dev', await exported())).toEqual({
      exitCode: 0,
      text: `identical: 30 decisions of chain ${chain()}, through entry 30`,
    });
  });
  it('starts from the stored signals where the beginning is missing, and says so', async () => {
    const path = join(directory, 'range.gz');
    const from = history.entries[9]!.body.at;
    await writeBundle(path, await exportRange(dependencies, { from, to: null }, extras));
    const { exitCode, text } = await replayBundle(dependencies, 'dev', path);
    expect(text).toContain('whose beginning is missing: judged from the stored signals');
    expect(exitCode).toBe(0);
  });
  it('is not begun with a bundle that does not verify', async () => {
    const path = join(directory, 'bad.gz');
    writeFileSync(path, 'garbage');
    expect(await replayBundle(dependencies, 'dev', path)).toMatchObject({ exitCode: 2 });
    await dependencies.table.delete(auditKey(chain(), 7));
    expect(await replayBundle(dependencies, 'dev', await exported())).toMatchObject({
      exitCode: 1,
      text: expect.stringContaining('entry 7 is missing'),
    });
  });
});
