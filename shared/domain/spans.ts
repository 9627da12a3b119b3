import { signalNames } from './signals/names.ts';
import { addMinor, amountMax, lateMs } from './window.ts';

/**
 * Exact sliding windows over an account's payments, in bounded space.
 *
 * What was committed is kept as spans in the order of the account's chain. A span stands for one payment, or for several that follow
 * each other in the chain, of which it knows the count, the sum and bounds of their times. A window counts a span that lies inside it
 * whole; a span that its edge crosses must be opened first: some of its payments are read again from the chain's own rows. So every
 * answer is exact, and the size does not grow with traffic. (Compacted tiles with raw head and tail: Tecton, "Real-time aggregation
 * features"; why windows that hop are wrong and exploitable: Railgun, VLDB 2021.)
 */
export interface Span {
  /** Payments in it; 0 for chain entries that are no payment. */
  readonly count: number;
  /** Chain entries it covers, at least `count`: reviews stand in the chain too. */
  readonly entries: number;
  /** No payment in it is older. Exact when `count` is 1. */
  readonly oldestMs: number;
  /** No payment in it is newer. Exact unless `unordered`. */
  readonly newestMs: number;
  /** Sum in base minor units of what was not BLOCKed and had a rate, at most 2^53-1. */
  readonly spendMinor: number;
  /** How often each signal triggered: bit mask when `count` is 1, else one number per signal or null for none. */
  readonly triggered: number;
  readonly triggers: readonly number[] | null;
  /** Holds a late payment: times in it are in no order. */
  readonly unordered: boolean;
}

/** What the windows need to know of one committed payment. */
export interface Payment {
  readonly occurredAtMs: number;
  /** 0 when it was BLOCKed or had no rate. */
  readonly spendMinor: number;
  /** Bit i = signal i triggered. */
  readonly triggered: number;
  readonly late: boolean;
}

export const singleSpan = (payment: Payment): Span => ({
  count: 1,
  entries: 1,
  oldestMs: payment.occurredAtMs,
  newestMs: payment.occurredAtMs,
  spendMinor: payment.spendMinor,
  triggered: payment.triggered,
  triggers: null,
  unordered: payment.late,
});

/** Chain entries covered by the spans: the first covered sequence is `sequence - covered + 1`. */
export const coveredBy = (spans: readonly Span[]): number => {
  let covered = 0;
  for (const span of spans) covered += span.entries;
  return covered;
};

/**
 * Puts rows in the place of the span they were read from. `rows` are the payments of the chain entries from `fromSequence` on (an
 * entry that is no payment is null), as many as `rowsNeeded` asked for. Throws a RangeError when they do not belong there.
 */
export function openSpan(
  spans: readonly Span[],
  sequence: number,
  fromSequence: number,
  rows: readonly (Payment | null)[],
): Span[] {
  let first = sequence - coveredBy(spans) + 1;
  const index = spans.findIndex((span) => {
    if (first === fromSequence) return true;
    first += span.entries;
    return false;
  });
  const span = spans[index];
  if (!span || rows.length === 0 || rows.length > span.entries)
    throw new RangeError(`no span begins at sequence ${fromSequence} with ${rows.length} entries`);
  const opened: Span[] = [];
  let spendMinor = 0;
  let count = 0;
  let newestMs = Number.NEGATIVE_INFINITY;
  const triggers = triggerCounts(span).slice();
  for (const row of rows) {
    if (row === null) {
      opened.push(gapSpan(opened.at(-1)?.newestMs ?? span.oldestMs));
      continue;
    }
    opened.push(singleSpan(row));
    spendMinor = addMinor(spendMinor, row.spendMinor);
    newestMs = Math.max(newestMs, row.occurredAtMs);
    count++;
    for (let i = 0; i < triggers.length; i++) if (row.triggered & (1 << i)) triggers[i]!--;
  }
  const rest = span.count - count;
  const spendLeft = span.spendMinor === amountMax ? amountMax : span.spendMinor - spendMinor;
  if (rest < 0 || spendLeft < 0 || triggers.some((left) => left < 0))
    throw new RangeError(`the rows from sequence ${fromSequence} are not those of the span`);
  if (rows.length < span.entries) opened.push(restOf(span, rows.length, rest, newestMs, spendLeft, triggers));
  else if (rest !== 0) throw new RangeError(`the span at sequence ${fromSequence} has ${span.count} payments, its rows ${count}`);
  return [...spans.slice(0, index), ...opened, ...spans.slice(index + 1)];
}

function restOf(
  span: Span,
  rowsRead: number,
  count: number,
  newestReadMs: number,
  spendMinor: number,
  triggers: readonly number[],
): Span {
  const entries = span.entries - rowsRead;
  // In a span without late payments each is less than `lateMs` older than any before it.
  const oldestMs = span.unordered ? span.oldestMs : Math.min(span.newestMs, Math.max(span.oldestMs, newestReadMs - lateMs + 1));
  const unordered = span.unordered || newestReadMs >= span.newestMs;
  if (count === 1 && entries === 1 && !unordered)
    return {
      count,
      entries,
      oldestMs: span.newestMs,
      newestMs: span.newestMs,
      spendMinor,
      triggered: maskOf(triggers),
      triggers: null,
      unordered,
    };
  const some = triggers.some((times) => times > 0);
  return {
    count,
    entries,
    oldestMs,
    newestMs: span.newestMs,
    spendMinor,
    triggered: 0,
    triggers: some ? triggers : null,
    unordered,
  };
}

const gapSpan = (atMs: number): Span => ({
  count: 0,
  entries: 1,
  oldestMs: atMs,
  newestMs: atMs,
  spendMinor: 0,
  triggered: 0,
  triggers: null,
  unordered: false,
});

/** A chain entry that is no payment: the spans cover it so that rows are found by their sequence. */
export const addGap = (spans: readonly Span[]): Span[] => {
  const last = spans.at(-1);
  if (!last) return [];
  // Gaps that follow each other are one: reviews alone never make the state grow.
  return last.count === 0 ? [...spans.slice(0, -1), { ...last, entries: last.entries + 1 }] : [...spans, gapSpan(last.newestMs)];
};

/** No triggers, by position in `signalNames`. */
export const noTriggers: readonly number[] = signalNames.map(() => 0);

/** How often each signal triggered in a span. */
export const triggerCounts = (span: Span): readonly number[] => {
  if (span.triggers) return span.triggers;
  if (span.triggered === 0) return noTriggers;
  return noTriggers.map((_, i) => (span.triggered >> i) & 1);
};

/** Bit i = signal i triggered at least once. */
export const maskOf = (triggers: readonly number[]): number =>
  triggers.reduce((mask, times, i) => (times > 0 ? mask | (1 << i) : mask), 0);
