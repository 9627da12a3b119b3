import { describe, expect, test } from 'vitest';
import { ByteReader, ByteWriter } from '../../../shared/domain/bytes.ts';
import {
  addGap,
  addPayment,
  dayMs,
  hourMs,
  lateMs,
  minuteMs,
  openSpan,
  type Payment,
  readSpans,
  rowsNeeded,
  type Span,
  singleSpan,
  windowSums,
  writeSpans,
} from '../../../shared/domain/window.ts';

const nowMs = Date.UTC(2026, 0, 10);
const amountMax = Number.MAX_SAFE_INTEGER;
const nothing = new Array<number>(9).fill(0);

const payment = (occurredAtMs: number, change: Partial<Payment> = {}): Payment => ({
  occurredAtMs,
  spendMinor: 1,
  triggered: 0,
  late: false,
  ...change,
});
const single = (agoMs: number, change: Partial<Payment> = {}): Span => singleSpan(payment(nowMs - agoMs, change));
/** Ten payments, the first and the last this long ago. */
const merged = (fromAgoMs: number, toAgoMs: number, change: Partial<Span> = {}): Span => ({
  count: 10,
  entries: 10,
  oldestMs: nowMs - fromAgoMs,
  newestMs: nowMs - toAgoMs,
  spendMinor: 10,
  triggered: 0,
  triggers: null,
  loose: false,
  ...change,
});
const gap = (agoMs: number, entries = 1): Span => ({ ...single(agoMs), count: 0, entries, spendMinor: 0 });
/** So many single payments, a second between them, the last one this long ago. */
const singles = (count: number, lastAgoMs: number, change: Partial<Payment> = {}): Span[] =>
  Array.from({ length: count }, (_, i) => single(lastAgoMs + (count - 1 - i) * 1000, change));
const ones = (count: number): number[] => new Array<number>(count).fill(1);

const added = (spans: readonly Span[], sizeAimBytes: number): Span[] => addPayment(spans, payment(nowMs), nowMs, sizeAimBytes);
const countsOf = (spans: readonly Span[]): number[] => spans.map(({ count }) => count);

describe('payments stay one by one up to the size aimed at', () => {
  const before = singles(20, 2 * hourMs);
  const merges = (spans: readonly Span[], sizeAimBytes: number): boolean =>
    String(countsOf(added(spans, sizeAimBytes))) !== String([...countsOf(spans), 1]);

  test.each([
    ['one that triggered nothing takes 6.5 bytes', before, 21 * 6.5],
    ['one that triggered takes 9.5', singles(20, 2 * hourMs, { triggered: 1 }), 20 * 9.5 + 6.5],
    ['ten as one take 14', [merged(3 * hourMs, 2.5 * hourMs), ...before], 14 + 21 * 6.5],
    [
      'ten as one of which some triggered take 18',
      [merged(3 * hourMs, 2.5 * hourMs, { triggers: [1, ...nothing.slice(1)] }), ...before],
      18 + 21 * 6.5,
    ],
    ['late ones are merged at twice the size alone: 9.5 each', singles(20, 2 * hourMs, { late: true }), (20 * 9.5 + 6.5) / 2],
  ])('%s', (_, spans, sizeBytes) => {
    expect(merges(spans, sizeBytes)).toBe(false);
    expect(merges(spans, sizeBytes - 0.25)).toBe(true);
  });
});

