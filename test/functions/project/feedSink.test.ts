import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { feedSink } from '../../../functions/project/feedSink.ts';
import type { Committed } from '../../../functions/project/project.ts';
import { faultyTable, randomFaults } from '../../../shared/adapters/memory/faults.ts';
import { seededRandomness } from '../../../shared/adapters/memory/random.ts';
import { type MemoryTable, memoryTable } from '../../../shared/adapters/memory/table.ts';
import { outcomes } from '../../../shared/domain/outcome.ts';
import { type TableStore, Throttled, type Write } from '../../../shared/ports/ports.ts';
import { counterKey, countOf, latencyPercentiles, queueAgeOf } from '../../../shared/projection/counters.ts';
import { pageBytesMax, pageEntries, pageEntriesMax, positionOf, slotMs } from '../../../shared/projection/feed.ts';
import { aDecision } from './builders.ts';

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

const sinkOn = (table: TableStore) => {
  const sink = feedSink({
    table,
    clock: { nowMs: () => startMs, sleep: async () => {} },
    randomness: seededRandomness(1),
  });
  return { project: (decisions: readonly Committed[]) => sink.project({ decisions, entries: [] }) };
};

/** A table before whose transactions something happens. */
const whenTransacting = (table: TableStore, happens: (writes: readonly Write[]) => Promise<void>): TableStore => ({
  ...table,
  transact: async (writes) => {
    await happens(writes);
    await table.transact(writes);
  },
});

/** Everything a reader could see: each feed's entries in order, each counter but for its revision. */
const visible = (table: MemoryTable) => {
  const feeds = new Map<string, string[]>();
  const counters = new Map<string, object>();
  for (const item of table.all()) {
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
          const clean = memoryTable();
          expect(await sinkOn(clean).project(batch)).toEqual([]);
          const messy = memoryTable();
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

  it('shows each decision once through conflicts, throttles, lost replies and crashes, delivered until all is done', async () => {
    let faults = 0;
    await fc.assert(
      fc.asyncProperty(batches, fc.nat(), async (batch, seed) => {
        const clean = memoryTable();
        await sinkOn(clean).project(batch);
        const table = memoryTable();
        const randomness = seededRandomness(seed);
        const plan = randomFaults(randomness, {
          conflict: 0.1,
          throttle: 0.1,
          unavailable: 0.1,
          lostBeforeEffect: 0.1,
          lostAfterEffect: 0.2,
          crashBeforeEffect: 0.02,
          crashAfterEffect: 0.02,
        });
        let left: readonly Committed[] = batch;
        for (let delivery = 0; left.length > 0; delivery += 1) {
          expect(delivery).toBeLessThan(50);
          // A process that died does nothing more: the next delivery meets a new one.
          const worker = faultyTable(table, (call) => {
            const fault = delivery < 40 ? plan(call) : 'none';
            if (fault !== 'none') faults += 1;
            return fault;
          });
          const failed = await sinkOn(worker).project(left);
          const first = Math.min(...failed.map(({ position }) => position));
          left = batch.filter(({ position }) => position >= first);
        }
        expect(visible(table)).toEqual(visible(clean));
      }),
      { numRuns: 100 },
    );
    expect(faults).toBeGreaterThan(100);
  });

  it('counts once when another invocation commits an overlapping batch between the read and the write', async () => {
    const table = memoryTable();
    const all = [0, 1, 2, 3].map((id) => committed(id));
    let overtaken = false;
    const slow = whenTransacting(table, async () => {
      if (!overtaken) await sinkOn(table).project(all.slice(1));
      overtaken = true;
    });
    expect(await sinkOn(slow).project(all.slice(0, 3))).toEqual([]);
    const clean = memoryTable();
    await sinkOn(clean).project(all);
    expect(visible(table)).toEqual(visible(clean));
  });

  it('counts what each decision was', async () => {
    const table = memoryTable();
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
    const table = memoryTable();
    await sinkOn(table).project([committed(1), committed(2, { outcome: 1 }), committed(3), committed(4)]);
    const ids = (feed: string) =>
      table
        .all()
        .filter((item) => item.pk.includes(`#${feed}#`))
        .flatMap(pageEntries)
        .map((entry) => entry.transaction.transactionId);
    expect(ids('flagged')).toEqual(['t2', 't3']);
    expect(ids('all')).toEqual(['t1', 't2', 't3', 't4']);
  });

  it('keeps every page within one slot, its bounds, and named by its newest entry', async () => {
    const table = memoryTable();
    const many = Array.from({ length: 3 * pageEntriesMax }, (_, id) => committed(id, { offsetMs: id * 37 }));
    await sinkOn(table).project(many);
    const pages = table.all().filter((item) => item.pk.startsWith('F#'));
    for (const page of pages) {
      const entries = pageEntries(page);
      expect(entries.length).toBeLessThanOrEqual(pageEntriesMax);
      expect(gunzipSync(page.entries as Uint8Array).length).toBeLessThan(pageBytesMax + 100);
      expect((page.entries as Uint8Array).length).toBeLessThan(JSON.stringify(entries).length / 4);
      expect(new Set(entries.map((entry) => Math.floor(entry.decidedAtMs / slotMs))).size).toBe(1);
      expect(page.sk).toBe(entries.map(positionOf).sort().at(-1));
      expect(Number(page.ttl) * 1000).toBeGreaterThan(startMs);
    }
    expect(pages.filter((page) => page.pk.includes('#all#')).flatMap(pageEntries)).toHaveLength(many.length);
  });

  it('names what it could not do and does the rest', async () => {
    const table = memoryTable();
    const throttled = whenTransacting(table, async (writes) => {
      if (JSON.stringify(writes).includes('F#other')) throw new Throttled();
    });
    const failures = await sinkOn(throttled).project([committed(0), committed(1, { tenant: 'other' }), committed(2)]);
    expect(failures).toEqual([{ position: 1, cause: new Throttled() }]);
    expect(visible(table).feeds.get('F#acme#all#2026-11-20')).toHaveLength(2);
  });

  it('gives up after a bounded number of attempts', async () => {
    const table = memoryTable();
    let attempts = 0;
    const throttled = whenTransacting(table, async () => {
      attempts += 1;
      throw new Throttled();
    });
    expect(await sinkOn(throttled).project([committed(0)])).toHaveLength(1);
    expect(attempts).toBe(8);
  });
});
