import { describe, expect, it } from 'vitest';
import type { Item, TableStore } from '../../shared/ports/ports.ts';
import { caught, item, padded, type StoreUnderTest } from './tableItems.ts';

/** What a table store finds: several items at once, a partition, and everything. */
export function tableReads(at: StoreUnderTest): void {
  describe('many items at once', () => {
    it('come in the order of the keys, null for those that are not there, a key twice in both places', async () => {
      await at.store.put(item('a', { v: 1 }));
      await at.store.put(item('b', { v: 2 }));
      const keys = ['b', 'none', 'a', 'b'].map((sk) => ({ pk: 'p', sk }));
      const found = await at.store.getMany(keys, { consistent: true });
      expect(found).toEqual([item('b', { v: 2 }), null, item('a', { v: 1 }), item('b', { v: 2 })]);
    });

    it('cost what they cost one by one', async () => {
      await at.store.put(padded(item('a'), 4_096));
      await at.store.put(padded(item('b'), 4_097));
      const keys = ['a', 'b', 'none'].map((sk) => ({ pk: 'p', sk }));
      await at.store.getMany(keys, { consistent: true });
      expect(at.lastConsumed()).toEqual({ operation: 'get', readUnits: 4, writeUnits: 0 });
      await at.store.getMany(keys);
      expect(at.lastConsumed()).toEqual({ operation: 'get', readUnits: 2, writeUnits: 0 });
    });

    it('of more than 100 keys are refused', async () => {
      const keys = Array.from({ length: 101 }, (_, i) => ({ pk: 'p', sk: `k${i}` }));
      expect(await caught(at.store.getMany(keys))).toBeInstanceOf(RangeError);
    });
  });

  describe('queries', () => {
    const sortKeys = async (query: Omit<Parameters<TableStore['query']>[0], 'pk' | 'limit'>): Promise<string[]> =>
      (await at.store.query({ pk: 'p', limit: 100, ...query })).items.map(({ sk }) => sk);

    it('gives one partition in byte order, either way, within inclusive bounds', async () => {
      for (const sk of ['b', 'a', 'd', 'c', 'é', '\u{ffee}', '😀', 'B']) await at.store.put(item(sk));
      await at.store.put({ pk: 'other', sk: 'a' });
      expect(await sortKeys({})).toEqual(['B', 'a', 'b', 'c', 'd', 'é', '\u{ffee}', '😀']);
      expect(await sortKeys({ descending: true, to: 'd' })).toEqual(['d', 'c', 'b', 'a', 'B']);
      expect(await sortKeys({ from: 'b', to: 'c' })).toEqual(['b', 'c']);
      expect(await sortKeys({ from: 'd' })).toEqual(['d', 'é', '\u{ffee}', '😀']);
      expect(await sortKeys({ from: 'c', to: 'b' })).toEqual([]);
    });

    it.each([false, true])('pages through everything exactly once (descending: %s)', async (descending) => {
      const all = Array.from({ length: 7 }, (_, n) => `k${n}`);
      for (const sk of all) await at.store.put(item(sk));
      const found: string[] = [];
      let after: string | undefined;
      for (let pages = 0; pages < 10; pages += 1) {
        const page = await at.store.query({ pk: 'p', limit: 3, descending, ...(after === undefined ? {} : { after }) });
        expect(page.items.length).toBeLessThanOrEqual(3);
        found.push(...page.items.map(({ sk }) => sk));
        after = page.after;
        if (after === undefined) break;
      }
      expect(found).toEqual(descending ? all.toReversed() : all);
    });

    it('ends a page at 1 MB and goes on after it', async () => {
      for (const sk of ['a', 'b', 'c', 'd']) await at.store.put(padded(item(sk), 400_000));
      const first = await at.store.query({ pk: 'p', limit: 100 });
      expect(first.items.length).toBeLessThan(4);
      const second = await at.store.query({ pk: 'p', limit: 100, after: first.after! });
      expect([...first.items, ...second.items].map(({ sk }) => sk)).toEqual(['a', 'b', 'c', 'd']);
      expect(second.after).toBeUndefined();
    });

    it.each([0, -1, 1.5, 1_001])('refuses a limit of %s', async (limit) => {
      await expect(at.store.query({ pk: 'p', limit })).rejects.toThrow();
      await expect(at.store.scan({ limit })).rejects.toThrow();
    });

    it('scans everything exactly once', async () => {
      const keys = ['p1', 'p2', 'p3'].flatMap((pk) => ['a', 'b'].map((sk) => ({ pk, sk })));
      for (const key of keys) await at.store.put(key);
      const found: Item[] = [];
      let after: { pk: string; sk: string } | undefined;
      for (let pages = 0; pages < 10; pages += 1) {
        const page = await at.store.scan({ limit: 2, ...(after === undefined ? {} : { after }) });
        found.push(...page.items);
        after = page.after;
        if (after === undefined) break;
      }
      expect(found.toSorted((a, b) => (a.pk + a.sk < b.pk + b.sk ? -1 : 1))).toEqual(keys);
    });
  });

  describe('segments of a scan', () => {
    it('hold each item once among them', async () => {
      const keys = Array.from({ length: 20 }, (_, i) => ({ pk: `p${i % 10}`, sk: `s${i}` }));
      for (const key of keys) await at.store.put(key);
      const found: Item[] = [];
      for (const index of [0, 1, 2]) {
        let after: { pk: string; sk: string } | undefined;
        do {
          const page = await at.store.scan({ limit: 3, segment: { index, of: 3 }, ...(after === undefined ? {} : { after }) });
          found.push(...page.items);
          after = page.after;
        } while (after !== undefined);
      }
      const ordered = (items: readonly Item[]) => items.map(({ pk, sk }) => `${pk} ${sk}`).sort();
      expect(ordered(found)).toEqual(ordered(keys));
    });

    it.each([
      [-1, 3],
      [3, 3],
      [0, 0],
      [0, 1_000_001],
    ])('segment %i of %i is refused', async (index, of) => {
      await expect(at.store.scan({ limit: 3, segment: { index, of } })).rejects.toThrow();
    });
  });
}