describe('what is merged', () => {
  const outside = 2 * hourMs;
  const inHour = 30 * minuteMs;
  test.each<[string, Span[], number, number[]]>([
    ['eight payments that have left the hour', singles(8, outside), 1, [8, 1]],
    ['not seven', singles(7, outside), 1, [...ones(7), 1]],
    ['of forty the youngest 32', singles(40, outside), 1, [...ones(8), 32, 1]],
    ['of the hour nothing', singles(20, inHour), 1, [...ones(20), 1]],
    ['a payment leaves the hour after exactly an hour', singles(8, hourMs), 1, [8, 1]],
    ['and not a millisecond before', singles(8, hourMs - 1), 1, [...ones(8), 1]],
    ['of an hour of 144 nothing, the new one included', singles(143, minuteMs), 560, [...ones(143), 1]],
    ['of an hour of 145 the oldest 32', singles(144, minuteMs), 560, [32, ...ones(112), 1]],
    ['after a merged span', [merged(4 * hourMs, 3 * hourMs), ...singles(8, outside)], 1, [10, 8, 1]],
    [
      'not what was opened before the first merged span',
      [...singles(10, 4 * hourMs), merged(3 * hourMs, 2 * hourMs)],
      1,
      [...ones(10), 10, 1],
    ],
    ['an aged span is no first merged span', [merged(30 * hourMs, 29 * hourMs), ...singles(8, outside)], 1, [10, 8, 1]],
    [
      'a merged span that begins with the day is one',
      [...singles(8, outside), merged(dayMs - 1, hourMs)],
      1,
      [...ones(8), 10, 1],
    ],
    [
      'a merged span that begins a millisecond before the day is none',
      [...singles(8, outside), merged(dayMs, hourMs)],
      1,
      [8, 10, 1],
    ],
    [
      'not over a late one: the younger run is too short, the older is taken',
      [...singles(8, outside + hourMs), single(outside + 10 * minuteMs, { late: true }), ...singles(7, outside)],
      50,
      [8, 1, ...ones(7), 1],
    ],
    [
      'late ones when the size is twice what is aimed at, and no merged span with them',
      [merged(4 * hourMs, 3 * hourMs), ...singles(8, outside, { late: true })],
      1,
      [10, 8, 1],
    ],
    ['over entries that are no payment', [...singles(4, outside + hourMs), gap(outside), ...singles(3, outside)], 1, [7, 1]],
  ])('%s', (_, spans, sizeAimBytes, counts) => {
    expect(countsOf(added(spans, sizeAimBytes))).toEqual(counts);
  });

  const spread = (counts: readonly number[], change: (i: number) => Partial<Span> = () => ({})): Span[] =>
    counts.map((count, i) =>
      merged(20 * hourMs - i * hourMs, 19.5 * hourMs - i * hourMs, { count, entries: count, ...change(i) }),
    );
  const equal = (spans: number): number[] => new Array<number>(spans).fill(20);
  const hour = singles(60, minuteMs);
  const nine = [20, 20, 20, 9, 8, 20, 20, 20, 20];

  test.each<[string, Span[], number, number[]]>([
    ['eight merged spans stay', spread(nine.slice(1)), 400, nine.slice(1)],
    ['of nine the two neighbours that hold the fewest become one', spread(nine), 400, [20, 20, 20, 17, 20, 20, 20, 20]],
    ['the first two of equals', spread(equal(9)), 400, [40, ...equal(7)]],
    ['where there is less room than 400 bytes, four stay', spread(nine), 399, [40, 37, 40, 40]],
    ['those of one order before those of two', spread(nine, (i) => ({ loose: i === 4 })), 400, [20, 20, 29, 8, 20, 20, 20, 20]],
    [
      'those of two orders when no others are left',
      spread(nine, (i) => ({ loose: i % 2 === 0 })),
      400,
      [20, 20, 20, 17, 20, 20, 20, 20],
    ],
    [
      'never across the edge of the hour',
      [...spread(equal(7)), merged(61 * minuteMs, hourMs, { count: 5 }), merged(hourMs - 1, 50 * minuteMs, { count: 5 })],
      400,
      [20, 20, 20, 20, 20, 20, 25, 5],
    ],
    [
      'within the hour',
      [...spread(equal(7)), merged(hourMs - 1, 50 * minuteMs), merged(49 * minuteMs, 40 * minuteMs)],
      400,
      [20, 20, 20, 20, 20, 20, 20, 20],
    ],
    [
      'aged ones are counted apart',
      [merged(30 * hourMs, 29 * hourMs), merged(28 * hourMs, 27 * hourMs), ...spread(nine.slice(1))],
      400,
      [10, 10, ...nine.slice(1)],
    ],
    [
      'one that begins before the day is left alone',
      [merged(dayMs, 23 * hourMs, { count: 2 }), ...spread(equal(9))],
      400,
      [2, 40, ...equal(7)],
    ],
    ['a single payment is left alone', [single(23 * hourMs), ...spread(equal(9))], 400, [1, 40, ...equal(7)]],
    [
      'one that begins with the edge of the hour is across it',
      [...spread(equal(7)), merged(hourMs, 50 * minuteMs, { count: 5 }), merged(49 * minuteMs, 40 * minuteMs, { count: 5 })],
      400,
      [40, ...equal(5), 5, 5],
    ],
    [
      'the first two where they alone are of one order',
      spread([20, 20, 5, 5, 5, 5, 5, 5, 5], (i) => ({ loose: i > 0 && i % 2 === 0 })),
      400,
      [40, 5, 5, 5, 5, 5, 5, 5],
    ],
    [
      'none where none are neighbours',
      spread(equal(9)).flatMap((span) => [span, singleSpan(payment(span.newestMs))]),
      400,
      equal(9).flatMap((count) => [count, 1]),
    ],
  ])('of merged spans: %s', (_, spans, sizeAimBytes, counts) => {
    expect(countsOf(added([...spans, ...hour], sizeAimBytes))).toEqual([...counts, ...ones(61)]);
  });

  test.each<[string, Span[], number[]]>([
    ['of five, those that hold the fewest until two are left', singles(5, 30 * hourMs), [2, 3]],
    ['two stay', singles(2, 30 * hourMs), [1, 1]],
    ['a payment is aged after exactly a day', singles(3, dayMs), [2, 1]],
    ['and not a millisecond before', singles(3, dayMs - 1), [1, 1, 1]],
  ])('of what is older than a day: %s', (_, spans, counts) => {
    expect(countsOf(added(spans, 1))).toEqual([...counts, 1]);
  });

  test('of what is older than a day: nothing while there is room', () => {
    expect(countsOf(added(singles(5, 30 * hourMs), 6 * 6.5))).toEqual(ones(6));
  });

  test('of the last day: nothing when there is room once the older is merged', () => {
    const spans = [...singles(20, 30 * hourMs), ...singles(8, outside)];
    const sizeBytes = 2 * 14 + 9 * 6.5;
    expect(countsOf(added(spans, sizeBytes)).slice(2)).toEqual(ones(9));
    expect(countsOf(added(spans, sizeBytes - 0.25)).slice(2)).toEqual([8, 1]);
  });

  test.each([
    ['320 spans stay', 318, [...ones(318), 10, 1]],
    ['of 321 the oldest 32 become one', 319, [32, ...ones(287), 10, 1]],
  ])('however payments lie: %s', (_, opened, counts) => {
    const spans = [...singles(opened, 5 * hourMs), merged(3 * hourMs, 2 * hourMs)];
    expect(countsOf(added(spans, 560))).toEqual(counts);
  });
});

