import { describe, expect, test } from 'vitest';
import { ByteReader, ByteWriter } from '../../../shared/domain/bytes.ts';
import {
  addGap,
  addPayment,
  openSpan,
  type Payment,
  readSpans,
  rowsNeeded,
  type Span,
  windowSums,
  writeSpans,
} from '../../../shared/domain/window.ts';
import { type Arrived, randomStream, runAgainstBruteForce } from '../../support/windowRun.ts';

const t0 = Date.UTC(2026, 0, 1);
const aimBytes = 560;
const paid = (occurredAtMs: number, spendMinor = 1, triggered = 0): Payment => ({
  occurredAtMs,
  spendMinor,
  triggered,
  late: false,
});

const committed = (...times: number[]): Span[] => {
  let spans: Span[] = [];
  let newestMs = Number.NEGATIVE_INFINITY;
  for (const time of times) {
    newestMs = Math.max(newestMs, time);
    spans = addPayment(spans, paid(time), newestMs, aimBytes);
  }
  return spans;
};

describe('windows are (t - W, t]', () => {
  test.each([
    ['60 s before is out of the minute', 60_000, { count1m: 0, count1h: 1, count24h: 1 }],
    ['a millisecond less is in it', 59_999, { count1m: 1, count1h: 1, count24h: 1 }],
    ['an hour before is out of the hour', 3_600_000, { count1m: 0, count1h: 0, count24h: 1 }],
    ['a millisecond less is in it', 3_599_999, { count1m: 0, count1h: 1, count24h: 1 }],
    ['a day before is out of the day', 86_400_000, { count1m: 0, count1h: 0, count24h: 0 }],
    ['a millisecond less is in it', 86_399_999, { count1m: 0, count1h: 0, count24h: 1 }],
    ['the same millisecond is in all', 0, { count1m: 1, count1h: 1, count24h: 1 }],
  ])('%s (%d ms)', (_, aheadMs, expected) => {
    expect(windowSums(committed(t0), { endMs: t0 + aheadMs, newestMs: t0 })).toMatchObject(expected);
  });

  test('sums beyond 2^53-1 read 2^53-1, and become exact again when the large amount has left', () => {
    let spans = addPayment([], paid(t0, Number.MAX_SAFE_INTEGER), t0, aimBytes);
    spans = addPayment(spans, paid(t0 + 1000, 5), t0 + 1000, aimBytes);
    expect(windowSums(spans, { endMs: t0 + 2000, newestMs: t0 + 1000 }).spend24hMinor).toBe(Number.MAX_SAFE_INTEGER);
    expect(windowSums(spans, { endMs: t0 + 86_400_500, newestMs: t0 + 1000 }).spend24hMinor).toBe(5);
  });

  test('a late payment does not see later-dated ones', () => {
    const spans = committed(t0, t0 + 600_000);
    expect(windowSums(spans, { endMs: t0 + 300_000, newestMs: t0 + 600_000 })).toMatchObject({ count1h: 1, count24h: 1 });
  });

  test('what a late payment needs from before the 48 h kept is null', () => {
    const hour = 3_600_000;
    const at = (lateHours: number) => windowSums(committed(t0), { endMs: t0 - lateHours * hour, newestMs: t0 });
    expect(at(24)).toMatchObject({ count24h: 0, count1h: 0 });
    expect(at(24.001)).toMatchObject({ count24h: null, spend24hMinor: null, count1h: 0 });
    expect(at(47.5)).toMatchObject({ count24h: null, count1h: null, count1m: 0 });
    expect(at(48)).toMatchObject({ count24h: null, count1h: null, count1m: null });
  });
});

