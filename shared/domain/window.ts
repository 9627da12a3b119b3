import type { ByteReader, ByteWriter } from './bytes.ts';
import { dayMs, hourMs, minuteMs } from './durations.ts';

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
  /** No payment in it is newer. Exact unless `loose`. */
  readonly newestMs: number;
  /** Sum in base minor units of what was not BLOCKed and had a rate, at most 2^53-1. */
  readonly spendMinor: number;
  /** How often each signal triggered: bit mask when `count` is 1, else one number per signal or null for none. */
  readonly triggered: number;
  readonly triggers: readonly number[] | null;
  /** Holds a late payment: times in it are in no order. */
  readonly loose: boolean;
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

/** Chain entries whose rows are needed before a window can be told. */
export interface RowsNeeded {
  readonly fromSequence: number;
  readonly toSequence: number;
}

/** What windows hold of the committed payments; null where the past needed is no longer kept. */
export interface WindowSums {
  readonly count1m: number | null;
  /** Approximate where a span crosses its edge: wrong by at most that span's count. */
  readonly count10m: number;
  readonly count1h: number | null;
  readonly count24h: number | null;
  readonly spend24hMinor: number | null;
  /** Of what is still kept. */
  readonly triggers24h: number[];
}

/** Where the windows of one payment end, and which of their edges can be told. */
export interface WindowEnd {
  readonly endMs: number;
  /** The newest committed payment's time; what is dated after `endMs` is not seen. */
  readonly newestMs: number;
}

/** Behind the newest payment nothing older is kept. */
export const keptMs = 2 * dayMs;
/** A payment this much older than the newest one, or more, is late. */
export const lateMs = 60_000;

/** Rows read at once when a window's edge enters a span. */
const rowsAtOnce = 8;
/** Rows read at once where the whole span is needed: for a late payment, or when times in it are in no order. */
const rowsAtOnceWhole = 500;
const mergeMin = 8;
const mergeMax = 32;
/** Payments after the last merged span that may stay single: an hour of 3,000 a day. */
const singlesMax = 144;
const mergedMax = 8;
/** Where ids and devices leave the windows less room than this, merged spans are half as many: a late payment may read more rows. */
const roomyBytes = 400;
const mergedMaxTight = 4;
const agedMax = 2;
/** However the payments lie, there are never more spans than this. */
const spansMax = 320;

const amountMax = Number.MAX_SAFE_INTEGER;

/** Saturates at 2^53-1: exact because terms are never negative and never taken away from a saturated sum. */
export const addMinor = (a: number, b: number): number => Math.min(a + b, amountMax);

export const singleSpan = (payment: Payment): Span => ({
  count: 1,
  entries: 1,
  oldestMs: payment.occurredAtMs,
  newestMs: payment.occurredAtMs,
  spendMinor: payment.spendMinor,
  triggered: payment.triggered,
  triggers: null,
  loose: payment.late,
});

/** Chain entries covered by the spans: the first covered sequence is `sequence - covered + 1`. */
const coveredBy = (spans: readonly Span[]): number => {
  let covered = 0;
  for (const span of spans) covered += span.entries;
  return covered;
};

/** The first span that an edge of the windows ending at `end` crosses, as the rows to read; null when every window can be told. */
export function rowsNeeded(spans: readonly Span[], sequence: number, end: WindowEnd): RowsNeeded | null {
  const edges = edgesOf(end);
  let fromSequence = sequence - coveredBy(spans) + 1;
  for (const span of spans) {
    if (crossesAny(span, edges)) {
      const late = end.newestMs > end.endMs;
      const whole = late || span.loose || span.spendMinor === amountMax || span.entries !== span.count;
      // Of a span in order, the last payment needs no row: it is what the others leave.
      const rows = whole ? Math.min(span.entries, rowsAtOnceWhole) : Math.max(1, Math.min(span.entries - 1, rowsAtOnce));
      return { fromSequence, toSequence: fromSequence + rows - 1 };
    }
    fromSequence += span.entries;
  }
  return null;
}

const windowsMs = [minuteMs, hourMs, dayMs] as const;

const isKept = (end: WindowEnd, windowMs: number): boolean => end.endMs - windowMs >= end.newestMs - keptMs;

const edgesOf = (end: WindowEnd): number[] => {
  const edges: number[] = [];
  for (const windowMs of windowsMs) if (isKept(end, windowMs)) edges.push(end.endMs - windowMs);
  if (end.newestMs > end.endMs && edges.length > 0) edges.push(end.endMs);
  return edges;
};

