import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { memoryObjects } from '../../shared/adapters/memory/objects.ts';
import { memoryTable } from '../../shared/adapters/memory/table.ts';
import type { Consumed, Item, TableStore } from '../../shared/ports/ports.ts';
import { firstOf, itemPage, listedKeys, queryItems, scanItems } from '../../shared/store/pages.ts';

const sk = (n: number): string => String(n).padStart(3, '0');

/** A table with `count` items in one partition; `queries` counts what is asked of it. */
const filled = async (count: number) => {
  const operations: Consumed['operation'][] = [];
  const table = memoryTable({ onConsumed: ({ operation }) => operations.push(operation) });
  for (let n = 1; n <= count; n++) await table.put({ pk: 'p', sk: sk(n), n });
  return { table, queries: () => operations.filter((operation) => operation === 'query').length };
};

const numbers = (items: readonly Item[]) => items.map(({ n }) => n);
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

describe('all items of a query', () => {
  test.each([
    ['none', 0],
    ['a page that is not full', 2],
    ['exactly one page', 3],
    ['several pages', 10],
  ])('are read: %s', async (_, count) => {
    const { table } = await filled(count);
    expect(numbers(await Array.fromAsync(queryItems(table, { pk: 'p', limit: 3 })))).toEqual(upTo(count));
  });

  test('are read no further than they are asked for', async () => {
    const { table, queries } = await filled(10);
    expect(numbers(await firstOf(queryItems(table, { pk: 'p', limit: 3 }), 3))).toEqual([1, 2, 3]);
    expect(queries()).toBe(1);
    expect(await firstOf(queryItems(table, { pk: 'p', limit: 3 }), 0)).toEqual([]);
    expect(queries()).toBe(1);
  });

  test.each([
    ['fit the limit of pages', 6, null],
    ['exceed the limit of pages', 7, 'too many'],
  ])('%s', async (_, count, error) => {
    const { table } = await filled(count);
    const items = Array.fromAsync(queryItems(table, { pk: 'p', limit: 3 }, { pagesMax: 2, beyond: 'too many' }));
    if (error === null) expect(numbers(await items)).toEqual(upTo(count));
    else await expect(items).rejects.toThrow(new RangeError(error));
  });

  test('of the whole table, and all keys of a bucket', async () => {
    const { table } = await filled(5);
    const sorted = (await Array.fromAsync(scanItems(table, 2))).map((item) => item.sk).sort();
    expect(sorted).toEqual(upTo(5).map(sk));
    const objects = memoryObjects();
    for (const n of upTo(5)) await objects.put(`k/${n}`, new Uint8Array([n]));
    expect(await Array.fromAsync(listedKeys(objects, 'k/', 2))).toEqual([['k/1', 'k/2'], ['k/3', 'k/4'], ['k/5']]);
  });
});

describe('pages for an answer', () => {
  const isEven = ({ n }: Item): boolean => Number(n) % 2 === 0;

  test('follow each other without a gap or a repeat, and the last has no place to go on', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          stored: fc.nat(30),
          count: fc.integer({ min: 1, max: 8 }),
          limit: fc.integer({ min: 1, max: 12 }),
          descending: fc.boolean(),
          filters: fc.boolean(),
        }),
        async ({ stored, count, limit, descending, filters }) => {
          const { table } = await filled(stored);
          const isWanted = filters ? isEven : () => true;
          const expected = upTo(stored).filter((n) => !filters || n % 2 === 0);
          const found: unknown[] = [];
          let after: string | undefined;
          for (let pages = 0; ; pages++) {
            expect(pages).toBeLessThanOrEqual(stored);
            const query = { pk: 'p', limit, descending, ...(after !== undefined && { after }) };
            const page = await itemPage(table, { query, count, queriesMax: 100, isWanted });
            expect(page.items.length).toBe(Math.min(count, expected.length - found.length));
            found.push(...numbers(page.items));
            after = page.after;
            if (after === undefined) break;
          }
          expect(found).toEqual(descending ? expected.toReversed() : expected);
        },
      ),
      { numRuns: 150 },
    );
  });

  test('end with what was found when a page took its queries', async () => {
    const { table, queries } = await filled(20);
    const page = await itemPage(table, { query: { pk: 'p', limit: 2 }, count: 1, queriesMax: 3, isWanted: ({ n }) => n === 9 });
    expect(page).toEqual({ items: [], after: sk(6) });
    expect(queries()).toBe(3);
  });

  test('fail as the table fails', async () => {
    const broken: TableStore = { ...memoryTable(), query: () => Promise.reject(new Error('no store')) };
    await expect(itemPage(broken, { query: { pk: 'p', limit: 2 }, count: 1, queriesMax: 3 })).rejects.toThrow('no store');
  });
});
