import type { Decision } from '../domain/decision.ts';
import { dayMs, minuteMs } from '../domain/durations.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { Change, Item, Key } from '../ports/ports.ts';
import { expiryAttribute, prefixes } from '../store/names.ts';

/**
 * Figures per tenant and minute of `decidedAt`. A counter item has a number per outcome, `degraded`, `late`, one number per cause of a
 * degraded decision, one per bucket of the latency histogram, `blockedMinor` and `revision`, which every batch moves: who read it and
 * finds it unmoved knows that nothing was projected into the minute since. What its decisions turned out to be is counted with the label,
 * in `confirmedFraud` and `falsePositives`.
 */

export const counterRetentionDays = 30;

/**
 * Relative error of a latency percentile. Buckets grow by (1 + e) / (1 - e) and answer with a middle that is at most e off
 * (Masson, Rim and Lee, DDSketch, VLDB 2019); whole milliseconds below 20 come out exact.
 */
export const latencyError = 0.025;

const growth = (1 + latencyError) / (1 - latencyError);
const bucketPrefix = 'ms';
const causePrefix = 'cause:';

/** Bucket 0 holds what took under a millisecond. */
const latencyBucket = (latencyMs: number): number =>
  latencyMs < 1 ? 0 : 1 + Math.ceil(Math.log(latencyMs) / Math.log(growth) - 1e-9);

const bucketMs = (bucket: number): number => (bucket === 0 ? 0 : Math.round((2 * growth ** (bucket - 1)) / (growth + 1)));

export const minuteStartMs = (epochMs: number): number => Math.floor(epochMs / minuteMs) * minuteMs;

const minuteText = (epochMs: number): string => new Date(minuteStartMs(epochMs)).toISOString();

/** One partition an hour, one item a minute. */
export const counterKey = (tenant: string, epochMs: number): Key => ({
  pk: `${prefixes.counter}${tenant}#${new Date(epochMs).toISOString().slice(0, 13)}`,
  sk: minuteText(epochMs),
});

/**
 * Noted for a minute in which a decision of any tenant was degraded for a cause that calls `failTo`: what health tells without a key.
 * No tenant's counters have this key, since a tenant has a name.
 */
export const degradedMinuteKey = (epochMs: number): Key => ({ pk: `${prefixes.counter}#degraded`, sk: minuteText(epochMs) });

export const degradedMinuteExpiry = (epochMs: number): Record<string, number> => ({
  [expiryAttribute]: Math.ceil((epochMs + dayMs) / 1000),
});

/** What is counted of labels: payments that were fraud, and payments held up that were none. */
export type LabelCount = 'confirmedFraud' | 'falsePositives';

/** What a label is counted as; null for one that says nothing against the decision. */
export const labelCount = (isFraud: boolean, outcome: Outcome): LabelCount | null =>
  isFraud ? 'confirmedFraud' : outcome === 'ALLOW' ? null : 'falsePositives';

/** Moves a label's place in a minute's counter, without a sign to those who project into it. Null when nothing moves. */
export function labelChange(decidedAtMs: number, from: LabelCount | null, to: LabelCount | null): Change | null {
  if (from === to) return null;
  const add = { revision: 0, ...(from !== null && { [from]: -1 }), ...(to !== null && { [to]: 1 }) };
  return { add, set: counterExpiry(decidedAtMs) };
}

/** What decisions of one minute add to its counter; `blockedMinor` is what those of them that are BLOCKed are worth in base currency. */
export function additions(decisions: readonly Decision[], blockedMinor = 0): Record<string, number> {
  const sums: Record<string, number> = { revision: 1, ...(blockedMinor > 0 && { blockedMinor }) };
  const add = (name: string): void => {
    sums[name] = (sums[name] ?? 0) + 1;
  };
  for (const decision of decisions) {
    add(decision.outcome);
    add(`${bucketPrefix}${latencyBucket(decision.decidedAtMs - decision.receivedAtMs)}`);
    if (decision.degraded.length > 0) add('degraded');
    for (const cause of new Set(decision.degraded.map(({ cause }) => cause))) add(`${causePrefix}${cause}`);
    if (decision.late) add('late');
  }
  return sums;
}

export const counterExpiry = (epochMs: number): Record<string, number> => ({
  [expiryAttribute]: Math.floor(minuteStartMs(epochMs) / 1000) + (counterRetentionDays + 1) * 86_400,
});

export interface QueueAge {
  /** The second in which the last batch was decided. */
  readonly atMs: number;
  /** Age at receipt of the oldest message decided in it. */
  readonly ageMs: number;
}

/** The queue's age as last seen in a minute, null when nothing of that minute came from the queue. */
export const queueAgeOf = (counter: Item | null): QueueAge | null =>
  counter === null || typeof counter.queueAgeMs !== 'number' || typeof counter.queueAgeAtMs !== 'number'
    ? null
    : { atMs: counter.queueAgeAtMs, ageMs: counter.queueAgeMs };

export const queueAgeAttributes = ({ atMs, ageMs }: QueueAge): Record<string, number> => ({
  queueAgeMs: ageMs,
  queueAgeAtMs: atMs,
});

type Count = Outcome | 'degraded' | 'late' | 'revision' | 'blockedMinor' | LabelCount;

export const countOf = (counter: Item | undefined, name: Count): number => {
  const value = counter?.[name];
  return typeof value === 'number' ? value : 0;
};

/** How many decisions were degraded for each cause, over any number of counters; the most frequent cause first. */
export function degradedBy(counters: readonly Item[]): Record<string, number> {
  const sums = new Map<string, number>();
  for (const counter of counters) {
    for (const [name, count] of Object.entries(counter)) {
      if (typeof count !== 'number' || !name.startsWith(causePrefix)) continue;
      const cause = name.slice(causePrefix.length);
      sums.set(cause, (sums.get(cause) ?? 0) + count);
    }
  }
  return Object.fromEntries([...sums].sort(([a, many], [b, more]) => more - many || (a < b ? -1 : 1)));
}

/** Latency percentiles over any number of counters, in whole milliseconds by nearest rank; null without a decision. */
export function latencyPercentiles(counters: readonly Item[], shares: readonly number[]): (number | null)[] {
  const buckets = new Map<number, number>();
  for (const counter of counters) {
    for (const [name, count] of Object.entries(counter)) {
      if (typeof count !== 'number' || !bucketName.test(name)) continue;
      const bucket = Number(name.slice(bucketPrefix.length));
      buckets.set(bucket, (buckets.get(bucket) ?? 0) + count);
    }
  }
  const sorted = [...buckets].sort(([a], [b]) => a - b);
  const total = sorted.reduce((sum, [, count]) => sum + count, 0);
  return shares.map((share) => {
    let remaining = Math.max(1, Math.ceil(share * total));
    for (const [bucket, count] of sorted) {
      remaining -= count;
      if (remaining <= 0) return bucketMs(bucket);
    }
    return null;
  });
}

const bucketName = new RegExp(`^${bucketPrefix}\\d+$`);
