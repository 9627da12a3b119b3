import { createHash } from 'node:crypto';
import { makeCheckpoints } from '../../../../functions/checkpoint/checkpoint.ts';
import { auditFromItem, decisionFromItem, decisionItem, type StoredDecision } from '../../../../shared/ledger/items.ts';
import { accountFromItem, ownerOf, stateItem } from '../../../../shared/ledger/state.ts';
import type { Item, Key } from '../../../../shared/ports/ports.ts';
import { canonicalText } from '../../../../shared/proof/canonical.ts';
import { checkpointFolder, parseStoredCheckpoint } from '../../../../shared/proof/checkpoint.ts';
import { readPendingHeads } from '../../../../shared/proof/heads.ts';
import { auditKey, decisionKey, prefixes, systemChain } from '../../../../shared/store/names.ts';
import { chainOf } from '../builders.ts';
import type { Random } from '../tampering.ts';
import { nameOf, type Owed, pick, type Tampering } from './owed.ts';
import { settingTamperings } from './settingTamperings.ts';
import { itemsOf, type LiveWorld } from './world.ts';

const minuteMs = 60_000;

/** Longer than an entry may wait for its checkpoint. */
const lagMs = 40 * minuteMs;

const decisions = (world: LiveWorld): { item: Item; stored: StoredDecision }[] =>
  itemsOf(world, prefixes.decision).map((item) => ({ item, stored: decisionFromItem(item) }));

/** Those that have not expired. */
const rowsOf = (world: LiveWorld, chain: string): Item[] => itemsOf(world, auditKey(chain, 1).pk);

const states = (world: LiveWorld) => itemsOf(world, prefixes.state).map((item) => ({ item, account: accountFromItem(item) }));

/** An account whose chain a checkpoint holds. */
const coveredStates = async (world: LiveWorld) => {
  const { heads } = await readPendingHeads(world.table, 10_000, 0);
  const pending = new Set(heads.map(({ chain }) => chain));
  return states(world).filter(({ account }) => !pending.has(account.chain));
};

const putState = async (world: LiveWorld, item: Item, change: (account: ReturnType<typeof accountFromItem>) => object) => {
  const { tenant, accountId, userId } = ownerOf(item);
  const account = accountFromItem(item);
  const changed = { ...account, ...change(account) };
  await world.table.put(stateItem(tenant, accountId, userId, changed));
  return { kind: 'state', chain: account.chain, item: nameOf(item) } as const;
};

const putDecision = async (world: LiveWorld, random: Random, change: (stored: StoredDecision) => object): Promise<Owed> => {
  const { item, stored } = pick(
    decisions(world).filter(({ stored }) => !stored.erased),
    random,
  );
  await world.table.put(decisionItem({ ...stored, decision: { ...stored.decision, ...change(stored) } }));
  return { kind: 'decision', chain: stored.chain, sequence: stored.decision.sequence, item: nameOf(item) };
};

/** Every item of an account and its chain. */
const removeWholly = async (world: LiveWorld, { pk, sk }: Key, chain: string): Promise<void> => {
  await world.table.delete({ pk, sk });
  for (const item of world.table.all()) {
    const isOwn =
      item.pk === auditKey(chain, 1).pk || (item.pk.startsWith(prefixes.decision) && decisionFromItem(item).chain === chain);
    if (isOwn) await world.table.delete(item);
  }
};

/** Takes the list of pending heads that names a chain away, with all that it names. */
const dropHead = async (world: LiveWorld, chain: string): Promise<void> => {
  for (const item of itemsOf(world, `${prefixes.checkpoint}head#`)) {
    await world.table.delete(item);
    const { heads } = await readPendingHeads(world.table, 10_000, 0);
    if (heads.some((head) => head.chain === chain)) await world.table.put(item);
  }
};

const pendingChain = async (world: LiveWorld, random: Random): Promise<string> => {
  const { heads } = await readPendingHeads(world.table, 10_000, 0);
  return pick(heads, random).chain;
};

