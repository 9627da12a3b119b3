import { dayMs, hourMs } from './durations.ts';
import { addMinor, lateMs } from './window.ts';

/** What is known of one entity when a payment on it is decided, the payment included. */
export interface EntityFigures {
  /** Distinct accounts. */
  readonly accounts1h: number;
  readonly accounts24h: number;
  /** Attempts. */
  readonly payments1h: number;
  readonly payments24h: number;
  /** Base minor units of the attempts that have a rate; null when this payment has none. */
  readonly amount24hMinor: number | null;
  /** Another attempt had no rate, or was summed in another base currency. */
  readonly amountPartial: boolean;
  /** Payments of the last 90 days that were labelled CONFIRMED_FRAUD when this one was received. */
  readonly frauds: number;
  /** The payment is 60 s or more older than the newest attempt: it sees what is not newer than itself. */
  readonly late: boolean;
  /** Lower bounds: a day that the window touches had `attemptsKept` attempts or more. */
  readonly saturated: boolean;
}

/** The same figures, their members in the order of the type. */
export const inOrder = (figures: EntityFigures): EntityFigures => ({
  accounts1h: figures.accounts1h,
  accounts24h: figures.accounts24h,
  payments1h: figures.payments1h,
  payments24h: figures.payments24h,
  amount24hMinor: figures.amount24hMinor,
  amountPartial: figures.amountPartial,
  frauds: figures.frauds,
  late: figures.late,
  saturated: figures.saturated,
});

/** By kind; null where there are none. */
export type DecidedEntities = Readonly<Record<string, EntityFigures | null>>;

/** One attempt to pay on an entity, as its record keeps it. */
export interface Attempt {
  /** Tells accounts apart within the entity. */
  readonly account: number;
  readonly atMs: number;
  /** Base minor units; null without a rate. */
  readonly spendMinor: number | null;
  /** The currency that the amount is in; null without a rate. */
  readonly baseCurrency: string | null;
}

/** A UTC day of an entity's attempts. */
export interface EntityDay {
  /** Days since 1970. */
  readonly day: number;
  readonly attempts: readonly Attempt[];
  /** Attempts of the day were dropped. */
  readonly isFull: boolean;
}

/** A payment on the entity that turned out to be fraud. */
export interface FraudMark {
  readonly occurredAtMs: number;
  readonly knownAtMs: number;
}

/** The newest attempts of a UTC day that are always kept. */
export const attemptsKept = 40;

export const fraudWindowMs = 90 * dayMs;

/** A payment whose UTC day ended longer before its receipt than this is not counted. */
export const countedLateMs = 2 * dayMs;

export const dayOf = (epochMs: number): number => Math.floor(epochMs / dayMs);

export const isTooLate = (occurredAtMs: number, receivedAtMs: number): boolean =>
  (dayOf(occurredAtMs) + 1) * dayMs + countedLateMs < receivedAtMs;

/** The payment's own attempt, in the base currency of the policy that decides it. */
export type OwnAttempt = Attempt & { readonly baseCurrency: string };

/** The figures of an entity for a payment; `days` are those that its windows may touch, without the payment's own attempt. */
export function entityFigures(
  own: OwnAttempt,
  receivedAtMs: number,
  days: readonly EntityDay[],
  marks: readonly FraudMark[],
): EntityFigures {
  const others = days.flatMap(({ attempts }) => attempts);
  const newestMs = others.reduce((newest, { atMs }) => Math.max(newest, atMs), own.atMs);
  const late = newestMs - own.atMs >= lateMs;
  const endMs = late ? own.atMs : newestMs;
  const within = (windowMs: number): readonly Attempt[] => others.filter(({ atMs }) => atMs > endMs - windowMs && atMs <= endMs);
  const [in1h, in24h] = [within(hourMs), within(dayMs)];
  const [firstDay, lastDay] = [dayOf(endMs - dayMs + 1), dayOf(endMs)];
  const saturated = days.some(({ day, attempts, isFull }) => {
    const counted = attempts.length + (day === dayOf(own.atMs) ? 1 : 0);
    return day >= firstDay && day <= lastDay && (isFull || counted >= attemptsKept);
  });
  const payments24h = in24h.length + 1;
  return {
    accounts1h: accountsIn(own, in1h),
    accounts24h: accountsIn(own, in24h),
    payments1h: in1h.length + 1,
    payments24h: saturated ? Math.max(payments24h, attemptsKept) : payments24h,
    amount24hMinor: amountIn(own, in24h),
    amountPartial: in24h.some(({ baseCurrency }) => baseCurrency !== own.baseCurrency),
    frauds: marks.filter(
      ({ occurredAtMs, knownAtMs }) =>
        occurredAtMs > own.atMs - fraudWindowMs && occurredAtMs <= own.atMs && knownAtMs <= receivedAtMs,
    ).length,
    late,
    saturated,
  };
}

const accountsIn = (own: OwnAttempt, attempts: readonly Attempt[]): number =>
  new Set([own.account, ...attempts.map(({ account }) => account)]).size;

const amountIn = (own: OwnAttempt, attempts: readonly Attempt[]): number | null => {
  if (own.spendMinor === null) return null;
  let sum = own.spendMinor;
  for (const { spendMinor, baseCurrency } of attempts) {
    if (spendMinor !== null && baseCurrency === own.baseCurrency) sum = addMinor(sum, spendMinor);
  }
  return sum;
};
