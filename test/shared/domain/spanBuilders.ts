import { noTriggers, type Payment, type Span, singleSpan } from '../../../shared/domain/spans.ts';

/** The time of the newest payment. */
export const nowMs = Date.UTC(2026, 0, 10);

export const amountMax = Number.MAX_SAFE_INTEGER;

export const nothing = noTriggers;

/** How often each signal triggered, those left out never. */
export const counted = (...times: number[]): number[] => nothing.map((_, i) => times[i] ?? 0);

export const payment = (occurredAtMs: number, change: Partial<Payment> = {}): Payment => ({
  occurredAtMs,
  spendMinor: 1,
  triggered: 0,
  late: false,
  ...change,
});

export const single = (agoMs: number, change: Partial<Payment> = {}): Span => singleSpan(payment(nowMs - agoMs, change));

/** Ten payments, the first and the last this long ago. */
export const merged = (fromAgoMs: number, toAgoMs: number, change: Partial<Span> = {}): Span => ({
  count: 10,
  entries: 10,
  oldestMs: nowMs - fromAgoMs,
  newestMs: nowMs - toAgoMs,
  spendMinor: 10,
  triggered: 0,
  triggers: null,
  unordered: false,
  ...change,
});

export const gap = (agoMs: number, entries = 1): Span => ({ ...single(agoMs), count: 0, entries, spendMinor: 0 });