const checkpointKeys = async ({ checkpoints }: LiveWorld): Promise<readonly string[]> =>
  (await checkpoints.list(checkpointFolder)).keys;

/** Everything that a hostile administrator can do to the stores, by the sentence that the table test shows. */
export const liveTamperings = {
  ...settingTamperings,
  'a pending head is deleted': async (world, random) => {
    const chain = await pendingChain(world, random);
    await dropHead(world, chain);
    world.clock.advance(lagMs);
    await makeCheckpoints(world);
    return { kind: 'uncovered', chain };
  },
  'an entry is edited in a chain that has no head': async (world, random) => {
    const chain = await pendingChain(world, random);
    await dropHead(world, chain);
    const row = pick(rowsOf(world, chain), random);
    const { body, hash } = auditFromItem(row);
    await world.table.put({ pk: row.pk, sk: row.sk, body: canonicalText({ ...body, amountMinor: 1 }), hash });
    return { kind: 'edited', chain, sequence: Number(row.sk) };
  },
  'a chain of five edited entries is put in without head, state or decisions': async ({ table }, random) => {
    const chain = `forged${random(1_000_000)}`;
    const entries = chainOf(chain, 5);
    for (const [i, { body, hash }] of entries.entries())
      await table.put({ ...auditKey(chain, i + 1), body: canonicalText(i === 2 ? { ...body, amountMinor: 7 } : body), hash });
    return { kind: 'edited', chain, sequence: 3 };
  },
  'a consistent chain is put in without state or decisions': async ({ table, clock }, random) => {
    const chain = `forged${random(1_000_000)}`;
    clock.advance(1);
    for (const [i, { body, hash }] of chainOf(chain, 5).entries())
      await table.put({ ...auditKey(chain, i + 1), body: canonicalText(body), hash });
    return { kind: 'state', chain };
  },
  'an entry is deleted': async (world, random) => {
    const { account } = pick(
      (await coveredStates(world)).filter(({ account }) => account.sequence > 1 && rowsOf(world, account.chain).length > 0),
      random,
    );
    const row = pick(rowsOf(world, account.chain), random);
    await world.table.delete(row);
    const sequence = Number(row.sk);
    return { kind: sequence === account.sequence ? 'truncated' : 'missing', chain: account.chain, sequence };
  },
  'an account’s state is deleted': async (world, random) => {
    const { item, account } = pick(states(world), random);
    await world.table.delete(item);
    return { kind: 'state', chain: account.chain };
  },
  'the head in a state is changed': async (world, random) =>
    putState(world, pick(states(world), random).item, () => ({ head: createHash('sha256').update('x').digest('hex') })),
  'a window in a state is changed': async (world, random) =>
    putState(world, pick(states(world), random).item, ({ spans }) => ({
      spans: spans.with(-1, { ...spans.at(-1)!, spendMinor: spans.at(-1)!.spendMinor + 1 }),
    })),
  'a profile in a state is changed': async (world, random) =>
    putState(world, pick(states(world), random).item, ({ usual }) => ({ usual: { ...usual, count1h: usual.count1h + 1 } })),
  'a state is set back by an entry': async (world, random) => {
    const { item, account } = pick(
      states(world).filter(({ account }) => rowsOf(world, account.chain).length > 1),
      random,
    );
    const before = auditFromItem((await world.table.get(auditKey(account.chain, account.sequence - 1)))!);
    return putState(world, item, ({ sequence, payments }) => ({
      sequence: sequence - 1,
      payments: payments - 1,
      head: before.hash,
    }));
  },
  'a state is copied to another account': async (world, random) => {
    const { item, account } = pick(states(world), random);
    await world.table.put({ ...item, sk: 'u_copied' });
    return { kind: 'state', chain: account.chain };
  },
  'a decision is deleted': async (world, random) => {
    const { item, stored } = pick(decisions(world), random);
    await world.table.delete(item);
    return { kind: 'decision', chain: stored.chain, sequence: stored.decision.sequence, item: nameOf(item) };
  },
  'a decision’s outcome is changed': (world, random) =>
    putDecision(world, random, ({ decision }) => ({ outcome: decision.outcome === 'ALLOW' ? 'BLOCK' : 'ALLOW' })),
  'a decision’s score is changed': (world, random) =>
    putDecision(world, random, ({ decision }) => ({ score: decision.score + 1 })),
  'a decision’s reasons are changed': (world, random) =>
    putDecision(world, random, ({ decision }) => ({
      reasons: [...decision.reasons, { signal: 'RULE:forged', value: 1, threshold: null, points: 3, usual: null }],
    })),
  'a decision’s device is changed': (world, random) =>
    putDecision(world, random, ({ decision }) => ({ transaction: { ...decision.transaction, deviceId: 'd_forged' } })),
  'a decision is put in that no entry speaks of': async (world, random) => {
    const { stored } = pick(decisions(world), random);
    const { decision } = stored;
    const transactionId = `forged_${random(1_000_000)}`;
    await world.table.put(
      decisionItem({ ...stored, decision: { ...decision, transaction: { ...decision.transaction, transactionId } } }),
    );
    return { kind: 'decision', item: nameOf(decisionKey(stored.tenant, transactionId)) };
  },
  'a whole chain is deleted: entries, state, decisions and head': async (world, random) => {
    const { item, account } = pick(
      (await coveredStates(world)).filter(({ account }) => rowsOf(world, account.chain).length > 0),
      random,
    );
    const [first] = rowsOf(world, account.chain);
    await removeWholly(world, item, account.chain);
    return { kind: 'truncated', chain: account.chain, sequence: Number(first!.sk) };
  },
  'state and decisions are deleted, and the entries left': async (world, random) => {
    const { item, account } = pick(states(world), random);
    await world.table.delete(item);
    for (const { item: decision, stored } of decisions(world))
      if (stored.chain === account.chain) await world.table.delete(decision);
    return { kind: 'state', chain: account.chain };
  },
  'all entries of an account are deleted': async (world, random) => {
    const { account } = pick(
      states(world).filter(({ account }) => rowsOf(world, account.chain).length === account.sequence),
      random,
    );
    for (const row of rowsOf(world, account.chain)) await world.table.delete(row);
    return { kind: (await isSigned(world, account.chain)) ? 'truncated' : 'state', chain: account.chain };
  },
  'a system chain is cut': async (world, random) => {
    const rows = rowsOf(world, systemChain('dev'));
    const sequence = 2 + random(rows.length - 2);
    for (const row of rows.slice(sequence - 1)) await world.table.delete(row);
    return { kind: 'truncated', chain: systemChain('dev'), sequence };
  },
  'a checkpoint is written over by a newer version': async (world, random) => {
    const key = pick(await checkpointKeys(world), random);
    const { body, leaves } = parseStoredCheckpoint((await world.checkpoints.get(key))!);
    const bytes = Buffer.from(canonicalText({ body: { ...body, size: 1 }, signature: 'x', leaves: leaves.slice(0, 1) }));
    await world.checkpoints.overwrite(key, bytes);
    return { kind: 'checkpoint', text: key };
  },
  'a checkpoint is hidden behind a delete marker': async (world, random) => {
    const key = pick(await checkpointKeys(world), random);
    await world.checkpoints.overwrite(key, null);
    return { kind: 'checkpoint', text: key };
  },
  'a checkpoint is gone': async (world, random) => {
    const keys = await checkpointKeys(world);
    const key = keys[1 + random(keys.length - 1)]!;
    await world.checkpoints.delete(key);
    return { kind: 'withheld', text: `checkpoint ${keys.indexOf(key) + 1}` };
  },
} satisfies Record<string, Tampering>;

export type LiveTamperingName = keyof typeof liveTamperings;

const isSigned = async (world: LiveWorld, chain: string): Promise<boolean> => {
  for (const key of await checkpointKeys(world))
    if (parseStoredCheckpoint((await world.checkpoints.get(key))!).leaves.some((leaf) => leaf.chain === chain)) return true;
  return false;
};
