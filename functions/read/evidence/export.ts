import { auditFromItem } from '../../../shared/ledger/items.ts';
import type { ObjectStore, TableStore } from '../../../shared/ports/ports.ts';
import { lastCheckpointsOf } from '../../../shared/proof/chainIndex.ts';
import {
  checkpointFolder,
  checkpointObjectPrefix,
  type Leaf,
  parseStoredCheckpoint,
  type StoredCheckpoint,
} from '../../../shared/proof/checkpoint.ts';
import { checkpointHolding, lastNumberBefore } from '../../../shared/proof/checkpointIndex.ts';
import { type AuditEntry, asAuditEntry } from '../../../shared/proof/entry.ts';
import { readPendingHeads } from '../../../shared/proof/heads.ts';
import { keysOfCheckpoints } from '../../../shared/proof/keyFile.ts';
import { auditKey } from '../../../shared/store/names.ts';
import { listedKeys, queryItems } from '../../../shared/store/pages.ts';
import { inParallel } from '../../../shared/store/parallel.ts';
import type { BundleSource, ChainExport } from './bundle.ts';
import { ExpiredEntries, type Stretch } from './expired.ts';

export interface ExportStores {
  readonly table: TableStore;
  readonly archive: ObjectStore;
  /** The store under object lock. */
  readonly checkpoints: ObjectStore;
}

/** Where entries lie. */
type EntryStores = Pick<ExportStores, 'table' | 'archive'>;

/** What a caller adds to what the stores hold. */
export type ExportExtras = Pick<BundleSource, 'exportedAt' | 'publicKey' | 'policies' | 'models'>;

const pageSize = 1_000;
const keysAtOnce = 1_000;
const objectsAtOnce = 8;
/** Leaves of all checkpoints of an export together, held in memory for their proofs: about 1 GB. */
const leavesMax = 2_000_000;
/** Chains that wait for their first checkpoint. */
const pendingMax = 1_000_000;

/** An entry, and when it was made. */
export interface Place {
  readonly chain: string;
  readonly sequence: number;
  readonly atMs: number;
}

/**
 * A bundle of whole chains, each with the last checkpoint that holds it, the newest checkpoint, and the first ones that hold these `places`:
 * a chain that was rewritten since does not fit those. Throws an Error when a chain has no entry, and ChainIndexBehind.
 */
export const exportChains = async (
  stores: ExportStores,
  names: readonly string[],
  extras: ExportExtras,
  placesOf: (last: readonly Leaf[]) => Promise<readonly Place[]> = (last) => earlierPlaces(stores, last),
): Promise<BundleSource> => {
  const wanted = [...new Set(names)].sort();
  const last = await lastCheckpointsOf(stores, wanted);
  const places = await placesOf(last.flatMap(({ leaves }) => leaves.filter(({ chain }) => wanted.includes(chain))));
  const earlier = await inParallel(places, objectsAtOnce, (place) => checkpointHolding(stores, place));
  const byNumber = new Map([...last, ...earlier].flatMap((one) => (one === null ? [] : [[one.body.number, one]])));
  const checkpoints = [...byNumber.values()].sort((a, b) => a.body.number - b.body.number);
  const reached = new Map<string, number>();
  const isWanted = new Set(wanted);
  for (const { leaves } of checkpoints)
    for (const { chain, sequence } of leaves)
      if (isWanted.has(chain)) reached.set(chain, Math.max(sequence, reached.get(chain) ?? 0));
  const stretches = wanted.map((chain) => ({ ...wholeChain, chain, reached: reached.get(chain) ?? 0 }));
  const chains = chainExports(stores, stretches, Date.parse(extras.exportedAt));
  for (const chain of chains) if (!reached.has(chain.chain)) await requireEntries(chain);
  const publicKey = await keysOf(stores, checkpoints, extras);
  return { ...extras, publicKey, scope: { kind: 'accounts' }, checkpoints, chains };
};

