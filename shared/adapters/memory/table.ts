import type { CancellationReason, Consumed, Item, Key, TableStore, Write } from '../../ports/ports.ts';
import { ConditionFailed, TransactionCancelled } from '../../ports/ports.ts';
import { byteOrder, checkKey, keyOrder, selected } from './keys.ts';
import { effect, holds, keyOf, type Stored } from './storedItem.ts';

export interface MemoryTableOptions {
  readonly onConsumed?: (consumed: Consumed) => void;
  readonly onCommitted?: (writes: readonly Write[]) => void;
}

export interface MemoryTable extends TableStore {
  /** Every item, by key: for a test's own look at the whole. */
  all(): Item[];
}

const transactWritesMax = 100;
const getManyMax = 100;
const segmentsMax = 1_000_000;
const transactBytesMax = 4 * 1_024 * 1_024;
const pageBytesMax = 1_024 * 1_024;
const pageItemsMax = 1_000;
const writeUnitBytes = 1_024;
const readUnitBytes = 4_096;
const transactFactor = 2;
const eventualFactor = 0.5;

/** One write of a transaction, before anything is changed. */
interface PlannedWrite {
  readonly key: Key;
  readonly write: Write;
  readonly before: Stored | null;
  readonly met: boolean;
  readonly after: Stored | null;
}

interface Partition {
  readonly items: Map<string, Stored>;
  /** The sort keys in byte order; null when it must be made again. */
  order: string[] | null;
}

/**
 * DynamoDB's table in memory, as strict as the real one: conditions, transactions that change all or nothing, limits, byte order of
 * keys, pages, and the capacity units it bills. Each call takes effect at one instant. What the real table refuses as a wrong
 * request is a RangeError or TypeError here. Stored items are frozen copies.
 */
