import { describe, expect, it } from 'vitest';
import type { Attribute, Scalar, Write } from '../../shared/ports/ports.ts';
import { ConditionFailed, TransactionCancelled } from '../../shared/ports/ports.ts';
import { caught, item, padded, type StoreUnderTest } from './tableItems.ts';

/** What a table store does with writes: of one item, and of several at once. */
export function tableWrites(at: StoreUnderTest): void {
  describe('values', () => {
    it.each<[string, Attribute]>([
      ['a text beyond ASCII', 'é 漢 😀'],
      ['an empty text', ''],
      ['zero', 0],
      ['a fraction', 0.1],
      ['a negative number', -42.5],
      ['the largest exact whole number', Number.MAX_SAFE_INTEGER],
      ['a very small number', 1.5e-7],
      ['true and false', [true, false]],
      ['null', null],
      ['bytes', new Uint8Array([0, 127, 128, 255])],
      ['no bytes', new Uint8Array(0)],
      ['an empty list and an empty map', { list: [], map: {} }],
      ['nested lists and maps', { a: [1, { b: ['x', null, new Uint8Array([1])] }] }],
    ])('gives %s back as it was put', async (_, value) => {
      await at.store.put(item('a', { value }));
      expect(await at.store.get(item('a'), { consistent: true })).toEqual(item('a', { value }));
    });

    it.each<[string, number]>([
      ['not a number', Number.NaN],
      ['infinity', Number.POSITIVE_INFINITY],
      ['a number above 2^53-1', 2 ** 53],
      ['a number below -(2^53-1)', -(2 ** 53)],
    ])('refuses %s and stores nothing', async (_, value) => {
      await expect(at.store.put(item('a', { value }))).rejects.toThrow();
      expect(await at.store.get(item('a'), { consistent: true })).toBeNull();
    });

    it('keeps what was put, whatever the caller does to the object afterwards', async () => {
      const bytes = new Uint8Array([1, 2, 3]);
      const list = ['x'];
      await at.store.put(item('a', { bytes, list }));
      bytes[0] = 9;
      list.push('y');
      expect(await at.store.get(item('a'), { consistent: true })).toEqual(
        item('a', { bytes: new Uint8Array([1, 2, 3]), list: ['x'] }),
      );
    });

    it.each([
      ['an empty pk', { pk: '', sk: 'a' }],
      ['an empty sk', { pk: 'p', sk: '' }],
      ['a pk over 2,048 bytes', { pk: 'x'.repeat(2_049), sk: 'a' }],
      ['an sk over 1,024 bytes', { pk: 'p', sk: 'x'.repeat(1_025) }],
    ])('refuses %s', async (_, key) => {
      await expect(at.store.put(key)).rejects.toThrow();
    });

    it('takes an item of exactly 400 KB and refuses one byte more', async () => {
      await at.store.put(padded(item('a'), 409_600));
      await expect(at.store.put(padded(item('b'), 409_601))).rejects.toThrow();
      expect(await at.store.get(item('b'), { consistent: true })).toBeNull();
    });
  });

  describe('conditions', () => {
    it('puts where nothing stands, and else fails with the item that stands there', async () => {
      await at.store.put(item('a', { n: 1 }), { kind: 'absent' });
      const error = await caught(at.store.put(item('a', { n: 2 }), { kind: 'absent' }));
      expect(error).toBeInstanceOf(ConditionFailed);
      expect((error as ConditionFailed).item).toEqual(item('a', { n: 1 }));
      expect(await at.store.get(item('a'), { consistent: true })).toEqual(item('a', { n: 1 }));
    });

    it('fails with null where an item must stand and none does', async () => {
      const error = await caught(at.store.put(item('a'), { kind: 'present' }));
      expect(error).toBeInstanceOf(ConditionFailed);
      expect((error as ConditionFailed).item).toBeNull();
    });

    it.each<[string, Attribute, Scalar | null, boolean]>([
      ['an equal number', 7, 7, true],
      ['another number', 7, 8, false],
      ['an equal text', 'x', 'x', true],
      ['the same digits as a text', 7, '7', false],
      ['equal bytes', new Uint8Array([1, 2]), new Uint8Array([1, 2]), true],
      ['other bytes', new Uint8Array([1, 2]), new Uint8Array([1, 3]), false],
      ['an equal boolean', true, true, true],
      ['null against a text', null, 'null', false],
      ['null', null, null, true],
      ['a text against null', 'null', null, false],
    ])('compares %s', async (_, stands, wanted, holds) => {
      await at.store.put(item('a', { v: stands }));
      const attempt = at.store.put(item('a', { v: 'new' }), { kind: 'equals', attribute: 'v', value: wanted });
      if (holds) await attempt;
      else expect(await caught(attempt)).toBeInstanceOf(ConditionFailed);
      expect((await at.store.get(item('a'), { consistent: true }))?.v).toEqual(holds ? 'new' : stands);
    });

    it('finds an attribute that is not there equal to nothing', async () => {
      await at.store.put(item('a'));
      const error = await caught(at.store.delete(item('a'), { kind: 'equals', attribute: 'v', value: 0 }));
      expect(error).toBeInstanceOf(ConditionFailed);
      expect((error as ConditionFailed).item).toEqual(item('a'));
    });

    it('compares attributes whose names are reserved words', async () => {
      await at.store.put(item('a', { status: 'open', size: 1 }));
      await at.store.update(item('a'), { set: { size: 2 } }, { kind: 'equals', attribute: 'status', value: 'open' });
      expect((await at.store.get(item('a'), { consistent: true }))?.size).toBe(2);
    });

    it('lets exactly one of many concurrent puts of a new item win', async () => {
      const attempts = Array.from({ length: 20 }, (_, n) => at.store.put(item('a', { n }), { kind: 'absent' }));
      const settled = await Promise.allSettled(attempts);
      expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    });
  });

  describe('update and delete', () => {
    it('sets, adds and removes at once and returns the item as it is afterwards', async () => {
      await at.store.put(item('a', { n: 1, old: 'x', keep: true }));
      const after = await at.store.update(item('a'), { set: { s: 'new' }, add: { n: 4, fresh: -2 }, remove: ['old', 'never'] });
      expect(after).toEqual(item('a', { n: 5, s: 'new', fresh: -2, keep: true }));
      expect(await at.store.get(item('a'), { consistent: true })).toEqual(after);
    });

    it('initialises what is not there yet, beside what it sets and removes', async () => {
      const first = await at.store.update(item('a'), { set: { v: 1 }, init: { x: Uint8Array.of(1), y: 'new' } });
      expect(first).toEqual(item('a', { v: 1, x: Uint8Array.of(1), y: 'new' }));
      const second = await at.store.update(item('a'), { init: { x: Uint8Array.of(2), '-_z': true }, remove: ['y'] });
      expect(second).toEqual(item('a', { v: 1, x: Uint8Array.of(1), '-_z': true }));
      expect(await at.store.get(item('a'), { consistent: true })).toEqual(second);
    });

    it('initialises once of many at the same time, and each sees those before it', async () => {
      const counts = await Promise.all(
        Array.from({ length: 20 }, async (_, n) => {
          const after = await at.store.update(item('a'), { init: { [`k${n}`]: n, first: n } });
          return Object.keys(after).filter((name) => name.startsWith('k')).length;
        }),
      );
      expect(counts.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
    });

    it('creates what it updates unless a condition forbids it', async () => {
      expect(await at.store.update(item('a'), { add: { n: 3 } })).toEqual(item('a', { n: 3 }));
      expect(await caught(at.store.update(item('b'), { add: { n: 3 } }, { kind: 'present' }))).toBeInstanceOf(ConditionFailed);
      expect(await at.store.get(item('b'), { consistent: true })).toBeNull();
    });

    it.each([
      ['nothing to change', {}],
      ['a change of a key attribute', { set: { sk: 'b' } }],
      ['an attribute both set and removed', { set: { v: 1 }, remove: ['v'] }],
      ['an attribute both set and initialised', { set: { v: 1 }, init: { v: 2 } }],
      ['a fractional addend', { add: { v: 0.5 } }],
      ['an addition to a text', { add: { text: 1 } }],
    ])('refuses %s', async (_, change) => {
      await at.store.put(item('a', { text: 'x' }));
      await expect(at.store.update(item('a'), change)).rejects.toThrow();
      expect(await at.store.get(item('a'), { consistent: true })).toEqual(item('a', { text: 'x' }));
    });

    it('deletes what stands there and is content where nothing does', async () => {
      await at.store.put(item('a'));
      await at.store.delete(item('a'));
      await at.store.delete(item('a'));
      expect(await at.store.get(item('a'), { consistent: true })).toBeNull();
    });
  });

  describe('transactions', () => {
    it('writes every kind at once', async () => {
      await at.store.transact([
        { kind: 'put', item: item('u', { n: 1 }) },
        { kind: 'put', item: item('d') },
        { kind: 'put', item: item('c') },
      ]);
      await at.store.transact([
        { kind: 'put', item: item('p', { v: 1 }), condition: { kind: 'absent' } },
        {
          kind: 'update',
          key: item('u'),
          change: { add: { n: 1 }, set: { s: 'x' } },
          condition: { kind: 'equals', attribute: 'n', value: 1 },
        },
        { kind: 'delete', key: item('d'), condition: { kind: 'present' } },
        { kind: 'check', key: item('c'), condition: { kind: 'present' } },
      ]);
      const { items } = await at.store.query({ pk: 'p', limit: 10, consistent: true });
      expect(items).toEqual([item('c'), item('p', { v: 1 }), item('u', { n: 2, s: 'x' })]);
    });

    it('changes nothing if one condition fails, and says which, with the item that stands there', async () => {
      await at.store.put(item('b', { n: 1 }));
      const error = await caught(
        at.store.transact([
          { kind: 'put', item: item('a'), condition: { kind: 'absent' } },
          { kind: 'put', item: item('b', { n: 2 }), condition: { kind: 'absent' } },
          { kind: 'check', key: item('c'), condition: { kind: 'present' } },
          { kind: 'delete', key: item('b2') },
        ]),
      );
      expect(error).toBeInstanceOf(TransactionCancelled);
      expect((error as TransactionCancelled).reasons).toEqual([
        { code: 'None', item: null },
        { code: 'ConditionalCheckFailed', item: item('b', { n: 1 }) },
        { code: 'ConditionalCheckFailed', item: null },
        { code: 'None', item: null },
      ]);
      expect((await at.store.query({ pk: 'p', limit: 10, consistent: true })).items).toEqual([item('b', { n: 1 })]);
    });

    it('lets exactly one of many concurrent transactions with the same expectation win', async () => {
      await at.store.put(item('state', { seq: 0 }));
      const attempts = Array.from({ length: 20 }, (_, n) =>
        at.store.transact([
          { kind: 'put', item: item('state', { seq: 1 }), condition: { kind: 'equals', attribute: 'seq', value: 0 } },
          { kind: 'put', item: item(`entry-${n}`), condition: { kind: 'absent' } },
        ]),
      );
      const settled = await Promise.allSettled(attempts);
      expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect((await at.store.query({ pk: 'p', from: 'entry-', to: 'entry-~', limit: 100 })).items).toHaveLength(1);
    });

    const puts = (count: number): Write[] => Array.from({ length: count }, (_, n) => ({ kind: 'put', item: item(`i${n}`) }));
    it('takes 100 writes and refuses none and 101', async () => {
      await at.store.transact(puts(100));
      await expect(at.store.transact([])).rejects.toThrow();
      await expect(at.store.transact(puts(101))).rejects.toThrow();
    });

    it('refuses two writes of one item', async () => {
      await expect(
        at.store.transact([
          { kind: 'put', item: item('a') },
          { kind: 'check', key: item('a'), condition: { kind: 'absent' } },
        ]),
      ).rejects.toThrow();
      expect(await at.store.get(item('a'), { consistent: true })).toBeNull();
    });

    it('refuses more than 4 MB together', async () => {
      const writes = Array.from({ length: 11 }, (_, n): Write => ({ kind: 'put', item: padded(item(`i${n}`), 400_000) }));
      await expect(at.store.transact(writes)).rejects.toThrow();
      expect(await at.store.get(item('i0'), { consistent: true })).toBeNull();
    });

    it('changes nothing if one item is over 400 KB', async () => {
      await expect(
        at.store.transact([
          { kind: 'put', item: item('a') },
          { kind: 'put', item: padded(item('b'), 409_601) },
        ]),
      ).rejects.toThrow();
      expect(await at.store.get(item('a'), { consistent: true })).toBeNull();
    });
  });

  describe('the tap', () => {
    it('tells of every acknowledged write and of none that failed', async () => {
      const put: Write = { kind: 'put', item: item('a', { n: 1 }), condition: { kind: 'absent' } };
      await at.store.put(put.item, { kind: 'absent' });
      await caught(at.store.put(put.item, { kind: 'absent' }));
      const update: Write = { kind: 'update', key: { pk: 'p', sk: 'a' }, change: { add: { n: 1 } } };
      await at.store.update(update.key, update.change);
      await caught(at.store.transact([put, { kind: 'delete', key: item('b') }]));
      const both: Write[] = [
        { kind: 'put', item: item('c') },
        { kind: 'delete', key: { pk: 'p', sk: 'a' } },
      ];
      await at.store.transact(both);
      await at.store.delete({ pk: 'p', sk: 'c' });
      expect(at.committed).toEqual([[put], [update], both, [{ kind: 'delete', key: { pk: 'p', sk: 'c' } }]]);
    });
  });
}
