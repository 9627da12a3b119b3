import { dayMs, hourMs, minuteMs } from './durations.ts';
import { coveredBy, noTriggers, type Span } from './spans.ts';
import { addMinor, amountMax, keptMs } from './window.ts';

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

/** Rows read at once when a window's edge enters a span. */
const rowsAtOnce = 8;
/** Rows read at once where the whole span is needed: for a late payment, or when times in it are in no order. */
const rowsAtOnceWhole = 500;

/** The first span that an edge of the windows ending at `end` crosses, as the rows to read; null when every window can be told. */
export function rowsNeeded(spans: readonly Span[], sequence: number, end: WindowEnd): RowsNeeded | null {
  const edges = edgesOf(end);
  let fromSequence = sequence - coveredBy(spans) + 1;
  for (const span of spans) {
    if (crossesAny(span, edges)) {
      const late = end.newestMs > end.endMs;
      const whole = late || span.unordered || span.spendMinor === amountMax || span.entries !== span.count;
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
    if (span.triggers) for (let i = 0; i < triggers24h.length; i++) triggers24h[i]! += span.triggers[i]!;
    else if (span.triggered !== 0) for (let i = 0; i < triggers24h.length; i++) triggers24h[i]! += (span.triggered >> i) & 1;
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
