import { beforeAll, describe, expect, it } from 'vitest';
import { auditFromItem } from '../../../shared/ledger/items.ts';
import { accountFromItem } from '../../../shared/ledger/state.ts';
import { compilePolicy } from '../../../shared/policy/compile.ts';
import { asAuditEntry } from '../../../shared/proof/entry.ts';
import { SecretSealer } from '../../../shared/secrets/sealer.ts';
import { auditKey } from '../../../shared/store/names.ts';
import { replayChain, replayFromSignals } from '../../../tools/proof/replay.ts';
import { modelOf, policyOf } from '../../../tools/proof/versions.ts';
import { sealEntry } from './builders.ts';
import { type History, historyModels, historyPolicy, makeHistory } from './history.ts';
import { liveWorld } from './live/world.ts';

let history: History;
beforeAll(async () => {
  history = await makeHistory(700, 5);
});

describe('a replay', () => {
  it('gives every decision of a chain again with the same bytes', async () => {
    const { entries, world } = history;
    expect(new Set(entries.map(({ body }) => body.outcome))).toEqual(new Set(['ALLOW', 'REVIEW', 'BLOCK']));
    expect(entries.some(({ body }) => body.late)).toBe(true);
    expect(await replayChain(entries, world)).toMatchObject({ kind: 'identical', decisions: 700, throughSequence: 700 });
  });
  it('does so while models with a learned layer are swapped on the way, and finds another model put in the place of one', async () => {
    const models = historyModels(2);
    const { entries, world } = await makeHistory(300, 8, models);
    const versions = entries.map(({ body }) => body.modelVersion);
    expect(new Set(versions)).toEqual(new Set([null, 1, 2]));
    expect(await replayChain(entries, world)).toMatchObject({ kind: 'identical', decisions: 300 });
    const first = versions.findIndex((version) => version !== null) + 1;
    const swapped = { ...world, modelOf: async (version: number) => models[2 - version] ?? null };
    expect(await replayChain(entries, swapped)).toMatchObject({ kind: 'impossible', sequence: first });
    const lying = {
      ...world,
      modelOf: async (version: number) => ({ ...models[2 - version]!, version, hash: models[version - 1]!.hash }),
    };
    expect(await replayChain(entries, lying)).toMatchObject({ kind: 'differs' });
  });
  it('stops after the transaction asked for and shows its decision', async () => {
    const result = await replayChain(history.entries, history.world, 'txn_41');
    expect(result).toMatchObject({ kind: 'identical', last: { transaction: { transactionId: 'txn_41' } } });
  });
  it('passes over entries that are no decisions', async () => {
    const { body, hash } = history.entries[9]!;
    const review = sealEntry({
      chain: body.chain,
      sequence: 11,
      previousHash: hash,
      event: 'REVIEWED',
      at: body.at,
      by: 'analyst',
    });
    const result = await replayChain([...history.entries.slice(0, 10), review], history.world);
    expect(result).toMatchObject({ kind: 'identical', decisions: 10, throughSequence: 11 });
  });
  it('counts reviews among the payments as the ledger does: windows that read rows again find the same ones', async () => {
    const { table, models, masterSecret } = await liveWorld({ seed: 1, accounts: 1, payments: 60 });
    const item = table.all().find(({ pk }) => pk.endsWith('#a_busy') && pk.startsWith('S#'))!;
    const { chain, salt } = accountFromItem(item);
    const rows = table.all().filter(({ pk }) => pk === auditKey(chain, 1).pk);
    const entries = rows.map((row) => asAuditEntry(auditFromItem(row)));
    const result = await replayChain(entries, {
      salt,
      sealerOf: async (version) => new SecretSealer(await masterSecret.version(version), version),
      policyOf: (version, hash) => policyOf(table, 'dev', version, hash),
      modelOf: (version) => modelOf(table, models, version),
    });
    expect(entries.filter(({ body }) => body.event === 'REVIEWED').length).toBeGreaterThan(20);
    expect(result).toMatchObject({ kind: 'identical', throughSequence: entries.length });
  });
  it.each([
    ['score', { score: 3 }],
    ['outcome', { outcome: 'ALLOW' }],
    ['spendMinor', { spendMinor: 1 }],
    ['triggered', { triggered: ['ANOMALY'] }],
    ['note', { note: 'a field too many' }],
  ])('names the first field that differs: %s', async (field, change) => {
    const at = history.entries.findIndex(({ body }) => body.outcome === 'BLOCK');
    const changed = sealEntry({ ...history.entries[at]!.body, ...change });
    const result = await replayChain(history.entries.with(at, changed), history.world);
    expect(result).toMatchObject({ kind: 'differs', sequence: at + 1, field, recorded: Object.values(change)[0] });
  });
  it('finds an entry that was refitted to the inputs of another', async () => {
    const { body } = history.entries[20]!;
    const { sealed, fingerprint } = history.entries[19]!.body;
    const result = await replayChain(history.entries.with(20, sealEntry({ ...body, sealed, fingerprint })), history.world);
    expect(result).toMatchObject({ kind: 'differs' });
  });
  it('does not guess where the beginning is missing', async () => {
    expect(await replayChain(history.entries.slice(3), history.world)).toMatchObject({
      kind: 'impossible',
      text: expect.stringContaining('entry 1 is missing'),
    });
  });
  it.each<[string, string, (h: History) => Partial<History['world']>]>([
    ['inputs that were erased', 'do not open', () => ({ salt: new Uint8Array(16) })],
    ['another secret', 'do not open', () => ({ sealerOf: async () => new SecretSealer(new Uint8Array(32), 1) })],
    ['a policy that is gone', 'policy is not kept', () => ({ policyOf: async () => null })],
    [
      'another policy of the same version',
      'policy is not kept',
      () => ({ policyOf: async () => compilePolicy({ ...historyPolicy.policy, learnedWeight: 0.25 }, 3) }),
    ],
  ])('says what is in the way: %s', async (_, text, change) => {
    const result = await replayChain(history.entries, { ...history.world, ...change(history) });
    expect(result).toMatchObject({ kind: 'impossible', sequence: 1, text: expect.stringContaining(text) });
  });
  it('says that a transaction is not in the chain', async () => {
    expect(await replayChain(history.entries, history.world, 'txn_none')).toMatchObject({
      kind: 'impossible',
      text: 'transaction txn_none is not in the chain',
    });
  });
});