describe('a merged span', () => {
  const aged = 30 * hourMs;
  const first = (...spans: Span[]): Span => added([...spans, single(aged - hourMs)], 1)[0]!;

  test('has the sums, the bounds and the triggers of its payments', () => {
    const late = single(aged + minuteMs, { triggered: 0b1_0000_0001, spendMinor: 7, late: true });
    expect(first(single(aged, { triggered: 1, spendMinor: 5 }), late)).toEqual({
      count: 2,
      entries: 2,
      oldestMs: nowMs - aged - minuteMs,
      newestMs: nowMs - aged,
      spendMinor: 12,
      triggered: 0,
      triggers: [2, 0, 0, 0, 0, 0, 0, 0, 1],
      loose: true,
    });
  });

  test('of which nothing triggered keeps no triggers, and its sum stops at 2^53-1', () => {
    const both = first(single(aged, { spendMinor: amountMax }), single(aged));
    expect(both).toMatchObject({ spendMinor: amountMax, triggered: 0, triggers: null, loose: false });
  });

  test('of one payment and entries that are none is as exact as the payment', () => {
    const one = single(aged, { triggered: 5, spendMinor: 7 });
    expect(first(gap(aged + hourMs, 2), one)).toEqual({ ...one, entries: 3 });
  });

  test('of no payment stands where its first entry stood', () => {
    expect(first(gap(aged + hourMs, 2), gap(aged, 3))).toEqual(gap(aged + hourMs, 5));
  });

  test('of merged spans adds their triggers', () => {
    const some = merged(aged + hourMs, aged, { triggers: [1, 2, 3, 0, 0, 0, 0, 0, 4], count: 2, entries: 3 });
    const third = merged(aged - hourMs, aged - hourMs);
    const more = added([some, { ...some, triggers: [4, 0, 0, 0, 0, 1, 0, 0, 0] }, third], 1)[0];
    expect(more).toMatchObject({ count: 4, entries: 6, triggers: [5, 2, 3, 0, 0, 1, 0, 0, 4] });
  });
});

