import { ByteReader, ByteWriter } from '../../shared/domain/bytes.ts';
import { dayMs, hourMs, minuteMs } from '../../shared/domain/durations.ts';
import { readSpans, writeSpans } from '../../shared/domain/spanCodec.ts';
import { addPayment } from '../../shared/domain/spanMerging.ts';
import { noTriggers, openSpan, type Payment, type Span } from '../../shared/domain/spans.ts';
import { keptMs, lateMs } from '../../shared/domain/window.ts';
import { rowsNeeded, type WindowSums, windowSums } from '../../shared/domain/windowSums.ts';
import { seededRandom } from '../../shared/store/random.ts';

/** Numbers in [0, 1), so that a failing run is named by its seed. */
export const seeded = (seed: number): (() => number) => seededRandom(seed).fraction;

export interface Arrived {
  readonly occurredAtMs: number;
  readonly spendMinor: number;
  readonly triggered: number;
}

const startMs = Date.UTC(2026, 0, 1);

/** A stream as accounts really make it, and as an adversary would: bursts, equal stamps, exact window edges, late ones, idle years. */
export function randomStream(seed: number, length: number): Arrived[] {
  const random = seeded(seed);
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)]!;
  const meanGapMs = pick([500, 5_000, 28_800, 172_800, 720_000, 6 * hourMs]);
  const lateShare = pick([0, 0, 0.02, 0.3]);
  let nowMs = startMs + Math.floor(random() * dayMs);
  const made: Arrived[] = [];
  for (let i = 0; i < length; i++) {
    const kind = random();
    if (kind < 0.001) nowMs += 400 * dayMs;
    else if (kind < 0.2) nowMs += 0;
    else if (kind < 0.4) nowMs += Math.floor(random() * 1000);
    else nowMs += Math.floor(-Math.log(1 - random()) * meanGapMs);
    let occurredAtMs = nowMs;
    const order = random();
    if (order < lateShare)
      occurredAtMs = nowMs - Math.floor(random() * pick([2 * minuteMs, 2 * hourMs, 25 * hourMs, 50 * hourMs]));
    else if (order < lateShare + 0.1) occurredAtMs = nowMs - Math.floor(random() * lateMs * 1.2);
    else if (order < lateShare + 0.2 && made.length > 0) {
      // Exactly a window behind or ahead of an earlier payment, or one millisecond off.
      const other = made[Math.floor(random() * made.length)]!.occurredAtMs + pick([minuteMs, hourMs, dayMs]) + pick([-1, 0, 1]);
      if (other >= nowMs) {
        nowMs = other;
        occurredAtMs = other;
      }
    }
    const spendMinor =
      random() < 0.1
        ? 0
        : random() < 0.001
          ? Number.MAX_SAFE_INTEGER
          : Math.floor(random() * 10 ** (1 + Math.floor(random() * 7)));
    made.push({ occurredAtMs, spendMinor, triggered: random() < 0.8 ? 0 : Math.floor(random() * 512) });
  }
  return made;
}

/** DESIGN section 4 by brute force, over everything that was committed before. Amounts as bigints: sums beyond 2^53-1 read 2^53-1. */
export function bruteForce(committed: readonly Arrived[], arrived: Arrived, newestMs: number): Omit<WindowSums, 'count10m'> {
  const late = newestMs - arrived.occurredAtMs >= 60_000;
  const endMs = late ? arrived.occurredAtMs : Math.max(newestMs, arrived.occurredAtMs);
  const within = (windowMs: number): Arrived[] | null =>
    late && endMs - windowMs < newestMs - 48 * 3_600_000
      ? null
      : committed.filter(({ occurredAtMs }) => occurredAtMs > endMs - windowMs && occurredAtMs <= endMs);
  const day = within(86_400_000);
  const spend = day?.reduce((sum, { spendMinor }) => sum + BigInt(spendMinor), 0n);
  const largest = BigInt(Number.MAX_SAFE_INTEGER);
  return {
    count1m: within(60_000)?.length ?? null,
    count1h: within(3_600_000)?.length ?? null,
    count24h: day?.length ?? null,
    spend24hMinor: spend === undefined ? null : Number(spend > largest ? largest : spend),
    triggers24h: noTriggers.map((_, i) => (day ?? []).filter(({ triggered }) => triggered & (1 << i)).length),
  };
}

export interface RunFigures {
  readonly mismatches: readonly string[];
  readonly rowsRead: number;
  readonly spansMax: number;
  readonly bytesMax: number;
}

/** Runs a stream through the windows, the codec between any two steps, and compares every step with brute force. */
export function runAgainstBruteForce(stream: readonly Arrived[]): RunFigures {
  const committed: (Arrived & { late: boolean })[] = [];
  const mismatches: string[] = [];
  let spans: Span[] = [];
  let newestMs = Number.NEGATIVE_INFINITY;
  let rowsRead = 0;
  let spansMax = 0;
  let bytesMax = 0;
  /** Nothing at or before this index can be in a window any more: keeps the oracle fast. */
  let from = 0;
  for (const [i, arrived] of stream.entries()) {
    const late = newestMs - arrived.occurredAtMs >= lateMs;
    const end = { endMs: late ? arrived.occurredAtMs : Math.max(newestMs, arrived.occurredAtMs), newestMs };
    let opened = spans;
    for (let rows = rowsNeeded(opened, i, end); rows; rows = rowsNeeded(opened, i, end)) {
      const read: Payment[] = committed.slice(rows.fromSequence - 1, rows.toSequence);
      rowsRead += read.length;
      opened = openSpan(opened, i, rows.fromSequence, read);
    }
    while (from < committed.length && isPast(committed, from, newestMs)) from++;
    const sums = windowSums(opened, end);
    const expected = bruteForce(committed.slice(from), arrived, newestMs);
    for (const name of ['count1m', 'count1h', 'count24h', 'spend24hMinor'] as const) {
      if (sums[name] !== expected[name])
        mismatches.push(`step ${i}: ${name} is ${sums[name]}, brute force says ${expected[name]}`);
    }
    if (expected.count24h !== null && String(sums.triggers24h) !== String(expected.triggers24h))
      mismatches.push(`step ${i}: triggers are ${sums.triggers24h}, brute force says ${expected.triggers24h}`);
    newestMs = Math.max(newestMs, arrived.occurredAtMs);
    spans = addPayment(late ? spans : opened, { ...arrived, late }, newestMs, 560);
    committed.push({ ...arrived, late });
    const writer = new ByteWriter();
    writeSpans(writer, spans, newestMs);
    const bytes = writer.finish();
    spansMax = Math.max(spansMax, spans.length);
    bytesMax = Math.max(bytesMax, bytes.length);
    spans = readSpans(new ByteReader(bytes), newestMs);
  }
  return { mismatches, rowsRead, spansMax, bytesMax };
}

/** Everything up to `index` is older than any window of any payment that is not refused for its lateness. */
const isPast = (committed: readonly Arrived[], index: number, newestMs: number): boolean => {
  const { occurredAtMs } = committed[index]!;
  return occurredAtMs <= newestMs - keptMs - dayMs;
};
