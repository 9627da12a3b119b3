import type { Item, ObjectStore, TableStore } from '../ports/ports.ts';
import { prefixes } from '../store/names.ts';
import { checkpointHash, checkpointObjectKey, readCheckpoint, type StoredCheckpoint } from './checkpoint.ts';

/**
 * Checkpoints by the time they were made, in the table: one small item each, so that the checkpoint that holds an entry is found without
 * reading through all of them. A help for readers; a verifier never looks here.
 */
const pk = `${prefixes.checkpoint}index`;

const indexPageItems = 500;

/** Checkpoint objects that one question reads. */
const objectsMax = 4;
/** Checkpoints behind an entry's time that are looked at for it: a stretch of missing ones is no reason to read on for ever. */
const candidatesMax = 4;

export const checkpointIndexItem = ({ body }: StoredCheckpoint): Item => ({
  pk,
  sk: new Date(body.at).toISOString(),
  number: body.number,
  hash: checkpointHash(body),
});

const objectKeyOf = ({ number, hash }: Item): string => checkpointObjectKey(Number(number), String(hash));

/** What checkpoints say of a chain: the entry through which they hold it (0 = none that was found), and the checkpoint that does. */
export interface Coverage {
  readonly throughSequence: number;
  readonly checkpoint: number | null;
}

export interface CoverageStores {
  readonly table: TableStore;
  readonly checkpoints: ObjectStore;
}

/** The last checkpoint that was made, or null before the first. */
export const newestCheckpoint = async ({ table, checkpoints }: CoverageStores): Promise<StoredCheckpoint | null> => {
  const [item] = (await table.query({ pk, descending: true, limit: 1, consistent: true })).items;
  return item === undefined ? null : readCheckpoint(checkpoints, objectKeyOf(item));
};

/** The number of the last checkpoint that the index knows of; 0 for none. */
export const newestNumber = async (table: TableStore): Promise<number> => {
  const [item] = (await table.query({ pk, descending: true, limit: 1, consistent: true })).items;
  return Number(item?.number ?? 0);
};

/** Checkpoints made from `fromMs` on, oldest first, one object in memory at a time. Throws store errors. */
export async function* checkpointsSince(
  { table, checkpoints }: CoverageStores,
  fromMs: number,
): AsyncGenerator<StoredCheckpoint> {
  const query = { pk, from: new Date(fromMs).toISOString(), limit: indexPageItems, consistent: true };
  let after: string | undefined;
  do {
    const page = await table.query(after === undefined ? query : { ...query, after });
    for (const item of page.items) yield await readCheckpoint(checkpoints, objectKeyOf(item));
    after = page.after;
  } while (after !== undefined);
}

/**
 * The first checkpoint after an entry's time that holds its chain at or after the entry; null when none of the next few does. Throws store
 * errors, and an Error for a damaged checkpoint.
 */
export const checkpointHolding = async (
  { table, checkpoints }: CoverageStores,
  { chain, sequence, atMs }: { readonly chain: string; readonly sequence: number; readonly atMs: number },
): Promise<StoredCheckpoint | null> => {
  const { items } = await table.query({ pk, from: new Date(atMs).toISOString(), limit: candidatesMax });
  for (const item of items) {
    const checkpoint = await readCheckpoint(checkpoints, objectKeyOf(item));
    if (checkpoint.leaves.some((leaf) => leaf.chain === chain && leaf.sequence >= sequence)) return checkpoint;
  }
  return null;
};

/**
 * The number of a checkpoint made at or before this time, so that who reads on from it misses none made after: the last one by the table's
 * index, as long as the archive says the same of it; else 0, the beginning.
 */
export const lastNumberBefore = async ({ table, checkpoints }: CoverageStores, timeMs: number): Promise<number> => {
  if (!Number.isFinite(timeMs)) return 0;
  const [item] = (await table.query({ pk, to: new Date(timeMs).toISOString(), descending: true, limit: 1 })).items;
  if (item === undefined) return 0;
  const { body } = await readCheckpoint(checkpoints, objectKeyOf(item)).catch(() => ({ body: null }));
  if (body === null) return 0;
  return body.number === Number(item.number) && Date.parse(body.at) <= timeMs ? body.number : 0;
};

/**
 * Through which of these entries (one chain's, ascending) a checkpoint holds the chain. Never claims a checkpoint that was not read and
 * found to hold the head; may overlook one where the checkpoint came very late. Throws store errors.
 */
export const coverageOf = async (
  { table, checkpoints }: CoverageStores,
  chain: string,
  entries: readonly { readonly sequence: number; readonly atMs: number }[],
): Promise<Coverage> => {
  const newest = await table.query({ pk, descending: true, limit: 1 });
  const newestAtMs = newest.items[0] ? Date.parse(newest.items[0].sk) : Number.NEGATIVE_INFINITY;
  const seen = new Set<string>();
  let found: Coverage = { throughSequence: 0, checkpoint: null };
  for (const { sequence, atMs } of entries.toReversed()) {
    if (sequence <= found.throughSequence) return found;
    if (atMs > newestAtMs) continue;
    const { items } = await table.query({ pk, from: new Date(atMs).toISOString(), limit: candidatesMax });
    for (const item of items) {
      const key = objectKeyOf(item);
      if (seen.has(key)) continue;
      if (seen.size === objectsMax) return found;
      seen.add(key);
      const { leaves } = await readCheckpoint(checkpoints, key);
      const leaf = leaves.find((one) => one.chain === chain);
      if (leaf && leaf.sequence > found.throughSequence)
        found = { throughSequence: leaf.sequence, checkpoint: Number(item.number) };
      if (sequence <= found.throughSequence) return found;
    }
  }
  return found;
};
