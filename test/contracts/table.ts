import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { itemSizeBytes } from '../../shared/adapters/memory/itemSize.ts';
import type { Attribute, Consumed, Item, Scalar, TableStore, Write } from '../../shared/ports/ports.ts';
import { ConditionFailed, TransactionCancelled } from '../../shared/ports/ports.ts';

/** A store under test, empty, that reports what it consumes and commits. */
export type MakeStore = (hooks: {
  readonly onConsumed: (consumed: Consumed) => void;
  readonly onCommitted: (writes: readonly Write[]) => void;
}) => Promise<TableStore>;

const caught = async (attempt: Promise<unknown>): Promise<unknown> =>
  attempt.then(
    () => {
      throw new Error('nothing was thrown');
    },
    (error: unknown) => error,
  );

const item = (sk: string, attributes: Readonly<Record<string, Attribute>> = {}): Item => ({ pk: 'p', sk, ...attributes });

/** The item with a text added so that it has exactly `bytes` by the documented size rules. */
const padded = (base: Item, bytes: number): Item => {
  const missing = bytes - itemSizeBytes({ ...base, pad: '' });
  if (missing < 0) throw new RangeError(`the item already has more than ${bytes} bytes`);
  return { ...base, pad: 'x'.repeat(missing) };
};

/** The behaviour every TableStore has. `setup` and `teardown` run once around it. */
export function tableStoreBehaviour(
  name: string,
  makeStore: MakeStore,
  { setup, teardown }: { setup?: () => Promise<void>; teardown?: () => Promise<void> } = {},
): void {
  describe(`${name} as a table store`, () => {
    let store: TableStore;
    let consumed: Consumed[];
    let committed: (readonly Write[])[];

    if (setup !== undefined) beforeAll(setup);
    if (teardown !== undefined) afterAll(teardown);
    beforeEach(async () => {
      consumed = [];
      committed = [];
      store = await makeStore({ onConsumed: (one) => consumed.push(one), onCommitted: (writes) => committed.push(writes) });
    });

    const lastConsumed = (): Consumed => {
      const last = consumed.at(-1);
      if (last === undefined) throw new Error('nothing was reported as consumed');
      return last;
    };

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
        await store.put(item('a', { value }));
        expect(await store.get(item('a'), { consistent: true })).toEqual(item('a', { value }));
      });

      it.each<[string, number]>([
        ['not a number', Number.NaN],
        ['infinity', Number.POSITIVE_INFINITY],
        ['a number above 2^53-1', 2 ** 53],
        ['a number below -(2^53-1)', -(2 ** 53)],
      ])('refuses %s and stores nothing', async (_, value) => {
        await expect(store.put(item('a', { value }))).rejects.toThrow();
        expect(await store.get(item('a'), { consistent: true })).toBeNull();
      });

      it('keeps what was put, whatever the caller does to the object afterwards', async () => {
        const bytes = new Uint8Array([1, 2, 3]);
        const list = ['x'];
        await store.put(item('a', { bytes, list }));
        bytes[0] = 9;
        list.push('y');
        expect(await store.get(item('a'), { consistent: true })).toEqual(
          item('a', { bytes: new Uint8Array([1, 2, 3]), list: ['x'] }),
        );
      });

      it.each([
        ['an empty pk', { pk: '', sk: 'a' }],
        ['an empty sk', { pk: 'p', sk: '' }],
        ['a pk over 2,048 bytes', { pk: 'x'.repeat(2_049), sk: 'a' }],
        ['an sk over 1,024 bytes', { pk: 'p', sk: 'x'.repeat(1_025) }],
      ])('refuses %s', async (_, key) => {
        await expect(store.put(key)).rejects.toThrow();
      });

      it('takes an item of exactly 400 KB and refuses one byte more', async () => {
        await store.put(padded(item('a'), 409_600));
        await expect(store.put(padded(item('b'), 409_601))).rejects.toThrow();
        expect(await store.get(item('b'), { consistent: true })).toBeNull();
      });
    });

    describe('conditions', () => {
      it('puts where nothing stands, and else fails with the item that stands there', async () => {
        await store.put(item('a', { n: 1 }), { kind: 'absent' });
        const error = await caught(store.put(item('a', { n: 2 }), { kind: 'absent' }));
        expect(error).toBeInstanceOf(ConditionFailed);
        expect((error as ConditionFailed).item).toEqual(item('a', { n: 1 }));
        expect(await store.get(item('a'), { consistent: true })).toEqual(item('a', { n: 1 }));
      });

      it('fails with null where an item must stand and none does', async () => {
        const error = await caught(store.put(item('a'), { kind: 'present' }));
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
        await store.put(item('a', { v: stands }));
        const attempt = store.put(item('a', { v: 'new' }), { kind: 'equals', attribute: 'v', value: wanted });
        if (holds) await attempt;
        else expect(await caught(attempt)).toBeInstanceOf(ConditionFailed);
        expect((await store.get(item('a'), { consistent: true }))?.v).toEqual(holds ? 'new' : stands);
      });

      it('finds an attribute that is not there equal to nothing', async () => {
        await store.put(item('a'));
        const error = await caught(store.delete(item('a'), { kind: 'equals', attribute: 'v', value: 0 }));
        expect(error).toBeInstanceOf(ConditionFailed);
        expect((error as ConditionFailed).item).toEqual(item('a'));
      });

      it('compares attributes whose names are reserved words', async () => {
        await store.put(item('a', { status: 'open', size: 1 }));
        await store.update(item('a'), { set: { size: 2 } }, { kind: 'equals', attribute: 'status', value: 'open' });
        expect((await store.get(item('a'), { consistent: true }))?.size).toBe(2);
      });

      it('lets exactly one of many concurrent puts of a new item win', async () => {
        const attempts = Array.from({ length: 20 }, (_, n) => store.put(item('a', { n }), { kind: 'absent' }));
        const settled = await Promise.allSettled(attempts);
        expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      });
    });

    describe('update and delete', () => {
      it('sets, adds and removes at once and returns the item as it is afterwards', async () => {
        await store.put(item('a', { n: 1, old: 'x', keep: true }));
        const after = await store.update(item('a'), { set: { s: 'new' }, add: { n: 4, fresh: -2 }, remove: ['old', 'never'] });
        expect(after).toEqual(item('a', { n: 5, s: 'new', fresh: -2, keep: true }));
        expect(await store.get(item('a'), { consistent: true })).toEqual(after);
      });

      it('initialises what is not there yet, beside what it sets and removes', async () => {
        const first = await store.update(item('a'), { set: { v: 1 }, init: { x: Uint8Array.of(1), y: 'new' } });
        expect(first).toEqual(item('a', { v: 1, x: Uint8Array.of(1), y: 'new' }));
        const second = await store.update(item('a'), { init: { x: Uint8Array.of(2), '-_z': true }, remove: ['y'] });
        expect(second).toEqual(item('a', { v: 1, x: Uint8Array.of(1), '-_z': true }));
        expect(await store.get(item('a'), { consistent: true })).toEqual(second);
      });

      it('initialises once of many at the same time, and each sees those before it', async () => {
        const seen = await Promise.all(
          Array.from({ length: 20 }, async (_, n) => {
            const after = await store.update(item('a'), { init: { [`k${n}`]: n, first: n } });
            return Object.keys(after).filter((name) => name.startsWith('k')).length;
          }),
        );
        expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
      });

      it('creates what it updates unless a condition forbids it', async () => {
        expect(await store.update(item('a'), { add: { n: 3 } })).toEqual(item('a', { n: 3 }));
        expect(await caught(store.update(item('b'), { add: { n: 3 } }, { kind: 'present' }))).toBeInstanceOf(ConditionFailed);
        expect(await store.get(item('b'), { consistent: true })).toBeNull();
      });

      it.each([
        ['nothing to change', {}],
        ['a change of a key attribute', { set: { sk: 'b' } }],
        ['an attribute both set and removed', { set: { v: 1 }, remove: ['v'] }],
        ['an attribute both set and initialised', { set: { v: 1 }, init: { v: 2 } }],
        ['a fractional addend', { add: { v: 0.5 } }],
        ['an addition to a text', { add: { text: 1 } }],
      ])('refuses %s', async (_, change) => {
        await store.put(item('a', { text: 'x' }));
        await expect(store.update(item('a'), change)).rejects.toThrow();
        expect(await store.get(item('a'), { consistent: true })).toEqual(item('a', { text: 'x' }));
      });

      it('deletes what stands there and is content where nothing does', async () => {
        await store.put(item('a'));
        await store.delete(item('a'));
        await store.delete(item('a'));
        expect(await store.get(item('a'), { consistent: true })).toBeNull();
      });
    });

    describe('transactions', () => {
      it('writes every kind at once', async () => {
        await store.transact([
          { kind: 'put', item: item('u', { n: 1 }) },
          { kind: 'put', item: item('d') },
          { kind: 'put', item: item('c') },
        ]);
        await store.transact([
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
        const { items } = await store.query({ pk: 'p', limit: 10, consistent: true });
        expect(items).toEqual([item('c'), item('p', { v: 1 }), item('u', { n: 2, s: 'x' })]);
      });

      it('changes nothing if one condition fails, and says which, with the item that stands there', async () => {
        await store.put(item('b', { n: 1 }));
        const error = await caught(
          store.transact([
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
        expect((await store.query({ pk: 'p', limit: 10, consistent: true })).items).toEqual([item('b', { n: 1 })]);
      });

      it('lets exactly one of many concurrent transactions with the same expectation win', async () => {
        await store.put(item('state', { seq: 0 }));
        const attempts = Array.from({ length: 20 }, (_, n) =>
          store.transact([
            { kind: 'put', item: item('state', { seq: 1 }), condition: { kind: 'equals', attribute: 'seq', value: 0 } },
            { kind: 'put', item: item(`entry-${n}`), condition: { kind: 'absent' } },
          ]),
        );
        const settled = await Promise.allSettled(attempts);
        expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
        expect((await store.query({ pk: 'p', from: 'entry-', to: 'entry-~', limit: 100 })).items).toHaveLength(1);
      });

      const puts = (count: number): Write[] => Array.from({ length: count }, (_, n) => ({ kind: 'put', item: item(`i${n}`) }));
      it('takes 100 writes and refuses none and 101', async () => {
        await store.transact(puts(100));
        await expect(store.transact([])).rejects.toThrow();
        await expect(store.transact(puts(101))).rejects.toThrow();
      });

      it('refuses two writes of one item', async () => {
        await expect(
          store.transact([
            { kind: 'put', item: item('a') },
            { kind: 'check', key: item('a'), condition: { kind: 'absent' } },
          ]),
        ).rejects.toThrow();
        expect(await store.get(item('a'), { consistent: true })).toBeNull();
      });

      it('refuses more than 4 MB together', async () => {
        const writes = Array.from({ length: 11 }, (_, n): Write => ({ kind: 'put', item: padded(item(`i${n}`), 400_000) }));
        await expect(store.transact(writes)).rejects.toThrow();
        expect(await store.get(item('i0'), { consistent: true })).toBeNull();
      });

      it('changes nothing if one item is over 400 KB', async () => {
        await expect(
          store.transact([
            { kind: 'put', item: item('a') },
            { kind: 'put', item: padded(item('b'), 409_601) },
          ]),
        ).rejects.toThrow();
        expect(await store.get(item('a'), { consistent: true })).toBeNull();
      });
    });

    describe('many items at once', () => {
      it('come in the order of the keys, null for those that are not there, a key twice in both places', async () => {
        await store.put(item('a', { v: 1 }));
        await store.put(item('b', { v: 2 }));
        const keys = ['b', 'none', 'a', 'b'].map((sk) => ({ pk: 'p', sk }));
        const found = await store.getMany(keys, { consistent: true });
        expect(found).toEqual([item('b', { v: 2 }), null, item('a', { v: 1 }), item('b', { v: 2 })]);
      });

      it('cost what they cost one by one', async () => {
        await store.put(padded(item('a'), 4_096));
        await store.put(padded(item('b'), 4_097));
        const keys = ['a', 'b', 'none'].map((sk) => ({ pk: 'p', sk }));
        await store.getMany(keys, { consistent: true });
        expect(lastConsumed()).toEqual({ operation: 'get', readUnits: 4, writeUnits: 0 });
        await store.getMany(keys);
        expect(lastConsumed()).toEqual({ operation: 'get', readUnits: 2, writeUnits: 0 });
      });

      it('of more than 100 keys are refused', async () => {
        const keys = Array.from({ length: 101 }, (_, i) => ({ pk: 'p', sk: `k${i}` }));
        expect(await caught(store.getMany(keys))).toBeInstanceOf(RangeError);
      });
    });

    describe('queries', () => {
      const sortKeys = async (query: Omit<Parameters<TableStore['query']>[0], 'pk' | 'limit'>): Promise<string[]> =>
        (await store.query({ pk: 'p', limit: 100, ...query })).items.map(({ sk }) => sk);

      it('gives one partition in byte order, either way, within inclusive bounds', async () => {
        for (const sk of ['b', 'a', 'd', 'c', 'é', '\u{ffee}', '😀', 'B']) await store.put(item(sk));
        await store.put({ pk: 'other', sk: 'a' });
        expect(await sortKeys({})).toEqual(['B', 'a', 'b', 'c', 'd', 'é', '\u{ffee}', '😀']);
        expect(await sortKeys({ descending: true, to: 'd' })).toEqual(['d', 'c', 'b', 'a', 'B']);
        expect(await sortKeys({ from: 'b', to: 'c' })).toEqual(['b', 'c']);
        expect(await sortKeys({ from: 'd' })).toEqual(['d', 'é', '\u{ffee}', '😀']);
        expect(await sortKeys({ from: 'c', to: 'b' })).toEqual([]);
      });

      it.each([false, true])('pages through everything exactly once (descending: %s)', async (descending) => {
        const all = Array.from({ length: 7 }, (_, n) => `k${n}`);
        for (const sk of all) await store.put(item(sk));
        const found: string[] = [];
        let after: string | undefined;
        for (let pages = 0; pages < 10; pages += 1) {
          const page = await store.query({ pk: 'p', limit: 3, descending, ...(after === undefined ? {} : { after }) });
          expect(page.items.length).toBeLessThanOrEqual(3);
          found.push(...page.items.map(({ sk }) => sk));
          after = page.after;
          if (after === undefined) break;
        }
        expect(found).toEqual(descending ? all.toReversed() : all);
      });

      it('ends a page at 1 MB and goes on after it', async () => {
        for (const sk of ['a', 'b', 'c', 'd']) await store.put(padded(item(sk), 400_000));
        const first = await store.query({ pk: 'p', limit: 100 });
        expect(first.items.length).toBeLessThan(4);
        const second = await store.query({ pk: 'p', limit: 100, after: first.after! });
        expect([...first.items, ...second.items].map(({ sk }) => sk)).toEqual(['a', 'b', 'c', 'd']);
        expect(second.after).toBeUndefined();
      });

      it.each([0, -1, 1.5, 1_001])('refuses a limit of %s', async (limit) => {
        await expect(store.query({ pk: 'p', limit })).rejects.toThrow();
        await expect(store.scan({ limit })).rejects.toThrow();
      });

      it('scans everything exactly once', async () => {
        const keys = ['p1', 'p2', 'p3'].flatMap((pk) => ['a', 'b'].map((sk) => ({ pk, sk })));
        for (const key of keys) await store.put(key);
        const found: Item[] = [];
        let after: { pk: string; sk: string } | undefined;
        for (let pages = 0; pages < 10; pages += 1) {
          const page = await store.scan({ limit: 2, ...(after === undefined ? {} : { after }) });
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
        for (const key of keys) await store.put(key);
        const found: Item[] = [];
        for (const index of [0, 1, 2]) {
          let after: { pk: string; sk: string } | undefined;
          do {
            const page = await store.scan({ limit: 3, segment: { index, of: 3 }, ...(after === undefined ? {} : { after }) });
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
        await expect(store.scan({ limit: 3, segment: { index, of } })).rejects.toThrow();
      });
    });

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
          await store.put(padded(item(`s${bytes}`, base), bytes));
          expect({ bytes, ...lastConsumed() }).toEqual({ bytes, operation: 'put', readUnits: 0, writeUnits });
        }
      });

      it.each([
        [1, 1],
        [4_096, 1],
        [4_097, 2],
        [8_193, 3],
      ])('reads %s bytes for that many units, half of them if not consistent', async (bytes, units) => {
        const stored = bytes === 1 ? item('a') : padded(item('a'), bytes);
        await store.put(stored);
        await store.get(stored, { consistent: true });
        expect(lastConsumed()).toEqual({ operation: 'get', readUnits: units, writeUnits: 0 });
        await store.get(stored);
        expect(lastConsumed()).toEqual({ operation: 'get', readUnits: units / 2, writeUnits: 0 });
      });

      it('charges a read of nothing as one of the smallest item', async () => {
        await store.get(item('a'), { consistent: true });
        expect(lastConsumed().readUnits).toBe(1);
        await store.get(item('a'));
        expect(lastConsumed().readUnits).toBe(0.5);
        await store.query({ pk: 'p', limit: 10 });
        expect(lastConsumed().readUnits).toBe(0.5);
      });

      it('charges a query for the sum of what it read, rounded once', async () => {
        for (const sk of ['a', 'b', 'c']) await store.put(padded(item(sk), 1_366));
        await store.query({ pk: 'p', limit: 10, consistent: true });
        expect(lastConsumed()).toEqual({ operation: 'query', readUnits: 2, writeUnits: 0 });
        await store.query({ pk: 'p', limit: 2, consistent: true });
        expect(lastConsumed().readUnits).toBe(1);
      });

      it('charges a write for the larger of what stood there and what stands there now', async () => {
        await store.put(padded(item('a'), 3_000));
        await store.put(item('a'));
        expect(lastConsumed().writeUnits).toBe(3);
        await store.put(padded(item('a'), 2_500));
        await store.update(item('a'), { set: { pad: 'x' } });
        expect(lastConsumed()).toEqual({ operation: 'update', readUnits: 0, writeUnits: 3 });
        await store.put(padded(item('a'), 2_000));
        await store.delete(item('a'));
        expect(lastConsumed()).toEqual({ operation: 'delete', readUnits: 0, writeUnits: 2 });
        await store.delete(item('a'));
        expect(lastConsumed().writeUnits).toBe(1);
      });

      it('charges a transaction double, item by item', async () => {
        await store.transact([
          { kind: 'put', item: padded(item('a'), 1_024) },
          { kind: 'put', item: padded(item('b'), 1_024) },
          { kind: 'put', item: padded(item('c'), 1_024) },
        ]);
        expect(lastConsumed()).toEqual({ operation: 'transact', readUnits: 0, writeUnits: 6 });
        await store.transact([
          { kind: 'put', item: padded(item('d'), 1_025) },
          { kind: 'update', key: item('a'), change: { set: { pad: 'x' } } },
          { kind: 'check', key: item('b'), condition: { kind: 'present' } },
          { kind: 'delete', key: item('c') },
        ]);
        expect(lastConsumed().writeUnits).toBe(2 * (2 + 1 + 1 + 1));
      });
    });

    describe('the tap', () => {
      it('tells of every acknowledged write and of none that failed', async () => {
        const put: Write = { kind: 'put', item: item('a', { n: 1 }), condition: { kind: 'absent' } };
        await store.put(put.item, { kind: 'absent' });
        await caught(store.put(put.item, { kind: 'absent' }));
        const update: Write = { kind: 'update', key: { pk: 'p', sk: 'a' }, change: { add: { n: 1 } } };
        await store.update(update.key, update.change);
        await caught(store.transact([put, { kind: 'delete', key: item('b') }]));
        const both: Write[] = [
          { kind: 'put', item: item('c') },
          { kind: 'delete', key: { pk: 'p', sk: 'a' } },
        ];
        await store.transact(both);
        await store.delete({ pk: 'p', sk: 'c' });
        expect(committed).toEqual([[put], [update], both, [{ kind: 'delete', key: { pk: 'p', sk: 'c' } }]]);
      });
    });
  });
}
