import { NewerRow } from '../../shared/domain/rowFormat.ts';
import { auditFromItem } from '../../shared/ledger/items.ts';
import type { Item, Key, ObjectStore, TableStore } from '../../shared/ports/ports.ts';
import { canonicalText, sha256Hex } from '../../shared/proof/canonical.ts';
import { lastNumberBefore } from '../../shared/proof/checkpointIndex.ts';
import type { StoredEntry } from '../../shared/proof/entry.ts';
import type { HotDays } from '../../shared/proof/hotRows.ts';
import { sweepWithinMs } from '../../shared/proof/sweepRecord.ts';
import { systemChainPrefix } from '../../shared/store/names.ts';

/** Something that contradicts something else. */
export interface Finding {
  readonly kind: /** The entry that a checkpoint holds is gone: the chain was cut short, or removed. */
    | 'cut-short'
    /** Another entry stands where a checkpoint holds one. */
    | 'rewritten'
    /** An entry's body does not give its hash. */
    | 'edited'
    /** The last entry of a chain, which no checkpoint holds, does not continue the one before it. */
    | 'unlinked'
    /** A state names an entry as its last that is not there. */
    | 'state-without-entry'
    /** A state names another hash than its last entry has. */
    | 'state-differs'
    /** The chain goes on after the entry that the state names as its last. */
    | 'state-behind'
    /** No state belongs to a chain that no erasure has ended. */
    | 'without-state'
    /** An item that cannot be read as what it is. */
    | 'unreadable';
  /** The chain; of what cannot be read, the kind of item. Nothing personal. */
  readonly name: string;
}

export interface SweepStores {
  readonly table: TableStore;
  /** The store under object lock. */
  readonly checkpoints: ObjectStore;
}

/** Keys in one read. */
const keysPerRead = 100;
export const readsAtOnce = 16;

/** Items by key, all of them as they stand now, in the order of the keys. */
export const readMany = async (table: TableStore, keys: readonly Key[]): Promise<readonly (Item | null)[]> => {
  const parts = Array.from({ length: Math.ceil(keys.length / keysPerRead) }, (_, i) =>
    keys.slice(i * keysPerRead, (i + 1) * keysPerRead),
  );
  const found: (Item | null)[] = [];
  for (let i = 0; i < parts.length; i += readsAtOnce) {
    const some = await Promise.all(parts.slice(i, i + readsAtOnce).map((part) => table.getMany(part, { consistent: true })));
    found.push(...some.flat());
  }
  return found;
};

/** The entry of a row; null when it is none. A row of a newer version is for that version's sweep: it reads as such. */
export const entryOfRow = (row: Item): StoredEntry | 'newer' | null => {
  try {
    return auditFromItem(row);
  } catch (error) {
    return error instanceof NewerRow ? 'newer' : null;
  }
};

/** Whether an entry's body gives its hash. */
export const isWhole = ({ body, hash }: StoredEntry): boolean => sha256Hex(canonicalText(body)) === hash;

/**
 * Whether the row of a signed entry may be gone because its time was up. A head is signed at most 7 days after its entry was made, so this
 * also passes over a row that was deleted in the last 7 days before its time. What is archived says more, and `aegis verify --live` reads it.
 */
export const expiry = (stores: SweepStores, hotDays: HotDays, nowMs: number) => {
  let through: Promise<number> | null = null;
  return async (chain: string, checkpoint: number): Promise<boolean> => {
    if (hotDays === null || chain.startsWith(systemChainPrefix)) return false;
    through ??= lastNumberBefore(stores, nowMs - hotDays * 86_400_000 + sweepWithinMs);
    return checkpoint <= (await through);
  };
};

export type MayHaveExpired = ReturnType<typeof expiry>;