describe('the rows that are read to open a span', () => {
  const crossed = (change: Partial<Span>): Span => merged(dayMs + hourMs, dayMs - hourMs, change);
  const end = { endMs: nowMs, newestMs: nowMs };
  const rowsOf = (span: Span, at = end) => rowsNeeded([gap(40 * hourMs, 3), span, single(0)], 1_000, at);
  /** The entry that the span begins with: 1,000 are committed, one after it. */
  const from = (entries: number): number => 1_000 - entries;

  test.each([
    ['eight of twenty', { count: 20, entries: 20 }, 8],
    ['eight of nine: what is left is the last payment', { count: 9, entries: 9 }, 8],
    ['all but the last of five', { count: 5, entries: 5 }, 4],
    ['one of two', { count: 2, entries: 2 }, 1],
    ['all of five in no order', { count: 5, entries: 5, loose: true }, 5],
    ['all of five whose sum has stopped at 2^53-1', { count: 5, entries: 5, spendMinor: amountMax }, 5],
    ['all of five with an entry between them that is none', { count: 5, entries: 6 }, 6],
    ['500 of more in no order', { count: 501, entries: 501, loose: true }, 500],
  ])('are %s', (_, change, rows) => {
    const span = crossed(change);
    const fromSequence = from(span.entries);
    expect(rowsOf(span)).toEqual({ fromSequence, toSequence: fromSequence + rows - 1 });
  });

  test('are all of five for a late payment', () => {
    const fromSequence = from(5);
    const late = { endMs: nowMs - hourMs, newestMs: nowMs };
    expect(rowsOf(merged(hourMs + 1, minuteMs, { count: 5, entries: 5 }), late)).toEqual({ fromSequence, toSequence: 999 });
  });

  test.each([
    ['the minute', minuteMs],
    ['the hour', hourMs],
    ['the day', dayMs],
  ])('are needed where the edge of %s runs through a span', (_, windowMs) => {
    expect(rowsOf(merged(windowMs, windowMs - 1))).not.toBeNull();
    expect(rowsOf(merged(windowMs - 1, windowMs - 2))).toBeNull();
    expect(rowsOf(merged(windowMs + 1, windowMs))).toBeNull();
  });

  test.each([
    ['a late payment does not see what is newer', { endMs: nowMs - hourMs / 2, newestMs: nowMs }, hourMs / 2, false],
    ['a payment in order has nothing newer', { endMs: nowMs - hourMs / 2, newestMs: nowMs - hourMs / 2 }, hourMs / 2, true],
    [
      'a payment so late that no window can be told needs nothing',
      { endMs: nowMs - 2 * dayMs, newestMs: nowMs },
      2 * dayMs,
      true,
    ],
  ])('%s', (_, at, agoMs, isNone) => {
    expect(rowsOf(merged(agoMs, agoMs - 1), at) === null).toBe(isNone);
  });

  test('of many payments in one millisecond are never needed', () => {
    expect(rowsOf(merged(hourMs, hourMs))).toBeNull();
  });
});

