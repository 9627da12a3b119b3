import { createHash } from 'node:crypto';
import { makeCheckpoints } from '../../../../functions/checkpoint/checkpoint.ts';
import type { FindingKind } from '../../../../functions/read/evidence/finding.ts';
import { draftKey } from '../../../../shared/edge/keys.ts';
import { auditFromItem, decisionFromItem, decisionItem, type StoredDecision } from '../../../../shared/ledger/items.ts';
import { accountFromItem, ownerOf, stateItem } from '../../../../shared/ledger/state.ts';
import { policyHash } from '../../../../shared/policy/hash.ts';
import type { Item, Key } from '../../../../shared/ports/ports.ts';
import { canonicalText } from '../../../../shared/proof/canonical.ts';
import { checkpointFolder, parseStoredCheckpoint } from '../../../../shared/proof/checkpoint.ts';
import { readPendingHeads } from '../../../../shared/proof/heads.ts';
import {
  auditKey,
  decisionKey,
  listEntryKey,
  listVersionKey,
  modelPointerKey,
  modelVersionKey,
  policyPointerKey,
  policyVersionKey,
  prefixes,
  systemChain,
  webhookKey,
} from '../../../../shared/store/names.ts';
import { seededRandom } from '../../../../shared/store/random.ts';
import { chainOf } from '../builders.ts';
import type { Random } from '../tampering.ts';
import { itemsOf, type LiveWorld } from './world.ts';

/** What the verifier must say: a finding of this kind, at this place. */
export interface Owed {
  readonly kind: FindingKind;
  readonly chain?: string;
  readonly sequence?: number;
  /** `pk / sk` of the table's item. */
  readonly item?: string;
  /** A word of the text, where nothing else names the place. */
  readonly text?: string;
}

type Tampering = (world: LiveWorld, random: Random) => Promise<Owed>;

const nameOf = ({ pk, sk }: Key): string => `${pk} / ${sk}`;
const minuteMs = 60_000;

/** Longer than an entry may wait for its checkpoint. */
const lagMs = 40 * minuteMs;

const pick = <Value>(values: readonly Value[], random: Random): Value => {
  if (values.length === 0) throw new Error('the world has nothing of the kind to tamper with');
  return values[random(values.length)]!;
};

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

const tamperWithSystem =
  (kind: FindingKind, key: Key, change: (item: Item) => object | null): Tampering =>
  async ({ table }) => {
    const item = await table.get(key);
    if (item === null) throw new Error(`the world has no ${nameOf(key)}`);
    const changed = change(item);
    if (changed === null) await table.delete(key);
    else await table.put({ ...item, ...changed });
    return { kind, item: nameOf(key) };
  };

const keyNamed = (world: LiveWorld, random: Random): Item => pick(itemsOf(world, `${prefixes.key}dev`), random);

const checkpointKeys = async ({ checkpoints }: LiveWorld): Promise<readonly string[]> =>
  (await checkpoints.list(checkpointFolder)).keys;

/** Everything that a hostile administrator can do to the stores, by the sentence that the table test shows. */
export const liveTamperings = {
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
  'the policy pointer is deleted': tamperWithSystem('policy', policyPointerKey('dev'), () => null),
  'the policy pointer is moved': tamperWithSystem('policy', policyPointerKey('dev'), ({ active }) => ({
    active: Number(active) - 1,
  })),
  'a policy version is changed, hash and all': tamperWithSystem('policy', policyVersionKey('dev', 2), ({ document }) => {
    const policy = { ...JSON.parse(String(document)), failTo: 'BLOCK' };
    return { document: JSON.stringify(policy), hash: policyHash(policy) };
  }),
  'the default policy is changed, hash and all': tamperWithSystem('policy', policyVersionKey('dev', 1), ({ document }) => {
    const policy = { ...JSON.parse(String(document)), failTo: 'BLOCK' };
    return { document: JSON.stringify(policy), hash: policyHash(policy) };
  }),
  'a policy version is deleted': tamperWithSystem('policy', policyVersionKey('dev', 2), () => null),
  'the model pointer is deleted': tamperWithSystem('model', modelPointerKey, () => null),
  'the model pointer is moved': async (world) => {
    const { manifest } = (await world.table.get(modelVersionKey(2)))!;
    const { sha256 } = JSON.parse(String(manifest));
    return tamperWithSystem('model', modelPointerKey, ({ moves }) => ({ version: 2, sha256, moves: Number(moves) + 1 }))(
      world,
      () => 0,
    );
  },
  'a model’s manifest is changed': tamperWithSystem('model', modelVersionKey(1), ({ manifest }) => ({
    manifest: JSON.stringify({ ...JSON.parse(String(manifest)), sha256: 'ab'.repeat(32) }),
  })),
  'a key is inserted': async ({ table, clock }, random) => {
    const { item } = draftKey(
      { clock, randomness: seededRandom(random(1_000_000)) },
      { tenant: 'dev', scopes: ['admin'], createdBy: 'key_ana', expiresAtMs: null },
    );
    await table.put(item);
    return { kind: 'key', item: nameOf(item) };
  },
  'a key is given more scopes': async (world, random) => {
    const item = keyNamed(world, random);
    await world.table.put({ ...item, scopes: ['ingest', 'decide', 'read', 'review', 'admin'] });
    return { kind: 'key', item: nameOf(item) };
  },
  'a key’s revocation is taken back': async (world, random) => {
    const item = pick(
      itemsOf(world, `${prefixes.key}dev`).filter(({ revokedAt }) => revokedAt !== null),
      random,
    );
    await world.table.put({ ...item, revokedAt: null });
    return { kind: 'key', item: nameOf(item) };
  },
  'a key is deleted': async (world, random) => {
    const item = keyNamed(world, random);
    await world.table.delete(item);
    return { kind: 'key', text: String(item.keyId) };
  },
  'a list entry is inserted': async ({ table }, random) => {
    const key = listEntryKey('dev', 'watched', `d_forged${random(1_000)}`);
    await table.put({ ...key, expiresAtMs: null, putAtMs: 1, by: 'key_ana' });
    return { kind: 'list', item: nameOf(key) };
  },
  'a list entry is inserted into a list that never was': async ({ table }, random) => {
    const key = listEntryKey('dev', `hidden${random(1_000)}`, 'd_forged');
    await table.put({ ...key, expiresAtMs: null, putAtMs: 1, by: 'key_ana' });
    return { kind: 'list', item: nameOf(key) };
  },
  'a list entry is deleted': async (world, random) => {
    const item = pick(itemsOf(world, `${prefixes.list}dev#`), random);
    await world.table.delete(item);
    return { kind: 'list', item: nameOf(item) };
  },
  'a list entry is made to expire': async (world, random) => {
    const item = pick(itemsOf(world, `${prefixes.list}dev#`), random);
    await world.table.put({ ...item, expiresAtMs: 1 });
    return { kind: 'list', item: nameOf(item) };
  },
  'a list is made to count as empty': tamperWithSystem('list', listVersionKey('dev'), ({ lists }) => {
    const versions = JSON.parse(String(lists));
    return { lists: JSON.stringify({ ...versions, watched: { ...versions.watched, count: 0 } }) };
  }),
  'a webhook is inserted': async ({ table }, random) => {
    const key = webhookKey('dev', `wh_forged${random(1_000)}`);
    await table.put({ ...key, url: 'https://thief.example.com', events: ['decision.*'], secret: 'x' });
    return { kind: 'webhook', item: nameOf(key) };
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
