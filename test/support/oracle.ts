import type { Outcome } from '../../shared/domain/outcome.ts';
import type { Policy } from '../../shared/domain/policy.ts';
import type { Place, Transaction } from '../../shared/domain/transaction.ts';

/**
 * The signals of DESIGN section 4 by their definitions, over the whole list of what was committed before: slow, and with none of the
 * engine's code. `MERCHANT_RISK` and `ANOMALY` depend on more than the account and are left out.
 */
export interface Committed {
  readonly transaction: Transaction;
  readonly outcome: Outcome;
  /** Amount in the base currency, null without a rate. */
  readonly spendMinor: number | null;
  /** Names of the signals it triggered. */
  readonly triggered: readonly string[];
}

export interface OracleReading {
  readonly TOTAL_SPEND_24H: number | null;
  readonly TXN_VELOCITY_1H: number | null;
  readonly RAPID_BURST_1M: number | null;
  readonly NEW_DEVICE_USED: number;
  readonly AMOUNT_ANOMALY: number | null;
  /** Undefined where the contract leaves the engine free to say LATE. */
  readonly IMPOSSIBLE_TRAVEL: number | undefined;
  readonly UNUSUAL_HOUR: number;
  readonly late: boolean;
  /** Triggers over 24 h by name, without this transaction's own; null where the past is not all kept. */
  readonly triggers24h: Readonly<Record<string, number>> | null;
}

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

export function oracle(
  before: readonly Committed[],
  transaction: Transaction,
  spendMinor: number | null,
  policy: Policy,
): OracleReading {
  const t = transaction.occurredAtMs;
  const newest = Math.max(Number.NEGATIVE_INFINITY, ...before.map((one) => one.transaction.occurredAtMs));
  const late = newest - t >= minute;
  const end = late ? t : Math.max(t, newest);
  const windowOf = (length: number): readonly Committed[] | null =>
    late && end - length < newest - 2 * day
      ? null
      : before.filter(({ transaction: { occurredAtMs } }) => occurredAtMs > end - length && occurredAtMs <= end);
  const passed = before.filter((one) => one.outcome !== 'BLOCK');
  const lastDay = windowOf(day);
  const lastHour = windowOf(hour);
  const lastMinute = windowOf(minute);
  const spent = lastDay?.reduce((sum, one) => sum + BigInt(one.outcome === 'BLOCK' ? 0 : (one.spendMinor ?? 0)), 0n);
  const limit = BigInt(Number.MAX_SAFE_INTEGER);
  const total = spent === undefined || spendMinor === null ? null : spent + BigInt(spendMinor);
  return {
    TOTAL_SPEND_24H: total === null ? null : Number(total > limit ? limit : total),
    TXN_VELOCITY_1H: lastHour ? lastHour.length + 1 : null,
    RAPID_BURST_1M: lastMinute ? lastMinute.length + 1 : null,
    NEW_DEVICE_USED: newDevice(passed, transaction),
    AMOUNT_ANOMALY: spendMinor === null ? null : amountAnomaly(passed, t, spendMinor, policy),
    IMPOSSIBLE_TRAVEL: travel(passed, transaction, late, newest),
    UNUSUAL_HOUR: unusualHour(passed, transaction),
    late,
    triggers24h: lastDay && tally(lastDay),
  };
}

const tally = (committed: readonly Committed[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { triggered } of committed) for (const name of triggered) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
};

function newDevice(passed: readonly Committed[], { deviceId, occurredAtMs }: Transaction): number {
  const lastSeen = new Map<string, { atMs: number; order: number }>();
  for (const [order, { transaction }] of passed.entries()) {
    if (transaction.deviceId === null) continue;
    const known = lastSeen.get(transaction.deviceId);
    lastSeen.set(transaction.deviceId, {
      atMs: Math.max(known?.atMs ?? Number.NEGATIVE_INFINITY, transaction.occurredAtMs),
      order,
    });
  }
  if (deviceId === null || lastSeen.size === 0) return 0;
  const kept = [...lastSeen].sort(([, a], [, b]) => b.atMs - a.atMs || b.order - a.order).slice(0, 32);
  const known = kept.find(([name]) => name === deviceId)?.[1];
  return known === undefined || occurredAtMs - known.atMs >= 90 * day ? 1 : 0;
}

function amountAnomaly(passed: readonly Committed[], t: number, spendMinor: number, policy: Policy): number {
  const weighed = passed
    .filter((one) => one.spendMinor !== null)
    .map((one) => ({
      weight: 0.5 ** ((t - one.transaction.occurredAtMs) / (15 * day)),
      value: Math.log(Math.max(1, one.spendMinor!)),
    }));
  const weight = weighed.reduce((sum, one) => sum + one.weight, 0);
  let { mean, sd } = policy.population;
  if (weight >= 5) {
    mean = weighed.reduce((sum, one) => sum + one.weight * one.value, 0) / weight;
    sd = Math.sqrt(weighed.reduce((sum, one) => sum + one.weight * (one.value - mean) ** 2, 0) / weight);
  }
  return (Math.log(Math.max(1, spendMinor)) - mean) / Math.max(sd, 0.25);
}

function travel(
  passed: readonly Committed[],
  { location, occurredAtMs }: Transaction,
  late: boolean,
  newest: number,
): number | undefined {
  if (location === null) return 0;
  const places = passed.filter((one) => one.transaction.location !== null);
  const before = places.filter((one) => one.transaction.occurredAtMs <= occurredAtMs);
  // Within the last minute more places may be in flight together than are kept.
  if (late || places.filter((one) => one.transaction.occurredAtMs > newest - minute).length >= 64) return undefined;
  if (before.length === 0) return 0;
  const latest = before.reduce((a, b) => (b.transaction.occurredAtMs >= a.transaction.occurredAtMs ? b : a));
  const distance = greatCircleKm(latest.transaction.location!, location);
  return distance < 100 ? 0 : distance / (Math.max(1000, occurredAtMs - latest.transaction.occurredAtMs) / hour);
}

/** By the spherical law of cosines, another formula than the engine's. */
function greatCircleKm(a: Place, b: Place): number {
  const radians = (degrees: number): number => (degrees * Math.PI) / 180;
  const cosine =
    Math.sin(radians(a.latitude)) * Math.sin(radians(b.latitude)) +
    Math.cos(radians(a.latitude)) * Math.cos(radians(b.latitude)) * Math.cos(radians(b.longitude - a.longitude));
  return 6371 * Math.acos(Math.min(1, Math.max(-1, cosine)));
}

function unusualHour(passed: readonly Committed[], transaction: Transaction): number {
  if (!isNight(transaction)) return 0;
  let weight = 0;
  let night = 0;
  for (const one of passed) {
    const own = 0.5 ** ((transaction.occurredAtMs - one.transaction.occurredAtMs) / (45 * day));
    weight += own;
    if (isNight(one.transaction)) night += own;
  }
  return weight === 0 || night / weight < 0.05 ? 1 : 0;
}

const isNight = ({ occurredAtMs, offsetMinutes }: Transaction): boolean => {
  const local = new Date(occurredAtMs + offsetMinutes * minute);
  return local.getUTCHours() >= 1 && local.getUTCHours() <= 4;
};