describe('a span that was opened in part', () => {
  const mergedOf = (change: Partial<Span> = {}): Span =>
    merged(2 * hourMs, hourMs, { count: 4, entries: 4, spendMinor: 100, triggers: [2, 1, 0, 0, 0, 0, 0, 0, 0], ...change });
  const opened = (span: Span, ...rows: (Payment | null)[]): Span[] => openSpan([gap(3 * hourMs), span, single(0)], 6, 2, rows);
  const row = (agoMs: number, change: Partial<Payment> = {}): Payment => payment(nowMs - agoMs, { spendMinor: 10, ...change });

  test('stands between its neighbours: rows, and what they leave', () => {
    const rows = [row(2 * hourMs, { triggered: 1 }), row(1.5 * hourMs)];
    expect(opened(mergedOf(), ...rows)).toEqual([
      gap(3 * hourMs),
      singleSpan(rows[0]!),
      singleSpan(rows[1]!),
      {
        count: 2,
        entries: 2,
        oldestMs: nowMs - 1.5 * hourMs - lateMs + 1,
        newestMs: nowMs - hourMs,
        spendMinor: 80,
        triggered: 0,
        triggers: [1, 1, 0, 0, 0, 0, 0, 0, 0],
        loose: false,
      },
      single(0),
    ]);
  });

  test.each<[string, Partial<Span>, Payment[], Partial<Span>]>([
    ['no older than the span', {}, [row(2 * hourMs)], { oldestMs: nowMs - 2 * hourMs }],
    ['no newer than the span', {}, [row(hourMs - lateMs)], { oldestMs: nowMs - hourMs, loose: true }],
    ['in no order once the newest was read', {}, [row(hourMs)], { oldestMs: nowMs - hourMs - lateMs + 1, loose: true }],
    ['in order until then', {}, [row(hourMs + 1)], { oldestMs: nowMs - hourMs - lateMs, loose: false }],
    ['where times are in no order as old as the span', { loose: true }, [row(1.5 * hourMs)], { oldestMs: nowMs - 2 * hourMs }],
    ['without triggers when all were read', { triggers: null }, [row(2 * hourMs)], { triggers: null, triggered: 0 }],
    ['of a sum that has stopped at 2^53-1 it too', { spendMinor: amountMax }, [row(2 * hourMs)], { spendMinor: amountMax }],
    [
      'the newest of the rows counts',
      {},
      [row(1.2 * hourMs), row(1.5 * hourMs)],
      { oldestMs: nowMs - 1.2 * hourMs - lateMs + 1 },
    ],
  ])('leaves a rest %s', (_, span, rows, rest) => {
    expect(opened(mergedOf(span), ...rows).at(-2)).toMatchObject(rest);
  });

  const three = [row(2 * hourMs, { triggered: 3 }), row(1.9 * hourMs), row(1.8 * hourMs)];
  test('leaves the last payment as exactly as a row', () => {
    const last = singleSpan(payment(nowMs - hourMs, { spendMinor: 70, triggered: 1 }));
    expect(opened(mergedOf(), ...three).at(-2)).toEqual(last);
  });

  test('leaves the last payment beside an entry that is none as a span', () => {
    const rest = openSpan([mergedOf({ entries: 5 }), single(0)], 6, 1, three)[3]!;
    expect(rest).toMatchObject({
      count: 1,
      entries: 2,
      newestMs: nowMs - hourMs,
      triggered: 0,
      triggers: [1, ...nothing.slice(1)],
    });
    expect(rest.oldestMs).toBeLessThan(rest.newestMs);
  });

  test('leaves the last payment as a span when times are in no order', () => {
    const rest = opened(mergedOf({ loose: true }), ...three).at(-2)!;
    expect(rest).toMatchObject({ count: 1, entries: 1, oldestMs: nowMs - 2 * hourMs, newestMs: nowMs - hourMs, loose: true });
  });

  test('holds entries that are no payment where the row before them stood, the first where the span began', () => {
    const rows = [null, row(1.5 * hourMs), row(1.4 * hourMs), null];
    const gaps = openSpan([mergedOf({ entries: 6 })], 6, 1, rows).filter(({ count }) => count === 0);
    expect(gaps).toEqual([gap(2 * hourMs), gap(1.4 * hourMs)]);
  });

  test.each<[string, Span, (Payment | null)[], string]>([
    ['more payments', mergedOf({ count: 1 }), [row(hourMs), row(hourMs)], 'the rows from sequence 2 are not those of the span'],
    ['a larger sum', mergedOf(), [row(hourMs, { spendMinor: 101 })], 'the rows from sequence 2 are not those of the span'],
    ['other triggers', mergedOf(), [row(hourMs, { triggered: 4 })], 'the rows from sequence 2 are not those of the span'],
    ['fewer payments', mergedOf(), [...three, null], 'the span at sequence 2 has 4 payments, its rows 3'],
    ['no row', mergedOf(), [], 'no span begins at sequence 2 with 0 entries'],
    ['too many rows', mergedOf(), [...three, null, null], 'no span begins at sequence 2 with 5 entries'],
  ])('is refused rows of %s', (_, span, rows, message) => {
    expect(() => opened(span, ...rows)).toThrow(new RangeError(message));
  });

  test('takes a sum of exactly what it has', () => {
    expect(opened(mergedOf(), row(2 * hourMs, { spendMinor: 100 })).at(-2)).toMatchObject({ spendMinor: 0 });
  });

  test('is found by the sequence it begins with alone', () => {
    expect(() => openSpan([mergedOf()], 4, 2, [row(hourMs)])).toThrow('no span begins at sequence 2 with 1 entries');
  });
});