describe('a replay from stored signals', () => {
  it('gives every verdict again without the beginning', async () => {
    const result = await replayFromSignals(history.entries.slice(300), history.world);
    expect(result).toEqual({ kind: 'same-verdicts', decisions: 400, throughSequence: 700 });
  });
  it.each([
    ['outcome', { outcome: 'ALLOW' }],
    ['score', { score: 0.5 }],
    ['triggered', { triggered: [] }],
  ])('names a %s that does not follow from the signals', async (field, change) => {
    const at = history.entries.findIndex(({ body }) => body.outcome === 'BLOCK');
    const changed = sealEntry({ ...history.entries[at]!.body, ...change });
    expect(await replayFromSignals([changed], history.world)).toMatchObject({ kind: 'differs', sequence: at + 1, field });
  });
  it('does not guess what a rule would have read of the past', async () => {
    const rule = { id: 'r', when: 'account.transactionCount > 5.0', text: 'a rule', points: 1 };
    const policy = compilePolicy({ ...historyPolicy.policy, rules: [rule] }, 3);
    const entries = [sealEntry({ ...history.entries[9]!.body, policyHash: policy.hash })];
    const result = await replayFromSignals(entries, { ...history.world, policyOf: async () => policy });
    expect(result).toMatchObject({ kind: 'impossible', text: expect.stringContaining('past') });
  });
});