describe('spans', () => {
  const busy = committed(...Array.from({ length: 400 }, (_, i) => t0 + i * 172_800));
  const newestMs = t0 + 399 * 172_800;

  test('a window edge inside a merged span is never guessed', () => {
    const merged = busy.find((span) => span.count > 1)!;
    const end = { endMs: merged.oldestMs + 86_400_001, newestMs };
    expect(() => windowSums(busy, end)).toThrow('a window edge crosses a span that was not opened');
  });

  test.each([
    ['the oldest payment of a merged span is just out', 'oldestMs', 0, true],
    ['it is just in', 'oldestMs', -1, false],
    ['the newest payment of a merged span is just in', 'newestMs', -1, true],
    ['it is just out', 'newestMs', 0, false],
  ] as const)('when %s, the span is opened: %s%d, %s', (_, name, offsetMs, isOpened) => {
    const merged = busy.find((span) => span.count > 1 && span[name] + 86_400_000 + offsetMs > newestMs)!;
    const end = { endMs: merged[name] + 86_400_000 + offsetMs, newestMs };
    expect(rowsNeeded(busy, 400, end) !== null).toBe(isOpened);
  });

  test("rows that are not the span's own are refused", () => {
    const merged = busy.find((span) => span.count > 1)!;
    const rows = rowsNeeded(busy, 400, { endMs: merged.oldestMs + 86_400_001, newestMs })!;
    expect(() => openSpan(busy, 400, rows.fromSequence, [paid(t0, 1e9)])).toThrow('the rows from sequence');
    expect(() => openSpan(busy, 400, rows.fromSequence + 1, [paid(t0)])).toThrow('no span begins at sequence');
  });

  test('entries that are no payment keep their place in the chain and count nowhere', () => {
    const spans = addPayment(addGap(committed(t0, t0 + 1000)), paid(t0 + 2000), t0 + 2000, aimBytes);
    expect(windowSums(spans, { endMs: t0 + 3000, newestMs: t0 + 2000 }).count24h).toBe(3);
    const writer = new ByteWriter();
    writeSpans(writer, spans, t0 + 2000);
    expect(readSpans(new ByteReader(writer.finish()), t0 + 2000)).toEqual(spans);
  });

  test('entries that are no payment stand in one place until the next payment, none where nothing is kept', () => {
    const twice = addGap(addGap(committed(t0, t0 + 1000)));
    expect(twice.map(({ count, entries }) => [count, entries])).toEqual([
      [1, 1],
      [1, 1],
      [0, 2],
    ]);
    expect(twice.at(-1)).toMatchObject({ oldestMs: t0 + 1000, newestMs: t0 + 1000, loose: false });
    expect(addGap([])).toEqual([]);
  });

  test('what is 48 h older than the newest is not kept', () => {
    const spans = committed(t0, t0 + 1, t0 + 172_800_000);
    expect(spans.map(({ oldestMs }) => oldestMs)).toEqual([t0 + 1, t0 + 172_800_000]);
  });

  test('a merged span with entries that are no payment opens to its own rows', () => {
    const times = Array.from({ length: 120 }, (_, i) => t0 + i * 172_800);
    let spans: Span[] = [];
    for (const [i, time] of times.entries()) {
      spans = addPayment(spans, paid(time, i + 1), time, aimBytes);
      if (i === 20 || i === 21) spans = addGap(addGap(spans));
    }
    const rows: (Payment | null)[] = times.flatMap((time, i) =>
      i === 20 || i === 21 ? [paid(time, i + 1), null, null] : [paid(time, i + 1)],
    );
    const newest = times.at(-1)!;
    const edgeMs = times[21]!;
    const end = { endMs: edgeMs + 86_400_000, newestMs: newest };
    for (let needed = rowsNeeded(spans, rows.length, end); needed; needed = rowsNeeded(spans, rows.length, end))
      spans = openSpan(spans, rows.length, needed.fromSequence, rows.slice(needed.fromSequence - 1, needed.toSequence));
    const inDay = times.map((time, i) => (time > edgeMs ? i + 1 : 0)).filter((amount) => amount > 0);
    expect(windowSums(spans, end)).toMatchObject({
      count24h: inDay.length,
      spend24hMinor: inDay.reduce((sum, amount) => sum + amount, 0),
    });
  });

  test('rows of a whole span that lack a payment are refused', () => {
    const merged = busy.find((span) => span.count > 1)!;
    let first = 400 - busy.reduce((sum, { entries }) => sum + entries, 0) + 1;
    for (const span of busy) {
      if (span === merged) break;
      first += span.entries;
    }
    const nothing = new Array<null>(merged.entries).fill(null);
    expect(() => openSpan(busy, 400, first, nothing)).toThrow(
      `the span at sequence ${first} has ${merged.count} payments, its rows 0`,
    );
    expect(() => openSpan(busy, 400, first, [...nothing, null])).toThrow('no span begins at sequence');
    expect(() => openSpan(busy, 400, first, [])).toThrow('no span begins at sequence');
  });
});

describe('random streams against brute force, the codec between any two steps', () => {
  test.each(Array.from({ length: process.env.AEGIS_FEWER_SEEDS ? 10 : 60 }, (_, seed) => seed))(
    'seed %d agrees at every one of 500 steps',
    (seed) => {
      expect(runAgainstBruteForce(randomStream(seed, 500)).mismatches).toEqual([]);
    },
  );

  const length = process.env.AEGIS_FEWER_SEEDS ? 800 : 4_000;
  test(`an account of ${length} payments in 32 hours, a burst in the middle, agrees at every step in bounded space`, () => {
    const gapMs = 115_200_000 / length;
    const stream: Arrived[] = Array.from({ length }, (_, i) => ({
      occurredAtMs: t0 + i * gapMs - (gapMs - 800) * Math.min(Math.max(i - length / 2, 0), length / 4),
      spendMinor: i % 997,
      triggered: i % 50 === 0 ? 3 : 0,
    }));
    const figures = runAgainstBruteForce(stream);
    expect(figures.mismatches).toEqual([]);
    expect(figures.spansMax).toBeLessThanOrEqual(320);
  });
});