describe('sums over spans', () => {
  const end = { endMs: nowMs, newestMs: nowMs };

  test('add the triggers of single and merged spans of the day', () => {
    const spans = [
      single(dayMs, { triggered: 0b111 }),
      merged(dayMs - 1, hourMs, { triggers: [1, 2, 0, 0, 0, 0, 0, 0, 3] }),
      merged(dayMs - 1, hourMs),
      single(1, { triggered: 0b1_0000_0010 }),
    ];
    expect(windowSums(spans, end)).toMatchObject({ count24h: 21, spend24hMinor: 21, triggers24h: [1, 3, 0, 0, 0, 0, 0, 0, 4] });
  });

  test.each([
    ['a payment ten minutes ago is out', single(10 * minuteMs), 0],
    ['a millisecond less is in', single(10 * minuteMs - 1), 1],
    ['a span within counts whole', merged(10 * minuteMs - 1, 2 * minuteMs), 10],
    ['a span that ends at the edge is out', merged(20 * minuteMs, 10 * minuteMs), 0],
    ['of a span that the edge crosses its share in time', merged(13 * minuteMs, 3 * minuteMs), 7],
    ['the share is rounded', merged(13 * minuteMs, 9.5 * minuteMs), 1],
  ])('of ten minutes: %s', (_, span, count10m) => {
    expect(windowSums([span], end).count10m).toBe(count10m);
  });

  test('entries that are no payment never stop an edge', () => {
    expect(windowSums([{ ...gap(2 * hourMs), newestMs: nowMs }], end).count24h).toBe(0);
  });
});

describe('spans as bytes', () => {
  const bytesOf = (spans: readonly Span[], baseMs = nowMs): Uint8Array => {
    const writer = new ByteWriter();
    writeSpans(writer, spans, baseMs);
    return writer.finish();
  };

  test.each([
    ['of a payment in order its distance and its amount', [single(0)], 1 + 1 + 1],
    ['of a late payment its flags too', [single(0, { late: true })], 1 + 1 + 1 + 1],
    ['of a payment before the base its flags too', [single(1)], 1 + 1 + 1 + 1],
    ['of a payment that triggered its flags and which', [single(0, { triggered: 3 })], 1 + 1 + 1 + 1 + 1],
    ['of a merged span its count, its other entries and its length', [merged(1, 0)], 1 + 1 + 1 + 1 + 3],
    [
      'of triggers which, and how often each',
      [merged(1, 0, { triggers: [3, 0, 0, 1, 0, 0, 0, 0, 0] })],
      1 + 1 + 1 + 1 + 3 + 1 + 2,
    ],
    ['of a span that lasts no time no less', [merged(0, 0)], 1 + 1 + 1 + 1 + 3],
    ['of entries that are none their number', [gap(0)], 1 + 1 + 1 + 1 + 3],
  ])('take %s', (_, spans, length) => {
    const bytes = bytesOf(spans);
    expect(bytes.length).toBe(length);
    expect(readSpans(new ByteReader(bytes), nowMs)).toEqual(spans);
  });

  test.each([
    ['one payment beside an entry that is none', { ...single(5, { triggered: 2 }), entries: 2 }],
    ['one payment within bounds', { ...single(5), oldestMs: nowMs - 9, loose: true }],
    ['many payments in one millisecond that triggered', merged(5, 5, { triggers: [0, 0, 0, 0, 0, 0, 0, 0, 2] })],
  ])('come back: %s', (_, span) => {
    const spans = [single(7), span, single(3), addGap([single(3)]).at(-1)!];
    expect(readSpans(new ByteReader(bytesOf(spans)), nowMs)).toEqual(spans);
  });
});
