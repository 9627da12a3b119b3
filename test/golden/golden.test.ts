import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { makeCheckpoints } from '../../functions/checkpoint/checkpoint.ts';
import { bundleLines } from '../../functions/read/evidence/bundle.ts';
import { exportRange } from '../../functions/read/evidence/export.ts';
import type { Transaction } from '../../shared/domain/transaction.ts';
import { auditFromItem, decisionFromItem, decisionItem } from '../../shared/ledger/items.ts';
import { accountFromItem, ownerOf, stateItem } from '../../shared/ledger/state.ts';
import type { Item } from '../../shared/ports/ports.ts';
import { type AuditEntry, asAuditEntry } from '../../shared/proof/entry.ts';
import { localSigner, newPrivateKey } from '../../shared/proof/signer.ts';
import { SecretSealer } from '../../shared/secrets/sealer.ts';
import { decisionKey, prefixes } from '../../shared/store/names.ts';
import { replayChain } from '../../tools/proof/replay.ts';
import { verifyBytes, verifyFile } from '../../tools/proof/verify.ts';
import { modelOf, policyOf } from '../../tools/proof/versions.ts';
import { meaningOf } from './meaning.ts';
import { goldenFolder, readItems, readJson, readObjects } from './rows.ts';
import { goldenWorld } from './world.ts';

type Meaning = Awaited<ReturnType<typeof meaningOf>> & { readonly nowMs: number };
type World = ReturnType<typeof goldenWorld>;

/** A deployment that holds nothing but what an earlier version left behind; its clock stands an hour later. */
async function afterUpgrade(folder: string, nowMs: number): Promise<World> {
  const at = goldenWorld(77, nowMs + 3_600_000);
  await at.restore(readItems(folder, 'rows.json.gz'));
  await readObjects(folder, 'models.json.gz', at.models);
  await readObjects(folder, 'archive.json.gz', at.archive);
  await readObjects(folder, 'checkpoints.json.gz', at.checkpoints);
  return at;
}

const stored = (items: readonly Item[], kind: keyof typeof prefixes): Item[] =>
  items.filter(({ pk }) => pk.startsWith(prefixes[kind]));

const chainsOf = (items: readonly Item[]): Map<string, AuditEntry[]> => {
  const entries = stored(items, 'audit').map((item) => asAuditEntry(auditFromItem(item)));
  const chains = Map.groupBy(entries, ({ body }) => body.chain);
  for (const chain of chains.values()) chain.sort((a, b) => a.body.sequence - b.body.sequence);
  return chains;
};

