import { describe, expect, test } from 'vitest';
import { ByteReader, ByteWriter } from '../../../shared/domain/bytes.ts';
import { dayMs, hourMs, minuteMs } from '../../../shared/domain/durations.ts';
import { readSpans, writeSpans } from '../../../shared/domain/spanCodec.ts';
import { addGap, openSpan, type Payment, type Span, singleSpan } from '../../../shared/domain/spans.ts';
import { lateMs } from '../../../shared/domain/window.ts';
import { rowsNeeded, windowSums } from '../../../shared/domain/windowSums.ts';
import { amountMax, counted, gap, merged, nothing, nowMs, payment, single } from './spanBuilders.ts';

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
    ['all of five in no order', { count: 5, entries: 5, unordered: true }, 5],
    ['all of five whose sum has stopped at 2^53-1', { count: 5, entries: 5, spendMinor: amountMax }, 5],
    ['all of five with an entry between them that is none', { count: 5, entries: 6 }, 6],
    ['500 of more in no order', { count: 501, entries: 501, unordered: true }, 500],
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
    merged(2 * hourMs, hourMs, { count: 4, entries: 4, spendMinor: 100, triggers: counted(2, 1), ...change });
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
        triggers: counted(1, 1),
        unordered: false,
      },
      single(0),
    ]);
  });

  test.each<[string, Partial<Span>, Payment[], Partial<Span>]>([
    ['no older than the span', {}, [row(2 * hourMs)], { oldestMs: nowMs - 2 * hourMs }],
    ['no newer than the span', {}, [row(hourMs - lateMs)], { oldestMs: nowMs - hourMs, unordered: true }],
    ['in no order once the newest was read', {}, [row(hourMs)], { oldestMs: nowMs - hourMs - lateMs + 1, unordered: true }],
    ['in order until then', {}, [row(hourMs + 1)], { oldestMs: nowMs - hourMs - lateMs, unordered: false }],
    [
      'where times are in no order as old as the span',
      { unordered: true },
      [row(1.5 * hourMs)],
      { oldestMs: nowMs - 2 * hourMs },
    ],
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
    const rest = opened(mergedOf({ unordered: true }), ...three).at(-2)!;
    expect(rest).toMatchObject({ count: 1, entries: 1, oldestMs: nowMs - 2 * hourMs, newestMs: nowMs - hourMs, unordered: true });
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
      merged(dayMs - 1, hourMs, { triggers: counted(1, 2, 0, 0, 0, 0, 0, 0, 3) }),
      merged(dayMs - 1, hourMs),
      single(1, { triggered: 0b1_0000_0010 }),
    ];
    expect(windowSums(spans, end)).toMatchObject({
      count24h: 21,
      spend24hMinor: 21,
      triggers24h: counted(1, 3, 0, 0, 0, 0, 0, 0, 4),
    });
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
    ['of triggers which, and how often each', [merged(1, 0, { triggers: counted(3, 0, 0, 1) })], 1 + 1 + 1 + 1 + 3 + 1 + 2],
    ['of a span that lasts no time no less', [merged(0, 0)], 1 + 1 + 1 + 1 + 3],
    ['of entries that are none their number', [gap(0)], 1 + 1 + 1 + 1 + 3],
  ])('take %s', (_, spans, length) => {
    const bytes = bytesOf(spans);
    expect(bytes.length).toBe(length);
    expect(readSpans(new ByteReader(bytes), nowMs)).toEqual(spans);
  });

  test.each([
    ['one payment beside an entry that is none', { ...single(5, { triggered: 2 }), entries: 2 }],
    ['one payment within bounds', { ...single(5), oldestMs: nowMs - 9, unordered: true }],
    ['many payments in one millisecond that triggered', merged(5, 5, { triggers: counted(0, 0, 0, 0, 0, 0, 0, 0, 2) })],
  ])('come back: %s', (_, span) => {
    const spans = [single(7), span, single(3), addGap([single(3)]).at(-1)!];
    expect(readSpans(new ByteReader(bytesOf(spans)), nowMs)).toEqual(spans);
  });
});
