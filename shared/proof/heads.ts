import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Item, Key, TableStore } from '../ports/ports.ts';
import { prefixes } from '../store/names.ts';
import { inParallel } from '../store/parallel.ts';
import type { Leaf } from './checkpoint.ts';
import { asAuditEntry, type StoredEntry } from './entry.ts';

/** Partitions over which pending heads are spread: one takes about 1,000 writes a second. */
const shardCount = 16;
const pageSize = 100;
/** Heads in one item: about 12 KB, about half of it as stored. An item is paid by the KB when it is written and when it is dropped. */
const headsPerItem = 100;
const itemBytesMax = 64 * 1_024;
const writesAtOnce = 16;

/** A head that no checkpoint covers yet. */
export interface PendingHead extends Leaf {
  /** When the oldest entry behind it that no checkpoint covers was made, epoch milliseconds. */
  readonly sinceMs: number;
}

/**
 * Notes the newest entry of each chain as waiting for a checkpoint: many to an item, because an item per chain would be the dearest
 * write of a decision after its own three. An item is named by what it holds and never changed, so that a stream batch may come twice
 * or late; what two items say of one chain is settled on reading, where the newest wins.
 */
export const noteHeads = async (table: TableStore, entries: readonly StoredEntry[]): Promise<void> => {
  const heads = new Map<string, PendingHead>();
  for (const { body, hash } of entries.map(asAuditEntry)) {
    const sinceMs = Date.parse(body.at);
    if (!Number.isFinite(sinceMs))
      throw new Error(`entry ${body.sequence} of ${body.chain}: at is ${body.at}; allowed: RFC 3339`);
    merge(heads, { chain: body.chain, sequence: body.sequence, head: hash, sinceMs });
  }
  const ordered = [...heads.values()].sort((a, b) => (a.chain < b.chain ? -1 : 1));
  const items = Array.from({ length: Math.ceil(ordered.length / headsPerItem) }, (_, i) =>
    itemOf(ordered.slice(i * headsPerItem, (i + 1) * headsPerItem)),
  );
  await inParallel(items, writesAtOnce, (item) => table.put(item));
};

/**
 * Pending heads, whole items of them while they stay within `countMax`. `rotation` says which partition comes first, so that none
 * waits for ever behind busier ones.
 */
export const readPendingHeads = async (
  table: TableStore,
  countMax: number,
  rotation: number,
): Promise<{ readonly heads: readonly PendingHead[]; readonly isAll: boolean }> => {
  const heads = new Map<string, PendingHead>();
  for await (const { heads: some } of itemsOf(table, rotation)) {
    const fresh = some.filter(({ chain }) => !heads.has(chain)).length;
    if (heads.size + fresh > countMax) return { heads: [...heads.values()], isAll: false };
    for (const head of some) merge(heads, head);
  }
  return { heads: [...heads.values()], isAll: true };
};

/**
 * Takes items off the list whose every head a checkpoint now covers. One that holds a head still to be covered stays whole; what it
 * repeats is dropped with it by the next checkpoint.
 */
export const dropCoveredHeads = async (table: TableStore, covered: readonly Leaf[]): Promise<void> => {
  const sequences = new Map(covered.map(({ chain, sequence }) => [chain, sequence]));
  const done: Key[] = [];
  for await (const { key, heads } of itemsOf(table, 0)) {
    if (heads.every(({ chain, sequence }) => sequence <= (sequences.get(chain) ?? 0))) done.push(key);
  }
  await inParallel(done, writesAtOnce, (key) => table.delete(key));
};

const merge = (heads: Map<string, PendingHead>, head: PendingHead): void => {
  const known = heads.get(head.chain);
  const newest = known && known.sequence >= head.sequence ? known : head;
  heads.set(head.chain, { ...newest, sinceMs: Math.min(head.sinceMs, known?.sinceMs ?? Infinity) });
};

const itemOf = (heads: readonly PendingHead[]): Item => {
  const text = JSON.stringify(heads.map(({ chain, sequence, head, sinceMs }) => [chain, sequence, head, sinceMs]));
  const name = createHash('sha256').update(text).digest('hex');
  return { pk: shardPk(Number.parseInt(name.slice(0, 8), 16) % shardCount), sk: name, heads: gzipSync(text) };
};

async function* itemsOf(
  table: TableStore,
  rotation: number,
): AsyncGenerator<{ readonly key: Key; readonly heads: readonly PendingHead[] }> {
  for (let i = 0; i < shardCount; i++) {
    const pk = shardPk((rotation + i) % shardCount);
    let after: string | undefined;
    do {
      const page = await table.query({ pk, limit: pageSize, consistent: true, ...(after === undefined ? {} : { after }) });
      for (const { sk, heads } of page.items) yield { key: { pk, sk }, heads: parsed(heads as Uint8Array) };
      after = page.after;
    } while (after !== undefined);
  }
}

const parsed = (packed: Uint8Array): PendingHead[] =>
  (JSON.parse(gunzipSync(packed, { maxOutputLength: itemBytesMax }).toString()) as [string, number, string, number][]).map(
    ([chain, sequence, head, sinceMs]) => ({
      chain,
      sequence,
      head,
      sinceMs,
    }),
  );

const shardPk = (shard: number): string => `${prefixes.checkpoint}head#${shard}`;
