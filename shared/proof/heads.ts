import { prefixes } from '../aws/keys.ts';
import { ConditionFailed, type Item, type Key, type TableStore } from '../ports.ts';
import type { Leaf } from './checkpoint.ts';
import { asAuditEntry, type StoredEntry } from './entry.ts';

/** Partitions over which pending heads are spread: one takes about 1,000 writes a second. */
const shardCount = 16;
const pageSize = 500;
/** How often a head that others are moving is tried again before the caller is told. */
const attemptsMax = 8;
const writesAtOnce = 16;

/** A head that no checkpoint covers yet. */
export interface PendingHead extends Leaf {
  /** When the oldest entry behind it that no checkpoint covers was made, epoch milliseconds. */
  readonly sinceMs: number;
}

/**
 * Notes the newest entry of each chain as waiting for a checkpoint. A head only moves forward, so that a stream batch may come twice or
 * late. Throws ConditionFailed when a chain moves faster than it can be noted: the batch is then to be repeated.
 */
export const noteHeads = async (table: TableStore, entries: readonly StoredEntry[]): Promise<void> => {
  const heads = new Map<string, PendingHead>();
  for (const { body, hash } of entries.map(asAuditEntry)) {
    const known = heads.get(body.chain);
    const sinceMs = Math.min(known?.sinceMs ?? Infinity, Date.parse(body.at));
    if (!Number.isFinite(sinceMs))
      throw new Error(`entry ${body.sequence} of ${body.chain}: at is ${body.at}; allowed: RFC 3339`);
    const newest = known && known.sequence >= body.sequence ? known : { chain: body.chain, sequence: body.sequence, head: hash };
    heads.set(body.chain, { ...newest, sinceMs });
  }
  await inParallel([...heads.values()], (head) => noteHead(table, head));
};

const noteHead = async (table: TableStore, head: PendingHead): Promise<void> => {
  const key = headKey(head.chain);
  let known = await table.get(key);
  for (let attempt = 1; ; attempt++) {
    if (known && Number(known.sequence) >= head.sequence) return;
    const sinceMs = Math.min(head.sinceMs, known ? Number(known.sinceMs) : Infinity);
    const item: Item = { ...key, sequence: head.sequence, head: head.head, sinceMs };
    try {
      return await table.put(
        item,
        known ? { kind: 'equals', attribute: 'sequence', value: Number(known.sequence) } : { kind: 'absent' },
      );
    } catch (error) {
      if (!(error instanceof ConditionFailed) || attempt === attemptsMax) throw error;
      known = error.item;
    }
  }
};

/** Up to `countMax` pending heads. `rotation` says which partition comes first, so that none waits for ever behind busier ones. */
export const readPendingHeads = async (
  table: TableStore,
  countMax: number,
  rotation: number,
): Promise<{ readonly heads: readonly PendingHead[]; readonly isAll: boolean }> => {
  const heads: PendingHead[] = [];
  for (let i = 0; i < shardCount; i++) {
    const pk = shardPk((rotation + i) % shardCount);
    let after: string | undefined;
    do {
      if (heads.length >= countMax) return { heads, isAll: false };
      const limit = Math.min(pageSize, countMax - heads.length);
      const page = await table.query({ pk, limit, consistent: true, ...(after === undefined ? {} : { after }) });
      heads.push(...page.items.map(pendingOf));
      after = page.after;
    } while (after !== undefined);
  }
  return { heads, isAll: true };
};

/** Takes heads that a checkpoint now covers off the list; one that has moved on meanwhile stays, waiting since `atMs`. */
export const dropCoveredHeads = async (table: TableStore, covered: readonly Leaf[], atMs: number): Promise<void> =>
  inParallel(covered, async (leaf) => {
    const key = headKey(leaf.chain);
    try {
      await table.delete(key, { kind: 'equals', attribute: 'sequence', value: leaf.sequence });
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      // Absent: dropped by an earlier run that was cut off. Behind: an old stream record came again; the next checkpoint repeats it.
      if (error.item === null || Number(error.item.sequence) < leaf.sequence) return;
      await table.update(key, { set: { sinceMs: atMs } }, { kind: 'present' });
    }
  });

const pendingOf = (item: Item): PendingHead => ({
  chain: item.sk,
  sequence: Number(item.sequence),
  head: String(item.head),
  sinceMs: Number(item.sinceMs),
});

const shardPk = (shard: number): string => `${prefixes.checkpoint}head#${shard}`;

const headKey = (chain: string): Key => {
  let sum = 0;
  for (let i = 0; i < chain.length; i++) sum += chain.charCodeAt(i);
  return { pk: shardPk(sum % shardCount), sk: chain };
};

const inParallel = async <T>(values: readonly T[], act: (value: T) => Promise<void>): Promise<void> => {
  for (let i = 0; i < values.length; i += writesAtOnce) await Promise.all(values.slice(i, i + writesAtOnce).map(act));
};