const crosses = (span: Span, edgeMs: number): boolean => span.oldestMs <= edgeMs && span.newestMs > edgeMs;

const crossesAny = (span: Span, edges: readonly number[]): boolean => {
  if (span.oldestMs === span.newestMs) return false;
  for (const edgeMs of edges) if (crosses(span, edgeMs)) return true;
  return false;
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
  const oldestMs = span.loose ? span.oldestMs : Math.min(span.newestMs, Math.max(span.oldestMs, newestReadMs - lateMs + 1));
  const loose = span.loose || newestReadMs >= span.newestMs;
  if (count === 1 && entries === 1 && !loose)
    return {
      count,
      entries,
      oldestMs: span.newestMs,
      newestMs: span.newestMs,
      spendMinor,
      triggered: maskOf(triggers),
      triggers: null,
      loose,
    };
  const some = triggers.some((times) => times > 0);
  return { count, entries, oldestMs, newestMs: span.newestMs, spendMinor, triggered: 0, triggers: some ? triggers : null, loose };
}

const gapSpan = (atMs: number): Span => ({
  count: 0,
  entries: 1,
  oldestMs: atMs,
  newestMs: atMs,
  spendMinor: 0,
  triggered: 0,
  triggers: null,
  loose: false,
});

/** A chain entry that is no payment: the spans cover it so that rows are found by their sequence. */
export const addGap = (spans: readonly Span[]): Span[] => {
  const last = spans.at(-1);
  if (!last) return [];
  // Gaps that follow each other are one: reviews alone never make the state grow.
  return last.count === 0 ? [...spans.slice(0, -1), { ...last, entries: last.entries + 1 }] : [...spans, gapSpan(last.newestMs)];
};

const signalCount = 9;
const noTriggers: readonly number[] = new Array<number>(signalCount).fill(0);

const triggerCounts = (span: Span): readonly number[] => {
  if (span.triggers) return span.triggers;
  if (span.triggered === 0) return noTriggers;
  return noTriggers.map((_, i) => (span.triggered >> i) & 1);
};

const maskOf = (triggers: readonly number[]): number =>
  triggers.reduce((mask, times, i) => (times > 0 ? mask | (1 << i) : mask), 0);

/**
 * What the windows `(end - W, end]` hold of the committed payments. Call it when `rowsNeeded` says null: a span that an edge still
 * crosses is a RangeError, so that no window is ever guessed.
 */
export function windowSums(spans: readonly Span[], end: WindowEnd): WindowSums {
  const { endMs } = end;
  const edges = edgesOf(end);
  const edge10m = endMs - 10 * minuteMs;
  let count1m = 0;
  let count10m = 0;
  let count1h = 0;
  let count24h = 0;
  let spend24hMinor = 0;
  const triggers24h = noTriggers.slice();
  for (const span of spans) {
    if (span.count === 0 || span.newestMs <= endMs - dayMs || span.oldestMs > endMs) continue;
    if (crossesAny(span, edges)) throw new RangeError('a window edge crosses a span that was not opened');
    count24h += span.count;
    spend24hMinor = addMinor(spend24hMinor, span.spendMinor);
    if (span.triggers) for (let i = 0; i < signalCount; i++) triggers24h[i]! += span.triggers[i]!;
    else if (span.triggered !== 0) for (let i = 0; i < signalCount; i++) triggers24h[i]! += (span.triggered >> i) & 1;
    if (span.newestMs <= endMs - hourMs) continue;
    count1h += span.count;
    if (span.oldestMs > edge10m) count10m += span.count;
    else if (span.newestMs > edge10m)
      count10m += Math.round((span.count * (span.newestMs - edge10m)) / (span.newestMs - span.oldestMs));
    if (span.newestMs > endMs - minuteMs) count1m += span.count;
  }
  const day = isKept(end, dayMs);
  return {
    count1m: isKept(end, minuteMs) ? count1m : null,
    count10m,
    count1h: isKept(end, hourMs) ? count1h : null,
    count24h: day ? count24h : null,
    spend24hMinor: day ? spend24hMinor : null,
    triggers24h,
  };
}

/**
 * The spans with one more payment at the end of the chain; `newestMs` is the newest time of all, this one included. Above
 * `sizeAimBytes` (encoded, estimated) older payments are merged.
 */