export function memoryTable(options: MemoryTableOptions = {}): MemoryTable {
  const partitions = new Map<string, Partition>();

  const storedAt = (key: Key): Stored | null => partitions.get(key.pk)?.items.get(key.sk) ?? null;

  const store = (key: Key, stored: Stored | null): void => {
    let partition = partitions.get(key.pk);
    if (partition === undefined) {
      if (stored === null) return;
      partition = { items: new Map(), order: null };
      partitions.set(key.pk, partition);
    }
    if (stored === null) {
      if (partition.items.delete(key.sk)) partition.order = null;
      return;
    }
    if (partition.order !== null && !partition.items.has(key.sk)) {
      const last = partition.order.at(-1);
      if (last === undefined || byteOrder(last, key.sk) < 0) partition.order.push(key.sk);
      else partition.order = null;
    }
    partition.items.set(key.sk, stored);
  };

  const metered = (operation: Consumed['operation'], readUnits: number, writeUnits: number): void => {
    options.onConsumed?.({ operation, readUnits, writeUnits });
  };

  const writeOne = (operation: 'put' | 'update' | 'delete', write: Write): Stored | null => {
    const key = keyOf(write);
    checkKey(key);
    const before = storedAt(key);
    const condition = write.condition;
    const after = effect(write, before);
    if (condition !== undefined && !holds(condition, before)) throw new ConditionFailed(before?.item ?? null);
    store(key, after);
    metered(operation, 0, writeUnits(before, after));
    options.onCommitted?.([write]);
    return after;
  };

  const ordered = (partition: Partition): readonly string[] => {
    partition.order ??= [...partition.items.keys()].sort(byteOrder);
    return partition.order;
  };

  const read = (candidates: Iterable<Stored>, limit: number): { items: Item[]; bytes: number; more: boolean } => {
    const items: Item[] = [];
    let bytes = 0;
    for (const { item, bytes: size } of candidates) {
      if (items.length >= limit || (items.length > 0 && bytes + size > pageBytesMax)) return { items, bytes, more: true };
      items.push(item);
      bytes += size;
    }
    return { items, bytes, more: false };
  };

  return {
    async get(key, { consistent = false } = {}) {
      checkKey(key);
      const stored = storedAt(key);
      metered('get', readUnits(stored?.bytes ?? 0, consistent), 0);
      return stored?.item ?? null;
    },

    async getMany(keys, { consistent = false } = {}) {
      if (keys.length > getManyMax)
        throw new RangeError(`${keys.length} keys are asked for at once, allowed are 1 to ${getManyMax}`);
      const found = new Map<string, Stored | null>();
      let units = 0;
      for (const key of keys) {
        checkKey(key);
        const name = `${key.pk.length} ${key.pk} ${key.sk}`;
        if (found.has(name)) continue;
        const stored = storedAt(key);
        found.set(name, stored);
        units += readUnits(stored?.bytes ?? 0, consistent);
      }
      if (keys.length > 0) metered('get', units, 0);
      return keys.map((key) => found.get(`${key.pk.length} ${key.pk} ${key.sk}`)?.item ?? null);
    },

    async query(query) {
      checkLimit(query.limit);
      if (query.from !== undefined && query.to !== undefined && byteOrder(query.from, query.to) > 0) return { items: [] };
      const partition = partitions.get(query.pk);
      const keys = partition === undefined ? [] : selected(ordered(partition), query);
      const { items, bytes, more } = read(
        keys.map((sk) => partition!.items.get(sk)!),
        query.limit,
      );
      metered('query', readUnits(bytes, query.consistent === true), 0);
      return more ? { items, after: items.at(-1)!.sk } : { items };
    },

    async put(item, condition) {
      writeOne('put', { kind: 'put', item, ...(condition === undefined ? {} : { condition }) });
    },

    async update(key, change, condition) {
      const after = writeOne('update', { kind: 'update', key, change, ...(condition === undefined ? {} : { condition }) });
      return after!.item;
    },

    async delete(key, condition) {
      writeOne('delete', { kind: 'delete', key, ...(condition === undefined ? {} : { condition }) });
    },

    async transact(writes) {
      if (writes.length < 1 || writes.length > transactWritesMax) {
        throw new RangeError(`a transaction has ${writes.length} writes, allowed are 1 to ${transactWritesMax}`);
      }
      const steps: PlannedWrite[] = [];
      for (const write of writes) {
        const key = keyOf(write);
        checkKey(key);
        if (steps.some((step) => step.key.sk === key.sk && step.key.pk === key.pk))
          throw new RangeError(`a transaction names the key ${key.pk} ${key.sk} twice`);
        const before = storedAt(key);
        const met = write.condition === undefined || holds(write.condition, before);
        steps.push({ key, write, before, met, after: met ? effect(write, before) : before });
      }
      if (steps.some((step) => !step.met)) {
        const reasons = steps.map(
          (step): CancellationReason =>
            step.met ? { code: 'None', item: null } : { code: 'ConditionalCheckFailed', item: step.before?.item ?? null },
        );
        throw new TransactionCancelled(reasons);
      }
      const bytes = steps.reduce((sum, step) => sum + (step.after?.bytes ?? 0), 0);
      if (bytes > transactBytesMax) throw new RangeError(`a transaction has ${bytes} bytes, allowed are ${transactBytesMax}`);
      let units = 0;
      for (const { key, write, before, after } of steps) {
        if (write.kind !== 'check') store(key, after);
        units += transactFactor * writeUnits(before, after);
      }
      metered('transact', 0, units);
      options.onCommitted?.(writes);
    },

    async scan({ limit, after, segment }) {
      checkLimit(limit);
      checkSegment(segment);
      const all = everything().filter(({ item }) => segment === undefined || hashOf(item.pk) % segment.of === segment.index);
      const start = after === undefined ? 0 : all.findIndex(({ item }) => keyOrder(item, after) > 0);
      const { items, bytes, more } = read(start < 0 ? [] : all.slice(start), limit);
      metered('scan', readUnits(bytes, false), 0);
      const last = items.at(-1);
      return more && last !== undefined ? { items, after: { pk: last.pk, sk: last.sk } } : { items };
    },

    all: () => everything().map(({ item }) => item),
  };

  function everything(): Stored[] {
    return [...partitions.values()]
      .flatMap((partition) => [...partition.items.values()])
      .sort((a, b) => keyOrder(a.item, b.item));
  }
}

const units = (bytes: number, unitBytes: number): number => Math.max(1, Math.ceil(bytes / unitBytes));
const readUnits = (bytes: number, consistent: boolean): number => units(bytes, readUnitBytes) * (consistent ? 1 : eventualFactor);
/** The units of the larger of the two: the item before the write and the item after it. */
const writeUnits = (before: Stored | null, after: Stored | null): number =>
  units(Math.max(before?.bytes ?? 0, after?.bytes ?? 0), writeUnitBytes);

function checkLimit(limit: number): void {
  if (!Number.isInteger(limit) || limit < 1 || limit > pageItemsMax) {
    throw new RangeError(`limit is ${limit}, allowed are whole numbers from 1 to ${pageItemsMax}`);
  }
}

function checkSegment(segment: { readonly index: number; readonly of: number } | undefined): void {
  if (segment === undefined) return;
  const { index, of } = segment;
  if (!Number.isInteger(of) || of < 1 || of > segmentsMax || !Number.isInteger(index) || index < 0 || index >= of) {
    throw new RangeError(`segment is ${index} of ${of}, allowed are 0 to of - 1 of 1 to ${segmentsMax}`);
  }
}

/** Spreads partitions over segments, as the real table's hash of the partition key does. */
const hashOf = (pk: string): number => {
  let hash = 0;
  for (let i = 0; i < pk.length; i += 1) hash = (Math.imul(hash, 31) + pk.charCodeAt(i)) >>> 0;
  return hash;
};
