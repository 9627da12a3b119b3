import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readFeed } from '../../../functions/read/feed.ts';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import { dayMs } from '../../../shared/domain/durations.ts';
import type { Query, TableStore } from '../../../shared/ports/ports.ts';
import { type Feed, type FeedEntry, pageItem, positionOf, slotMs } from '../../../shared/projection/feed.ts';

const nowMs = Date.parse('2026-11-20T00:00:25.000Z');

const entry = (id: string, decidedAtMs: number): FeedEntry => ({
  transaction: {
    transactionId: id,
    userId: 'u',
    accountId: 'a',
    occurredAtMs: 0,
    offsetMinutes: 0,
    amountMinor: 1,
    currency: 'EUR',
  },
  decidedAtMs,
  outcome: 'ALLOW',
  score: 0,
  triggered: 0,
  hits: [],
});

const write = async (table: TableStore, entries: readonly FeedEntry[], feed: Feed = 'all') => {
  const slots = Map.groupBy(entries, ({ decidedAtMs }) => Math.floor(decidedAtMs / slotMs));
  for (const group of slots.values()) await table.put(pageItem('acme', feed, group));
};

interface Bounds {
  readonly fromMs?: number;
  readonly toMs?: number;
}

const read = (
  table: TableStore,
  limit: number,
  before: string | null,
  keep: (entry: FeedEntry) => boolean = () => true,
  bounds: Bounds = {},
) =>
  readFeed(table, {
    tenant: 'acme',
    feed: 'all',
    before,
    ...bounds,
    limit,
    nowMs,
    rows: (found, position) => (keep(found) ? [{ position, row: position }] : []),
  });

const walk = async (table: TableStore, limit: number, between: () => Promise<void> = async () => {}, bounds: Bounds = {}) => {
  const rows: string[] = [];
  for (let before: string | null = null, pages = 0; pages < 1_000; pages += 1) {
    const page = await read(table, limit, before, () => true, bounds);
    expect(page.rows.length).toBeLessThanOrEqual(limit);
    rows.push(...page.rows);
    if (page.before === undefined) return rows;
    before = page.before;
    await between();
  }
  throw new Error('the walk does not end');
};

/** Writers as the stream makes them: each hands in a run of its own, in several batches, so that pages of different writers interleave. */
const writers = fc
  .array(
    fc.array(
      fc.array(
        fc.oneof(
          fc.integer({ min: 0, max: 40_000 }),
          fc.constantFrom(0, 1, 9_999, 10_000, 2 * dayMs, 3 * dayMs, 12 * dayMs, 29 * dayMs),
        ),
        { maxLength: 8 },
      ),
      {
        maxLength: 6,
      },
    ),
    { maxLength: 4 },
  )
  .map((given) =>
    given.map((batches, writer) =>
      batches.map((batch, b) => batch.map((agoMs, i) => entry(`w${writer}.${b}.${i}`, nowMs - agoMs))),
    ),
  );

const fallingPositions = (entries: readonly FeedEntry[]) => entries.map(positionOf).sort().reverse();