describe.each(readdirSync(goldenFolder('.')).filter((name) => name.startsWith('v')))('rows written by %s', (version) => {
  const folder = goldenFolder(version);
  const meaning = readJson<Meaning>(folder, 'meaning.json.gz');
  const items = readItems(folder, 'rows.json.gz');
  let at: World;

  beforeAll(async () => {
    at = await afterUpgrade(folder, meaning.nowMs);
  });

  test('mean what they meant', async () => {
    const { nowMs: _, ...recorded } = meaning;
    const read = await meaningOf(at, items);
    for (const kind of Object.keys(recorded) as (keyof typeof recorded)[]) expect(read[kind], kind).toEqual(recorded[kind]);
  });

  test('are of every kind that is packed, in every shape', () => {
    const accounts = Object.values(meaning.accounts) as {
      spans: { payments: number; unordered: boolean }[];
      devices: unknown[];
    }[];
    expect(accounts.some(({ spans }) => spans.some(({ payments, unordered }) => payments > 1 && unordered))).toBe(true);
    expect(accounts.some(({ spans }) => spans.some(({ payments, unordered }) => payments > 1 && !unordered))).toBe(true);
    expect(accounts.some(({ devices }) => devices.length === 32)).toBe(true);
    for (const kind of ['decisions', 'accounts', 'entries', 'feed', 'reviews', 'labels', 'keys', 'models', 'heads'] as const)
      expect(Object.keys(meaning[kind]).length, kind).toBeGreaterThan(0);
  });

  test('are written again as the same bytes', () => {
    for (const item of stored(items, 'decision')) expect(decisionItem(decisionFromItem(item)), item.pk).toEqual(item);
    for (const item of stored(items, 'state')) {
      const { tenant, accountId, userId } = ownerOf(item);
      expect(stateItem(tenant, accountId, userId, accountFromItem(item)), item.pk).toEqual(item);
    }
  });

  test('verify as an export, with the public key of their time', async () => {
    const publicKey = readFileSync(join(folder, 'public-key.pem'), 'utf8');
    const report = await verifyFile(join(folder, 'bundle.jsonl.gz'), { publicKey });
    expect(report).toMatchObject({ verdict: 'intact', findings: [], entries: stored(items, 'audit').length });
  });

  test('replay to the same bytes, chain by chain', async () => {
    const replayed = await replayAll(at, chainsOf(items));
    expect(replayed.map(({ kind }) => kind)).toEqual(replayed.map(() => 'identical'));
    expect(replayed.length).toBe(stored(items, 'state').length);
  });

  test('go on: accounts decide more payments, and every chain verifies and replays from its first entry', async () => {
    const next = await afterUpgrade(folder, meaning.nowMs);
    const before = chainsOf(items);
    const owners = stored(items, 'state').map(ownerOf);
    for (let round = 0; round < 6; round++) {
      for (const [i, { tenant, accountId, userId }] of owners.entries()) {
        const lateByMs = round === 3 ? (i + 1) * 2_500_000 : 0;
        await next.score([payment(accountId, userId, round, next.clock.nowMs() - 50 - lateByMs)], tenant);
        next.clock.advance(round === 5 ? 5_000_000 : 40_000);
      }
    }
    await next.project();
    expect(next.buried).toEqual([]);
    const signer = localSigner(newPrivateKey());
    const { table, archive, checkpoints, clock } = next;
    await makeCheckpoints({ table, checkpoints, signer, clock });
    const source = await exportRange(
      { table, archive, checkpoints },
      { from: null, to: null },
      {
        exportedAt: new Date(clock.nowMs()).toISOString(),
        publicKey: `${readFileSync(join(folder, 'public-key.pem'), 'utf8')}${signer.publicKey}`,
        policies: [],
        models: [],
      },
    );
    let bundle = '';
    for await (const line of bundleLines(source)) bundle += line;
    const publicKey = source.publicKey!;
    expect(await verifyBytes(Buffer.from(bundle), { publicKey })).toMatchObject({ verdict: 'intact', uncoveredEntries: 0 });

    const after = chainsOf(next.table.all());
    for (const [chain, entries] of before)
      expect(after.get(chain)!.slice(0, entries.length), `chain ${chain} is longer and not changed`).toEqual(entries);
    const replayed = await replayAll(next, after);
    expect(replayed.map(({ kind }) => kind)).toEqual(replayed.map(() => 'identical'));
    const decided = stored(next.table.all(), 'decision').length - stored(items, 'decision').length;
    expect(decided).toBe(6 * owners.length);
  });

  test('let a tenant warm up: no figures until 24 h after its first attempt of a kind, and another tenant has them at once', async () => {
    const next = await afterUpgrade(folder, meaning.nowMs);
    // The feed of the last days is what tells that an earlier version decided for the tenant.
    next.clock.advance(-next.clock.nowMs() + meaning.nowMs + 60_000);
    let sent = 0;
    const decided = async (given: Partial<Transaction>, tenant = 'dev') => {
      const one = {
        ...payment('warm', 'u', 100 + sent, next.clock.nowMs() - 50),
        amountMinor: 5_000,
        ...given,
        transactionId: `warm_${sent++}`,
      };
      await next.score([one], tenant);
      const { decision } = decisionFromItem((await next.table.get(decisionKey(tenant, one.transactionId)))!);
      return { outcome: decision.outcome, entities: decision.entities, degraded: decision.degraded };
    };
    expect(await decided({ deviceId: 'd' })).toMatchObject({
      entities: { device: null },
      degraded: expect.arrayContaining([{ part: 'ENTITY:device', cause: 'WARMING_UP' }]),
    });
    expect(await decided({ deviceId: 'd' }, 'newcomer')).toMatchObject({ entities: { device: { payments24h: 1 } } });
    next.clock.advance(20 * 3_600_000);
    expect(await decided({ deviceId: 'd', beneficiaryId: 'b' })).toMatchObject({ entities: { device: null, beneficiary: null } });
    next.clock.advance(4 * 3_600_000);
    expect(await decided({ deviceId: 'd', beneficiaryId: 'b' })).toMatchObject({
      entities: { device: { payments24h: 2 }, beneficiary: null },
    });
  });

  test('are known as decided: a repeat is answered with the original', async () => {
    const [item] = stored(items, 'decision').filter((row) => !decisionFromItem(row).erased);
    const { tenant, decision } = decisionFromItem(item!);
    const held = at.table.all().length;
    await at.score([decision.transaction], tenant);
    expect(at.table.all()).toHaveLength(held);
    expect(await at.table.get({ pk: item!.pk, sk: item!.sk })).toEqual(item);
  });
});

const payment = (accountId: string, userId: string, round: number, occurredAtMs: number): Transaction => ({
  transactionId: `txn_after_${accountId}_${round}`,
  userId,
  accountId,
  occurredAtMs,
  offsetMinutes: 330,
  amountMinor: 7_000 + 10 ** round,
  currency: 'INR',
  channel: 'upi',
  deviceId: round === 2 ? 'd_new' : null,
  merchantId: `m_${round}`,
  merchantCategory: '5411',
  ipAddress: null,
  beneficiaryId: null,
  instrumentId: null,
  location: round % 2 === 0 ? { latitude: 12.97, longitude: 77.59 } : null,
  metadata: null,
});

/** Every account's chain that is not erased, made anew from its first entry. */
async function replayAll(at: World, chains: ReadonlyMap<string, readonly AuditEntry[]>) {
  const sealerOf = once(async (version) => new SecretSealer(await at.masterSecret.version(version), version));
  const compiledModelOf = once((version) => modelOf(at.table, at.models, version));
  return Promise.all(
    stored(at.table.all(), 'state').map(async (item) => {
      const { chain, salt } = accountFromItem(item);
      const compiledPolicyOf = once((version) => policyOf(at.table, ownerOf(item).tenant, version));
      return replayChain(chains.get(chain)!, { salt, sealerOf, policyOf: compiledPolicyOf, modelOf: compiledModelOf });
    }),
  );
}

/** Makes each version's value once. */
const once = <Value>(make: (version: number) => Promise<Value>): ((version: number) => Promise<Value>) => {
  const made = new Map<number, Promise<Value>>();
  return (version) => {
    const known = made.get(version) ?? make(version);
    made.set(version, known);
    return known;
  };
};
