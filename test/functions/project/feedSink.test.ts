import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { feedSink } from '../../../functions/project/feedSink.ts';
import type { Committed } from '../../../functions/project/project.ts';
import { outcomes } from '../../../shared/domain/outcome.ts';
import { OutcomeUnknown, Throttled } from '../../../shared/ports.ts';
import { counterKey, countOf, latencyPercentiles, queueAgeOf } from '../../../shared/projection/counters.ts';
import { pageBytesMax, pageEntries, pageEntriesMax, positionOf, slotMs } from '../../../shared/projection/feed.ts';
import { aDecision } from './builders.ts';
import { FakeTable } from './fakeTable.ts';

const startMs = Date.parse('2026-11-20T23:59:30.000Z');

const committed = (
  id: number,
  given: Partial<{ offsetMs: number; tenant: string; outcome: number; queueAgeMs: number | null }> = {},
): Committed => {
  const { offsetMs = 0, tenant = 'acme', outcome = 0, queueAgeMs = null } = given;
  return {
    position: id,
    tenant,
    queueAgeMs,
    decision: aDecision({
      transaction: { transactionId: `t${id}` },
      receivedAtMs: startMs + offsetMs - 5 * (id % 7),
      decidedAtMs: startMs + offsetMs,
      outcome: outcomes[outcome]!,
      triggered: id % 3 === 0 ? 0b10 : 0,
      reasons: id % 3 === 0 ? [{ signal: 'TXN_VELOCITY_1H', value: 14, threshold: 10, points: 45, usual: 2 }] : [],
    }),
  };
};

const sinkOn = (table: FakeTable, fraction = () => 0) =>
  feedSink({
    table,
    clock: { nowMs: () => startMs, sleep: async () => {} },
    randomness: { bytes: () => new Uint8Array(), fraction },
  });

/** Everything a reader could see: each feed's entries in order, each counter but for its revision. */
const visible = (table: FakeTable) => {
  const feeds = new Map<string, string[]>();
  const counters = new Map<string, object>();
  for (const item of table.items.values()) {
    if (item.pk.startsWith('F#')) {
      const entries = pageEntries(item).map((entry) => `${positionOf(entry)} ${JSON.stringify(entry)}`);
      feeds.set(item.pk, [...(feeds.get(item.pk) ?? []), ...entries].sort());
    } else {
      const { revision: _, ...figures } = item;
      counters.set(`${item.pk} ${item.sk}`, figures);
    }
  }
  return { feeds, counters };
};

const batches = fc
  .array(
    fc.record({
      offsetMs: fc.oneof(fc.integer({ min: 0, max: 60_000 }), fc.constantFrom(0, 9_999, 10_000, 29_999, 30_000)),
      tenant: fc.constantFrom('acme', 'other'),
      outcome: fc.integer({ min: 0, max: 2 }),
      queueAgeMs: fc.option(fc.integer({ min: 0, max: 50 })),
    }),
    { minLength: 1, maxLength: 40 },
  )
  .map((given) => given.map((record, id) => committed(id, record)));

/** A delivery is any selection of the records, in any order, repeats included. */
const deliveries = (size: number) =>
  fc.array(fc.array(fc.integer({ min: 0, max: size - 1 }), { minLength: 1, maxLength: size }), { maxLength: 6 });

