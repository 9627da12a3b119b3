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

/** The figures of an entity at a time, in this base currency, of all its attempts and marks until then. */
export function entityFiguresAt(
  atMs: number,
  baseCurrency: string,
  days: readonly EntityDay[],
  marks: readonly FraudMark[],
): EntityFigures {
  const attempts = days.flatMap((day) => day.attempts);
  const ahead = attempts.map((attempt) => attempt.atMs).filter((ms) => ms > atMs && ms - atMs < lateMs);
  const endMs = Math.max(atMs, ...ahead);
  const within = (windowMs: number): readonly Attempt[] =>
    attempts.filter((attempt) => attempt.atMs > endMs - windowMs && attempt.atMs <= endMs);
  const [in1h, in24h] = [within(hourMs), within(dayMs)];
  const saturated = isSaturated(endMs, days, ({ attempts: { length } }) => length);
  return {
    accounts1h: new Set(in1h.map(({ account }) => account)).size,
    accounts24h: new Set(in24h.map(({ account }) => account)).size,
    payments1h: in1h.length,
    payments24h: saturated ? Math.max(in24h.length, attemptsKept) : in24h.length,
    amount24hMinor: sumIn(0, baseCurrency, in24h),
    amountPartial: in24h.some((attempt) => attempt.baseCurrency !== baseCurrency),
    frauds: fraudsIn(marks, atMs, atMs),
    late: false,
    saturated,
  };
}

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
  const saturated = isSaturated(endMs, days, ({ day, attempts }) => attempts.length + (day === dayOf(own.atMs) ? 1 : 0));
  const payments24h = in24h.length + 1;
  return {
    accounts1h: accountsIn(own, in1h),
    accounts24h: accountsIn(own, in24h),
    payments1h: in1h.length + 1,
    payments24h: saturated ? Math.max(payments24h, attemptsKept) : payments24h,
    amount24hMinor: amountIn(own, in24h),
    amountPartial: in24h.some(({ baseCurrency }) => baseCurrency !== own.baseCurrency),
    frauds: fraudsIn(marks, own.atMs, receivedAtMs),
    late,
    saturated,
  };
}

const accountsIn = (own: OwnAttempt, attempts: readonly Attempt[]): number =>
  new Set([own.account, ...attempts.map(({ account }) => account)]).size;

const amountIn = (own: OwnAttempt, attempts: readonly Attempt[]): number | null =>
  own.spendMinor === null ? null : sumIn(own.spendMinor, own.baseCurrency, attempts);

const sumIn = (firstMinor: number, currency: string, attempts: readonly Attempt[]): number => {
  let sum = firstMinor;
  for (const { spendMinor, baseCurrency } of attempts) {
    if (spendMinor !== null && baseCurrency === currency) sum = addMinor(sum, spendMinor);
  }
  return sum;
};

/** Whether a day that the 24 hours until `endMs` touch had so many attempts that some may be dropped. */
const isSaturated = (endMs: number, days: readonly EntityDay[], countOf: (day: EntityDay) => number): boolean => {
  const [firstDay, lastDay] = [dayOf(endMs - dayMs + 1), dayOf(endMs)];
  return days.some((day) => day.day >= firstDay && day.day <= lastDay && (day.isFull || countOf(day) >= attemptsKept));
};

const fraudsIn = (marks: readonly FraudMark[], atMs: number, knownByMs: number): number =>
  marks.filter(
    ({ occurredAtMs, knownAtMs }) => occurredAtMs > atMs - fraudWindowMs && occurredAtMs <= atMs && knownAtMs <= knownByMs,
  ).length;