export function addPayment(spans: readonly Span[], payment: Payment, newestMs: number, sizeAimBytes: number): Span[] {
  const next = spans.slice();
  next.push(singleSpan(payment));
  let stale = 0;
  while (stale < next.length && next[stale]!.newestMs <= newestMs - keptMs) stale++;
  if (stale > 0) next.splice(0, stale);
  return estimatedBytes(next) > sizeAimBytes ? compact(next, newestMs, sizeAimBytes) : next;
}

const estimatedBytes = (spans: readonly Span[]): number => {
  let bytes = 0;
  for (const span of spans) bytes += span.count > 1 ? (span.triggers ? 18 : 14) : span.triggered === 0 && !span.loose ? 6.5 : 9.5;
  return bytes;
};

function compact(spans: Span[], newestMs: number, sizeAimBytes: number): Span[] {
  const dayEdgeMs = newestMs - dayMs;
  const hourEdgeMs = newestMs - hourMs;
  mergeAged(spans, dayEdgeMs);
  if (estimatedBytes(spans) > sizeAimBytes) mergeSingles(spans, dayEdgeMs, hourEdgeMs, sizeAimBytes);
  mergeNeighbours(spans, dayEdgeMs, hourEdgeMs, sizeAimBytes < roomyBytes ? mergedMaxTight : mergedMax);
  while (spans.length > spansMax) mergeRange(spans, 0, mergeMax);
  return spans;
}

/** What only a late payment can still ask for needs no detail. */
function mergeAged(spans: Span[], dayEdgeMs: number): void {
  let end = 0;
  while (end < spans.length && spans[end]!.newestMs <= dayEdgeMs) end++;
  for (; end > agedMax; end--) {
    const at = smallestPair(spans, 0, end, () => true);
    mergeRange(spans, at, at + 2);
  }
}

/**
 * Merges the youngest single payments that have left the hour; when the hour itself holds too many, its oldest. Singles before the
 * first merged span were opened because an edge comes through them: they stay.
 */
function mergeSingles(spans: Span[], dayEdgeMs: number, hourEdgeMs: number, sizeAimBytes: number): void {
  let first = 0;
  while (first < spans.length && !(spans[first]!.count > 1 && spans[first]!.oldestMs > dayEdgeMs)) first++;
  if (first === spans.length) first = 0;
  let hour = spans.length;
  while (hour > first && spans[hour - 1]!.newestMs > hourEdgeMs) hour--;
  if (mergeYoungestRun(spans, first, hour, (span) => span.count <= 1 && !span.loose)) return;
  let singles = 0;
  while (singles < spans.length && spans[spans.length - 1 - singles]!.count <= 1) singles++;
  if (singles > singlesMax) mergeRange(spans, spans.length - singles, spans.length - singles + mergeMax);
  else if (estimatedBytes(spans) > 2 * sizeAimBytes) mergeYoungestRun(spans, first, hour, (span) => span.count <= 1);
}

function mergeYoungestRun(spans: Span[], first: number, last: number, fits: (span: Span) => boolean): boolean {
  for (let end = last; end > first; end--) {
    let start = end;
    while (start > first && end - start < mergeMax && fits(spans[start - 1]!)) start--;
    if (end - start >= mergeMin) {
      mergeRange(spans, start, end);
      return true;
    }
    if (start < end) end = start + 1;
  }
  return false;
}

function mergeNeighbours(spans: Span[], dayEdgeMs: number, hourEdgeMs: number, most: number): void {
  let merged = 0;
  for (const span of spans) if (span.count > 1 && span.oldestMs > dayEdgeMs) merged++;
  const fits = (a: Span, b: Span): boolean =>
    a.count > 1 &&
    b.count > 1 &&
    Math.min(a.oldestMs, b.oldestMs) > dayEdgeMs &&
    (Math.min(a.oldestMs, b.oldestMs) > hourEdgeMs || Math.max(a.newestMs, b.newestMs) <= hourEdgeMs);
  for (; merged > most; merged--) {
    let at = smallestPair(spans, 0, spans.length, (a, b) => a.loose === b.loose && fits(a, b));
    if (at < 0) at = smallestPair(spans, 0, spans.length, fits);
    if (at < 0) return;
    mergeRange(spans, at, at + 2);
  }
}

/** Index of the first of two neighbours that fit together and hold the fewest payments; -1 for none. */
function smallestPair(spans: readonly Span[], from: number, to: number, fits: (a: Span, b: Span) => boolean): number {
  let best = -1;
  let bestCount = Number.POSITIVE_INFINITY;
  for (let i = from; i + 1 < to; i++) {
    const a = spans[i]!;
    const b = spans[i + 1]!;
    if (a.count + b.count < bestCount && fits(a, b)) {
      best = i;
      bestCount = a.count + b.count;
    }
  }
  return best;
}

