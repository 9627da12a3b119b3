import { dayMs, hourMs } from './durations.ts';
import { maskOf, noTriggers, type Payment, type Span, singleSpan, triggerCounts } from './spans.ts';
import { addMinor, keptMs } from './window.ts';

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
  for (const span of spans)
    bytes += span.count > 1 ? (span.triggers ? 18 : 14) : span.triggered === 0 && !span.unordered ? 6.5 : 9.5;
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
  if (mergeYoungestRun(spans, first, hour, (span) => span.count <= 1 && !span.unordered)) return;
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
    let at = smallestPair(spans, 0, spans.length, (a, b) => a.unordered === b.unordered && fits(a, b));
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
  let unordered = false;
  const triggers = noTriggers.slice();
  for (let i = from; i < to; i++) {
    const span = spans[i]!;
    entries += span.entries;
    if (span.count === 0) continue;
    count += span.count;
    oldestMs = Math.min(oldestMs, span.oldestMs);
    newestMs = Math.max(newestMs, span.newestMs);
    spendMinor = addMinor(spendMinor, span.spendMinor);
    unordered ||= span.unordered;
    const more = triggerCounts(span);
    for (let j = 0; j < triggers.length; j++) triggers[j]! += more[j]!;
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
    unordered,
  });
}