/** The entries 1, 2, 4, 8... before the last that a checkpoint holds, as far as their rows are there. */
const earlierPlaces = async ({ table }: ExportStores, last: readonly Leaf[]): Promise<readonly Place[]> => {
  const wanted = last.flatMap(({ chain, sequence }) =>
    Array.from({ length: Math.ceil(Math.log2(sequence)) }, (_, i) => ({ chain, sequence: sequence - 2 ** i })),
  );
  const items = await inParallel(wanted, objectsAtOnce, ({ chain, sequence }) => table.get(auditKey(chain, sequence)));
  return items.flatMap((item) => {
    if (item === null) return [];
    const { body } = asAuditEntry(auditFromItem(item));
    return [{ chain: body.chain, sequence: body.sequence, atMs: Date.parse(body.at) }];
  });
};

/**
 * A bundle of one chain from an entry on, up to the head that the first checkpoint after it holds; without a checkpoint when none of the next
 * few holds it, and then to the chain's end. Throws an Error when the entry is not there.
 */
export const exportStretch = async (stores: ExportStores, from: Place, extras: ExportExtras): Promise<BundleSource> => {
  const { chain, sequence: first } = from;
  const checkpoint = await checkpointHolding(stores, from);
  const reached = checkpoint?.leaves.find((leaf) => leaf.chain === chain)?.sequence;
  const stretch = { chain, first, last: reached ?? Infinity, reached: reached ?? first };
  const chains = chainExports(stores, [stretch], Date.parse(extras.exportedAt));
  const checkpoints = checkpoint === null ? [] : [checkpoint];
  const publicKey = await keysOf(stores, checkpoints, extras);
  return { ...extras, publicKey, scope: { kind: 'stretch' }, checkpoints, chains };
};

/**
 * A bundle of all that the checkpoints after `from` up to the first one at or after `to` cover (RFC 3339; null = without bound), of every
 * chain. Without `to` the entries that no checkpoint holds yet come too.
 */
export const exportRange = async (
  stores: ExportStores,
  range: { readonly from: string | null; readonly to: string | null },
  extras: ExportExtras,
): Promise<BundleSource> => {
  const fromMs = range.from === null ? -Infinity : Date.parse(range.from);
  const toMs = range.to === null ? Infinity : Date.parse(range.to);
  const checkpoints = await readCheckpoints(stores, fromMs, toMs);
  const leads = new Map<string, { first: number; reached: number }>();
  for (const { leaves } of checkpoints) {
    for (const { chain, sequence } of leaves) {
      const known = leads.get(chain);
      leads.set(chain, {
        first: Math.min(known?.first ?? Infinity, sequence),
        reached: Math.max(known?.reached ?? 0, sequence),
      });
    }
  }
  if (range.to === null) {
    const { heads, isAll } = await readPendingHeads(stores.table, pendingMax, 0);
    if (!isAll) throw new Error(`more than ${pendingMax} chains wait for a checkpoint: make one first`);
    for (const { chain, sequence } of heads) leads.set(chain, { first: leads.get(chain)?.first ?? sequence, reached: sequence });
  }
  const stretches: Stretch[] = [];
  for (const [chain, { first, reached }] of [...leads].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const start = range.from === null ? 1 : await lastBefore(stores, chain, first, fromMs);
    stretches.push({ chain, first: start, last: range.to === null ? Infinity : reached, reached });
  }
  return {
    ...extras,
    publicKey: await keysOf(stores, checkpoints, extras),
    scope: { kind: 'range', ...range },
    checkpoints,
    chains: chainExports(stores, stretches, Date.parse(extras.exportedAt)),
  };
};

/**
 * The entries of one chain from its first, wherever they lie; it is known to reach entry `reached`. Throws an Error when it has none.
 */
export const exportedChain = async (
  stores: EntryStores,
  { chain, reached }: { readonly chain: string; readonly reached: number },
  nowMs: number,
): Promise<ChainExport['entries']> => {
  const [only] = chainExports(stores, [{ ...wholeChain, chain, reached }], nowMs);
  await requireEntries(only!);
  return only!.entries;
};

const keysOf = async (stores: ExportStores, checkpoints: readonly StoredCheckpoint[], { publicKey }: ExportExtras) =>
  publicKey === null ? null : keysOfCheckpoints(stores.checkpoints, checkpoints, publicKey);

