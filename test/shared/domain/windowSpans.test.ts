import { describe, expect, test } from 'vitest';
import { dayMs, hourMs, minuteMs } from '../../../shared/domain/durations.ts';
import { addPayment } from '../../../shared/domain/spanMerging.ts';
import { type Payment, type Span, singleSpan } from '../../../shared/domain/spans.ts';
import { amountMax, counted, gap, merged, nothing, nowMs, payment, single } from './spanBuilders.ts';

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
    [
      'those of one order before those of two',
      spread(nine, (i) => ({ unordered: i === 4 })),
      400,
      [20, 20, 29, 8, 20, 20, 20, 20],
    ],
    [
      'those of two orders when no others are left',
      spread(nine, (i) => ({ unordered: i % 2 === 0 })),
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
      spread([20, 20, 5, 5, 5, 5, 5, 5, 5], (i) => ({ unordered: i > 0 && i % 2 === 0 })),
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
      triggers: counted(2, 0, 0, 0, 0, 0, 0, 0, 1),
      unordered: true,
    });
  });

  test('of which nothing triggered keeps no triggers, and its sum stops at 2^53-1', () => {
    const both = first(single(aged, { spendMinor: amountMax }), single(aged));
    expect(both).toMatchObject({ spendMinor: amountMax, triggered: 0, triggers: null, unordered: false });
  });

  test('of one payment and entries that are none is as exact as the payment', () => {
    const one = single(aged, { triggered: 5, spendMinor: 7 });
    expect(first(gap(aged + hourMs, 2), one)).toEqual({ ...one, entries: 3 });
  });

  test('of no payment stands where its first entry stood', () => {
    expect(first(gap(aged + hourMs, 2), gap(aged, 3))).toEqual(gap(aged + hourMs, 5));
  });

  test('of merged spans adds their triggers', () => {
    const some = merged(aged + hourMs, aged, { triggers: counted(1, 2, 3, 0, 0, 0, 0, 0, 4), count: 2, entries: 3 });
    const third = merged(aged - hourMs, aged - hourMs);
    const more = added([some, { ...some, triggers: counted(4, 0, 0, 0, 0, 1) }, third], 1)[0];
    expect(more).toMatchObject({ count: 4, entries: 6, triggers: counted(5, 2, 3, 0, 0, 1, 0, 0, 4) });
  });
});