function mergeRange(spans: Span[], from: number, to: number): void {
  let count = 0;
  let entries = 0;
  let oldestMs = Number.POSITIVE_INFINITY;
  let newestMs = Number.NEGATIVE_INFINITY;
  let spendMinor = 0;
  let loose = false;
  const triggers = noTriggers.slice();
  for (let i = from; i < to; i++) {
    const span = spans[i]!;
    entries += span.entries;
    if (span.count === 0) continue;
    count += span.count;
    oldestMs = Math.min(oldestMs, span.oldestMs);
    newestMs = Math.max(newestMs, span.newestMs);
    spendMinor = addMinor(spendMinor, span.spendMinor);
    loose ||= span.loose;
    const more = triggerCounts(span);
    for (let j = 0; j < signalCount; j++) triggers[j]! += more[j]!;
  }
  if (count === 0) {
    oldestMs = spans[from]!.oldestMs;
    newestMs = oldestMs;
  }
  const some = triggers.some((times) => times > 0);
  const single = count <= 1;
  spans.splice(from, to - from, {
    count,
    entries,
    oldestMs,
    newestMs,
    spendMinor,
    triggered: single ? maskOf(triggers) : 0,
    triggers: some && !single ? triggers : null,
    loose,
  });
}

const flag = { triggers: 1, loose: 2, merged: 4 } as const;

/** Writes the spans; times are kept as distances. A single payment in order that triggered nothing takes about 6 bytes. */
export function writeSpans(writer: ByteWriter, spans: readonly Span[], baseMs: number): void {
  writer.unsigned(spans.length);
  let previousMs = baseMs;
  for (const span of spans) {
    const ahead = span.oldestMs - previousMs;
    const merged = span.entries !== 1 || span.count !== 1 || span.newestMs !== span.oldestMs;
    const some = span.triggers !== null || span.triggered !== 0;
    if (!merged && !some && !span.loose && ahead >= 0) writer.unsigned(ahead * 2).unsigned(span.spendMinor);
    else {
      const flags = (some ? flag.triggers : 0) | (span.loose ? flag.loose : 0) | (merged ? flag.merged : 0);
      writer.unsigned(flags * 2 + 1).signed(ahead);
      writer.unsigned(span.spendMinor);
      if (merged)
        writer
          .unsigned(span.count)
          .unsigned(span.entries - span.count)
          .unsigned(span.newestMs - span.oldestMs);
      if (some) {
        const counts = triggerCounts(span);
        writer.unsigned(maskOf(counts));
        if (span.count > 1) for (const times of counts) if (times > 0) writer.unsigned(times);
      }
    }
    previousMs = span.newestMs;
  }
}

export function readSpans(reader: ByteReader, baseMs: number): Span[] {
  const spans = new Array<Span>(reader.unsigned());
  let previousMs = baseMs;
  for (let i = 0; i < spans.length; i++) {
    const head = reader.unsigned();
    if (head % 2 === 0) {
      const atMs = previousMs + head / 2;
      const spendMinor = reader.unsigned();
      spans[i] = { count: 1, entries: 1, oldestMs: atMs, newestMs: atMs, spendMinor, triggered: 0, triggers: null, loose: false };
      previousMs = atMs;
      continue;
    }
    const flags = (head - 1) / 2;
    const oldestMs = previousMs + reader.signed();
    const spendMinor = reader.unsigned();
    const merged = (flags & flag.merged) !== 0;
    const count = merged ? reader.unsigned() : 1;
    const entries = merged ? count + reader.unsigned() : 1;
    const newestMs = merged ? oldestMs + reader.unsigned() : oldestMs;
    let triggered = 0;
    let triggers: number[] | null = null;
    if ((flags & flag.triggers) !== 0) {
      const mask = reader.unsigned();
      if (count > 1) {
        triggers = noTriggers.slice();
        for (let j = 0; j < signalCount; j++) if (mask & (1 << j)) triggers[j] = reader.unsigned();
      } else triggered = mask;
    }
    spans[i] = { count, entries, oldestMs, newestMs, spendMinor, triggered, triggers, loose: (flags & flag.loose) !== 0 };
    previousMs = newestMs;
  }
  return spans;
}
