import { itemSizeBytes } from '../../../shared/adapters/memory/itemSize.ts';
import { type MemoryTable, memoryTable } from '../../../shared/adapters/memory/table.ts';
import { ConditionFailed, type Item, type Key, type TableStore, type Write } from '../../../shared/ports/ports.ts';
import { nameOf, placesOf, type SyntheticItems, valueAt } from './lane.ts';

const pageBytesMax = 2 ** 20;

/** A table whose synthetic items are made when they are read; stored items stand in their place, and what is written is stored. */
export const syntheticTable = (stored: readonly Item[], synthetic: SyntheticItems): TableStore => {
  const memory: MemoryTable = memoryTable();
  for (const item of stored) void memory.put(item);
  /** Synthetic items that were written to or deleted: the stored table alone speaks for them. */
  const touched = new Set<string>();
  /** Where a scan goes on, by the key it ended with. */
  const scans = new Map<string, { readonly family: number; readonly place: number }>();

  const made = (key: Key): Item | null => {
    if (touched.has(nameOf(key))) return null;
    const lane = synthetic.lane(key.pk);
    return lane && valueAt(lane, key.sk);
  };
  const touch = async (key: Key): Promise<void> => {
    const item = made(key);
    if (item === null) return;
    touched.add(nameOf(key));
    // A stored item of this key is the newer one.
    await memory.put(item, { kind: 'absent' }).catch((error: unknown) => {
      if (!(error instanceof ConditionFailed)) throw error;
    });
  };
  const keyOf = (write: Write): Key => (write.kind === 'put' ? write.item : write.key);
  const get: TableStore['get'] = async (key, options) => (await memory.get(key, options)) ?? made(key);

  return {
    get,
    getMany: (keys, options) => Promise.all(keys.map((key) => get(key, options))),
    async query(query) {
      const lane = synthetic.lane(query.pk);
      const page = await memory.query(query);
      if (lane === null) return page;
      const isBefore = (a: string, b: string): boolean => (query.descending ? a > b : a < b);
      const items: Item[] = [];
      const rest = [...page.items];
      let bytes = 0;
      const isFull = (): boolean => items.length >= query.limit || bytes > pageBytesMax;
      const take = (item: Item): void => {
        items.push(item);
        bytes += itemSizeBytes(item);
      };
      let isMore = page.after !== undefined;
      for (const place of placesOf(lane, query)) {
        const sk = lane.key(place);
        if (touched.has(nameOf({ pk: query.pk, sk }))) continue;
        while (!isFull() && rest.length > 0 && isBefore(rest[0]!.sk, sk)) take(rest.shift()!);
        if (isFull()) {
          isMore = true;
          break;
        }
        if (rest[0]?.sk !== sk) take(lane.value(place));
      }
      while (!isFull() && rest.length > 0) take(rest.shift()!);
      isMore ||= rest.length > 0;
      return isMore && items.length > 0 ? { items, after: items.at(-1)!.sk } : { items };
    },
    async put(item, condition) {
      await touch(item);
      await memory.put(item, condition);
    },
    async update(key, change, condition) {
      await touch(key);
      return memory.update(key, change, condition);
    },
    async delete(key, condition) {
      await touch(key);
      await memory.delete(key, condition);
    },
    async transact(writes, options) {
      for (const write of writes) await touch(keyOf(write));
      await memory.transact(writes, options);
    },
    async scan({ limit, after, segment }) {
      const known = after === undefined ? undefined : scans.get(nameOf(after));
      const items: Item[] = [];
      const { index, of } = segment ?? { index: 0, of: 1 };
      /** Of each family, a segment has a stretch of its places: not by the hash of a key, as a table has, but as many. */
      const bound = (count: number, part: number): number => Math.floor((count * part) / of);
      let { family, place } = known ?? { family: -1, place: 0 };
      if (family < 0) {
        const page = await memory.scan({ limit, ...(after && { after }), ...(segment && { segment }) });
        if (page.after !== undefined) return page;
        items.push(...page.items);
        family = 0;
        place = bound(synthetic.families[0]?.count ?? 0, index);
      }
      let bytes = items.reduce((sum, item) => sum + itemSizeBytes(item), 0);
      for (; family < synthetic.families.length; family += 1, place = bound(synthetic.families[family]?.count ?? 0, index)) {
        const { count, item: itemAt } = synthetic.families[family]!;
        const end = bound(count, index + 1);
        for (; place < end; place += 1) {
          if (items.length >= limit || bytes > pageBytesMax) {
            const last = items.at(-1)!;
            scans.set(nameOf(last), { family, place });
            if (after) scans.delete(nameOf(after));
            return { items, after: { pk: last.pk, sk: last.sk } };
          }
          const item = itemAt(place);
          if (touched.has(nameOf(item))) continue;
          items.push(item);
          bytes += itemSizeBytes(item);
        }
      }
      return { items };
    },
  };
};