describe('the feed sink', () => {
  it('shows each decision once, however batches are repeated, bisected, overlapped and shuffled', async () => {
    await fc.assert(
      fc.asyncProperty(
        batches.chain((batch) => fc.tuple(fc.constant(batch), deliveries(batch.length))),
        async ([batch, selections]) => {
          const clean = new FakeTable();
          expect(await sinkOn(clean).project(batch)).toEqual([]);
          const messy = new FakeTable();
          for (const selection of selections) {
            expect(await sinkOn(messy).project(selection.map((index) => batch[index]!))).toEqual([]);
          }
          expect(await sinkOn(messy).project(batch)).toEqual([]);
          expect(visible(messy)).toEqual(visible(clean));
        },
      ),
      { numRuns: 150 },
    );
  });

  it('shows each decision once when replies are lost after the commit', async () => {
    await fc.assert(
      fc.asyncProperty(batches, fc.infiniteStream(fc.boolean()), async (batch, losses) => {
        const clean = new FakeTable();
        await sinkOn(clean).project(batch);
        const lossy = new FakeTable();
        let lost = 0;
        lossy.afterTransact = () => {
          if (lost < 5 && losses.next().value) {
            lost += 1;
            throw new OutcomeUnknown();
          }
        };
        expect(await sinkOn(lossy).project(batch)).toEqual([]);
        expect(visible(lossy)).toEqual(visible(clean));
      }),
      { numRuns: 50 },
    );
  });

  it('counts once when another invocation commits an overlapping batch between the read and the write', async () => {
    const table = new FakeTable();
    const all = [0, 1, 2, 3].map((id) => committed(id));
    table.beforeTransact = async () => {
      table.beforeTransact = () => {};
      await sinkOn(table).project(all.slice(1));
    };
    expect(await sinkOn(table).project(all.slice(0, 3))).toEqual([]);
    const clean = new FakeTable();
    await sinkOn(clean).project(all);
    expect(visible(table)).toEqual(visible(clean));
  });

  it('counts what each decision was', async () => {
    const table = new FakeTable();
    await sinkOn(table).project([
      committed(1),
      committed(2, { outcome: 2, queueAgeMs: 40 }),
      committed(3, { outcome: 1, queueAgeMs: 30, offsetMs: 5_005 }),
      committed(4),
    ]);
    const counter = await table.get(counterKey('acme', startMs));
    expect(['ALLOW', 'REVIEW', 'BLOCK'].map((name) => countOf(counter!, name as 'ALLOW'))).toEqual([2, 1, 1]);
    expect(latencyPercentiles([counter!], [0, 0.5, 1])).toEqual([5, 10, 20]);
    expect(queueAgeOf(counter)).toEqual({ atMs: startMs + 5_000, ageMs: 30 });
  });

  it('flags what triggered a signal or is not ALLOW, and nothing else', async () => {
    const table = new FakeTable();
    await sinkOn(table).project([committed(1), committed(2, { outcome: 1 }), committed(3), committed(4)]);
    const ids = (feed: string) =>
      [...table.items.values()]
        .filter((item) => item.pk.includes(`#${feed}#`))
        .flatMap(pageEntries)
        .map((entry) => entry.transaction.transactionId);
    expect(ids('flagged')).toEqual(['t2', 't3']);
    expect(ids('all')).toEqual(['t1', 't2', 't3', 't4']);
  });

  it('keeps every page within one slot, its bounds, and named by its newest entry', async () => {
    const table = new FakeTable();
    const many = Array.from({ length: 3 * pageEntriesMax }, (_, id) => committed(id, { offsetMs: id * 37 }));
    await sinkOn(table).project(many);
    const pages = [...table.items.values()].filter((item) => item.pk.startsWith('F#'));
    for (const page of pages) {
      const entries = pageEntries(page);
      expect(entries.length).toBeLessThanOrEqual(pageEntriesMax);
      expect(String(page.entries).length).toBeLessThan(pageBytesMax + 100);
      expect(new Set(entries.map((entry) => Math.floor(entry.decidedAtMs / slotMs))).size).toBe(1);
      expect(page.sk).toBe(entries.map(positionOf).sort().at(-1));
      expect(Number(page.ttl) * 1000).toBeGreaterThan(startMs);
    }
    expect(pages.filter((page) => page.pk.includes('#all#')).flatMap(pageEntries)).toHaveLength(many.length);
  });

  it('names what it could not do and does the rest', async () => {
    const table = new FakeTable();
    table.beforeTransact = (writes) => {
      if (JSON.stringify(writes).includes('F#other')) throw new Throttled();
    };
    const failures = await sinkOn(table).project([committed(0), committed(1, { tenant: 'other' }), committed(2)]);
    expect(failures).toEqual([{ position: 1, cause: new Throttled() }]);
    expect(visible(table).feeds.get('F#acme#all#2026-11-20')).toHaveLength(2);
  });

  it('gives up after a bounded number of attempts', async () => {
    const table = new FakeTable();
    let attempts = 0;
    table.beforeTransact = () => {
      attempts += 1;
      throw new Throttled();
    };
    expect(await sinkOn(table).project([committed(0)])).toHaveLength(1);
    expect(attempts).toBe(8);
  });
});