describe('the feed reader', () => {
  it('gives what a plain sort gives, page by page, across pages that interleave', async () => {
    await fc.assert(
      fc.asyncProperty(
        writers,
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 3 }),
        async (given, limit, perQuery) => {
          const whole = memoryTable();
          const table = { ...whole, query: (query: Query) => whole.query({ ...query, limit: Math.min(query.limit, perQuery) }) };
          for (const batch of given.flat()) await write(table, batch);
          expect(await walk(table, limit)).toEqual(fallingPositions(given.flat(2)));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('shows what stood at the start once and in order, though entries come in during the walk', async () => {
    await fc.assert(
      fc.asyncProperty(writers, writers, fc.integer({ min: 1, max: 5 }), async (early, late, limit) => {
        const table = memoryTable();
        for (const batch of early.flat()) await write(table, batch);
        const arrivals = late
          .flat()
          .map((batch) => batch.map((one) => entry(`late.${one.transaction.transactionId}`, one.decidedAtMs)));
        const rows = await walk(table, limit, async () => {
          const batch = arrivals.pop();
          if (batch !== undefined) await write(table, batch);
        });
        expect(rows).toEqual([...new Set(rows)].sort().reverse());
        expect(rows.filter((row) => !row.includes('#late.'))).toEqual(fallingPositions(early.flat(2)));
      }),
      { numRuns: 200 },
    );
  });

  it('gives what was decided from a time on and before another, page by page', async () => {
    const agoMs = fc.oneof(
      fc.integer({ min: -600_000, max: 40_000 }),
      fc.constantFrom(0, 1, 10_000, 25_000, 25_001, 2 * dayMs, 12 * dayMs, 40 * dayMs, 20_000 * dayMs),
    );
    const bound = fc.option(agoMs, { nil: undefined });
    await fc.assert(
      fc.asyncProperty(writers, fc.integer({ min: 1, max: 9 }), bound, bound, async (given, limit, fromAgoMs, toAgoMs) => {
        const table = memoryTable();
        for (const batch of given.flat()) await write(table, batch);
        const bounds = {
          ...(fromAgoMs !== undefined && { fromMs: nowMs - fromAgoMs }),
          ...(toAgoMs !== undefined && { toMs: nowMs - toAgoMs }),
        };
        const wanted = given
          .flat(2)
          .filter(({ decidedAtMs }) => decidedAtMs >= (bounds.fromMs ?? 0) && decidedAtMs < (bounds.toMs ?? Infinity));
        expect(await walk(table, limit, undefined, bounds)).toEqual(fallingPositions(wanted));
      }),
      { numRuns: 300 },
    );
  });

  it('reads the days between two times alone, and none that is not kept', async () => {
    const partitions: string[] = [];
    const whole = memoryTable();
    const table = {
      ...whole,
      query: (query: Query) => {
        partitions.push(query.pk.slice(-10));
        return whole.query(query);
      },
    };
    await read(table, 10, null, () => true, { fromMs: nowMs - 3 * dayMs, toMs: nowMs - 2 * dayMs });
    expect(partitions).toEqual(['2026-11-18', '2026-11-17']);
    partitions.length = 0;
    await read(table, 10, null, () => true, { fromMs: 0, toMs: Date.parse('9999-12-31T23:59:59Z') });
    expect(partitions).toHaveLength(31);
  });

  it('has no cursor at the end, even when the last page is full', async () => {
    const table = memoryTable();
    await write(table, [entry('a', nowMs), entry('b', nowMs)]);
    expect(await read(table, 2, null)).toEqual({ rows: fallingPositions([entry('a', nowMs), entry('b', nowMs)]) });
  });

  it('finds what is days old, and not what is beyond its retention', async () => {
    const table = memoryTable();
    await write(table, [entry('kept', nowMs - 30 * dayMs)]);
    await write(table, [entry('expired', nowMs - 31 * dayMs)]);
    expect((await read(table, 10, null)).rows).toEqual([positionOf(entry('kept', nowMs - 30 * dayMs))]);
  });

  it('answers with a cursor after a bounded number of pages when a filter finds little, and goes on from there', async () => {
    const table = memoryTable();
    for (let i = 0; i < 700; i += 1) await write(table, [entry(`x${i}`, nowMs - i * 1_000)]);
    const rare = (found: FeedEntry) => found.transaction.transactionId === 'x699';
    const first = await read(table, 10, null, rare);
    expect(first.rows).toEqual([]);
    expect(first.before).toBeDefined();
    expect(await read(table, 10, first.before!, rare)).toEqual({ rows: [positionOf(entry('x699', nowMs - 699_000))] });
  });

  it('starts a later page near its place, not at the newest', async () => {
    let queries = 0;
    const table = memoryTable({
      onConsumed: ({ operation }) => {
        if (operation === 'query') queries += 1;
      },
    });
    for (let i = 0; i < 200; i += 1) await write(table, [entry(`x${i}`, nowMs - i * 20)]);
    const oldest = positionOf(entry('deep', nowMs - 60_000));
    for (let i = 0; i < 5; i += 1) await write(table, [entry(`old${i}`, nowMs - 60_000 - i)]);
    expect(queries).toBe(0);
    expect((await read(table, 2, oldest)).rows).toHaveLength(2);
    expect(queries).toBe(1);
  });
});