const wholeChain = { first: 1, last: Infinity };

/**
 * The checkpoints after `fromMs` up to the first one at or after `toMs`, in order, read a few at a time. Throws when one does not give its
 * own root.
 */
const readCheckpoints = async (stores: ExportStores, fromMs: number, toMs: number): Promise<StoredCheckpoint[]> => {
  const objects = stores.checkpoints;
  const wanted: StoredCheckpoint[] = [];
  let leaves = 0;
  const from = `${checkpointObjectPrefix(await lastNumberBefore(stores, fromMs))}~`;
  for await (const keys of listedKeys(objects, checkpointFolder, keysAtOnce, from)) {
    for (let i = 0; i < keys.length; i += objectsAtOnce) {
      const bodies = await Promise.all(keys.slice(i, i + objectsAtOnce).map((key) => objects.get(key)));
      for (const [k, bytes] of bodies.entries()) {
        if (bytes === null) throw new Error(`the archive lists ${keys[i + k]} but does not hold it`);
        const checkpoint = parseStoredCheckpoint(bytes);
        const atMs = Date.parse(checkpoint.body.at);
        if (atMs <= fromMs) continue;
        leaves += checkpoint.leaves.length;
        if (leaves > leavesMax) throw new Error(`the export spans more than ${leavesMax} heads: narrow it with --from and --to`);
        wanted.push(checkpoint);
        if (atMs >= toMs) return wanted;
      }
    }
  }
  return wanted;
};

/** The sequence of the last entry older than `fromMs`, or 1, searching backwards from `sequence`. */
const lastBefore = async ({ table }: ExportStores, chain: string, sequence: number, fromMs: number): Promise<number> => {
  for (let end = sequence; end >= 1; end -= pageSize) {
    const start = Math.max(1, end - pageSize + 1);
    const { pk, sk } = auditKey(chain, start);
    const { items } = await table.query({ pk, from: sk, to: auditKey(chain, end).sk, limit: pageSize, descending: true });
    const found = items.map(auditFromItem).find(({ body }) => Date.parse(String(body.at)) < fromMs);
    if (found) return asAuditEntry(found).body.sequence;
  }
  return 1;
};

/** Rows that have expired come from the archive, which is read only where a row is missing. */
const chainExports = (stores: EntryStores, stretches: readonly Stretch[], nowMs: number): readonly ChainExport[] => {
  const expired = new ExpiredEntries(stores.archive, stretches, nowMs);
  return stretches.map((stretch) => ({
    chain: stretch.chain,
    first: stretch.first,
    entries: { [Symbol.asyncIterator]: () => entriesOf(stores.table, stretch, expired) },
  }));
};

const requireEntries = async ({ chain, entries }: ChainExport): Promise<void> => {
  for await (const _ of entries) return;
  throw new Error(`chain ${chain}: entry 1 is neither in the table nor in the archive`);
};

/** What the stores hold, as it is: gaps that no expiry explains, and forks, are the verifier's to name. */
async function* entriesOf(
  table: TableStore,
  { chain, first, last, reached }: Stretch,
  expired: ExpiredEntries,
): AsyncGenerator<AuditEntry> {
  const { pk, sk } = auditKey(chain, first);
  const to = Number.isFinite(last) ? { to: auditKey(chain, last).sk } : {};
  let next = first;
  let afterMs: number | null = null;
  for await (const item of queryItems(table, { pk, from: sk, ...to, limit: pageSize, consistent: true })) {
    const entry = asAuditEntry(auditFromItem(item));
    const place = Number(item.sk);
    const atMs = Date.parse(entry.body.at);
    if (place > next) yield* await expired.of({ chain, from: next, to: place, reached: place - 1, afterMs, beforeMs: atMs });
    next = place + 1;
    afterMs = atMs;
    yield entry;
  }
  if (next === first || next <= reached)
    yield* await expired.of({ chain, from: next, to: Infinity, reached, afterMs, beforeMs: null });
}
