import { describe, expect, it } from 'vitest';
import type { Attribute } from '../../shared/ports/ports.ts';
import { item, padded, type StoreUnderTest } from './tableItems.ts';

/** What a table store reports as consumed. */
export function tableCapacity(at: StoreUnderTest): void {
  describe('consumed capacity', () => {
    /** Bases of every kind of value: each is padded to an exact size, so that a size rule off by one byte shows at the edge. */
    const bases: readonly (readonly [string, Readonly<Record<string, Attribute>>])[] = [
      ['texts', { a: 'é漢😀', bb: '' }],
      ['binaries', { a: new Uint8Array(37), b: new Uint8Array(0) }],
      ['small whole numbers', { a: 0, b: 1, c: 12, d: 123, e: 1_234 }],
      ['whole numbers with trailing zeros', { a: 10, b: 100, c: 1_200, d: 1_000_000, e: 120, f: 1_230 }],
      ['large whole numbers', { a: Number.MAX_SAFE_INTEGER, b: 1_763_722_926_123 }],
      ['negative numbers', { a: -1, b: -12, c: -123.25, d: -100 }],
      ['fractions', { a: 0.5, b: 12.34, c: 1.234, d: 0.001, e: 1.5e-7, f: 100.01, g: 1.5, h: 0.012 }],
      ['booleans and null', { a: true, b: false, c: null }],
      ['lists', { a: [], b: [1, 'x', null, [true]] }],
      ['maps', { a: {}, b: { c: 1, dd: { eee: ['x'] } } }],
    ];

    it.each(bases)('counts the size of %s to the byte', async (_, base) => {
      for (const [bytes, writeUnits] of [
        [1_024, 1],
        [1_025, 2],
        [2_048, 2],
        [2_049, 3],
      ] as const) {
        await at.store.put(padded(item(`s${bytes}`, base), bytes));
        expect({ bytes, ...at.lastConsumed() }).toEqual({ bytes, operation: 'put', readUnits: 0, writeUnits });
      }
    });

    it.each([
      [1, 1],
      [4_096, 1],
      [4_097, 2],
      [8_193, 3],
    ])('reads %s bytes for that many units, half of them if not consistent', async (bytes, units) => {
      const stored = bytes === 1 ? item('a') : padded(item('a'), bytes);
      await at.store.put(stored);
      await at.store.get(stored, { consistent: true });
      expect(at.lastConsumed()).toEqual({ operation: 'get', readUnits: units, writeUnits: 0 });
      await at.store.get(stored);
      expect(at.lastConsumed()).toEqual({ operation: 'get', readUnits: units / 2, writeUnits: 0 });
    });

    it('charges a read of nothing as one of the smallest item', async () => {
      await at.store.get(item('a'), { consistent: true });
      expect(at.lastConsumed().readUnits).toBe(1);
      await at.store.get(item('a'));
      expect(at.lastConsumed().readUnits).toBe(0.5);
      await at.store.query({ pk: 'p', limit: 10 });
      expect(at.lastConsumed().readUnits).toBe(0.5);
    });

    it('charges a query for the sum of what it read, rounded once', async () => {
      for (const sk of ['a', 'b', 'c']) await at.store.put(padded(item(sk), 1_366));
      await at.store.query({ pk: 'p', limit: 10, consistent: true });
      expect(at.lastConsumed()).toEqual({ operation: 'query', readUnits: 2, writeUnits: 0 });
      await at.store.query({ pk: 'p', limit: 2, consistent: true });
      expect(at.lastConsumed().readUnits).toBe(1);
    });

    it('charges a write for the larger of what stood there and what stands there now', async () => {
      await at.store.put(padded(item('a'), 3_000));
      await at.store.put(item('a'));
      expect(at.lastConsumed().writeUnits).toBe(3);
      await at.store.put(padded(item('a'), 2_500));
      await at.store.update(item('a'), { set: { pad: 'x' } });
      expect(at.lastConsumed()).toEqual({ operation: 'update', readUnits: 0, writeUnits: 3 });
      await at.store.put(padded(item('a'), 2_000));
      await at.store.delete(item('a'));
      expect(at.lastConsumed()).toEqual({ operation: 'delete', readUnits: 0, writeUnits: 2 });
      await at.store.delete(item('a'));
      expect(at.lastConsumed().writeUnits).toBe(1);
    });

    it('charges a transaction double, item by item', async () => {
      await at.store.transact([
        { kind: 'put', item: padded(item('a'), 1_024) },
        { kind: 'put', item: padded(item('b'), 1_024) },
        { kind: 'put', item: padded(item('c'), 1_024) },
      ]);
      expect(at.lastConsumed()).toEqual({ operation: 'transact', readUnits: 0, writeUnits: 6 });
      await at.store.transact([
        { kind: 'put', item: padded(item('d'), 1_025) },
        { kind: 'update', key: item('a'), change: { set: { pad: 'x' } } },
        { kind: 'check', key: item('b'), condition: { kind: 'present' } },
        { kind: 'delete', key: item('c') },
      ]);
      expect(at.lastConsumed().writeUnits).toBe(2 * (2 + 1 + 1 + 1));
    });
  });
}
