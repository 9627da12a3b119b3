import { copied, number, unsigned } from './codecs.ts';
import { decayed } from './decayed.ts';
import { alsoSeen, type DistinctCount, distinctCountBytes, distinctIn, noneSeen } from './distinctCount.ts';
import { dayMs, hourMs } from './durations.ts';
import { fieldsOf } from './fields.ts';
import type { TrafficFigures } from './merchant.ts';
import { round4 } from './round.ts';
import type { RowFormat } from './rowFormat.ts';

/**
 * What a merchant's decisions of the last two hours had in common, and its usual hour. Everything is counted as different texts, so that a decision
 * that is delivered again, or late within the two hours, changes nothing. A fixed size, whatever the traffic.
 */
export interface MerchantTraffic {
  /** Hours since the epoch, of `current`. */
  readonly hour: number;
  /** The time of the newest payment counted. */
  readonly newestMs: number;
  readonly current: Hour;
  readonly previous: Hour;
  /** Decayed sums over the hours before `previous` that had payments, as of `hour`. */
  readonly usual: Usual;
}

type Measure = 'accounts' | 'payments' | 'newDevices' | 'flagged';
type Hour = Readonly<Record<Measure, DistinctCount>>;
type Usual = Readonly<Record<Measure | 'hours', number>>;

/** A decision of one of the merchant's payments. */
export interface MerchantPayment {
  /** The payment's own time, epoch milliseconds. */
  readonly occurredAtMs: number;
  readonly transactionId: string;
  /** Names the account among all of the tenant. */
  readonly account: string;
  readonly newDevice: boolean;
  /** REVIEW or BLOCK. */
  readonly flagged: boolean;
}

const measures = ['accounts', 'payments', 'newDevices', 'flagged'] as const satisfies readonly Measure[];
/** What is usual is taken from the part of an hour that was ALLOWed: an attack that was noticed does not become usual. */
const allowedMeasures = ['accounts', 'payments', 'newDevices'] as const;
/** What is usual forgets half in a week. */
const usualHalfLifeMs = 7 * dayMs;

const emptyHour: Hour = { accounts: noneSeen, payments: noneSeen, newDevices: noneSeen, flagged: noneSeen };
const nothingUsual: Usual = { hours: 0, accounts: 0, payments: 0, newDevices: 0, flagged: 0 };
export const noTraffic: MerchantTraffic = {
  hour: 0,
  newestMs: 0,
  current: emptyHour,
  previous: emptyHour,
  usual: nothingUsual,
};

/** One more payment; the same object where it changes nothing: it was counted before, or is older than the two hours. */
export const withPayment = (before: MerchantTraffic, payment: MerchantPayment): MerchantTraffic => {
  const hour = Math.floor(payment.occurredAtMs / hourMs);
  const traffic = hour > before.hour ? movedTo(before, hour) : before;
  if (hour < traffic.hour - 1) return before;
  const part = hour === traffic.hour ? 'current' : 'previous';
  const counted = counting(traffic[part], payment);
  if (counted === traffic[part]) return before;
  return { ...traffic, [part]: counted, newestMs: Math.max(traffic.newestMs, payment.occurredAtMs) };
};

const counting = (hour: Hour, { transactionId, account, newDevice, flagged }: MerchantPayment): Hour => {
  const after = {
    accounts: alsoSeen(hour.accounts, account),
    payments: alsoSeen(hour.payments, transactionId),
    newDevices: newDevice ? alsoSeen(hour.newDevices, transactionId) : hour.newDevices,
    flagged: flagged ? alsoSeen(hour.flagged, transactionId) : hour.flagged,
  };
  return measures.some((measure) => after[measure] !== hour[measure]) ? after : hour;
};

/** As it is once the clock shows a later hour. */
const movedTo = (traffic: MerchantTraffic, hour: number): MerchantTraffic => {
  const isNext = hour === traffic.hour + 1;
  const ended = isNext ? [traffic.previous] : [traffic.previous, traffic.current];
  const left = (weight: number, fromHour: number): number => decayed(weight, fromHour * hourMs, hour * hourMs, usualHalfLifeMs);
  const usual = { ...traffic.usual };
  for (const name of Object.keys(usual) as (keyof Usual)[]) usual[name] = left(usual[name], traffic.hour);
  for (const [later, past] of ended.entries()) {
    if (distinctIn(past.payments) === 0) continue;
    const itsHour = traffic.hour - 1 + later;
    const flagged = share(distinctIn(past.flagged), distinctIn(past.payments)) ?? 0;
    usual.hours += left(1, itsHour);
    usual.flagged += left(distinctIn(past.flagged), itsHour);
    for (const measure of allowedMeasures) usual[measure] += left((1 - flagged) * distinctIn(past[measure]), itsHour);
  }
  return { ...traffic, hour, current: emptyHour, previous: isNext ? traffic.current : emptyHour, usual };
};

/**
 * The figures for a payment of that time, of what was counted before it. The hour until then is this clock hour, and of the one before the
 * part that lies within 60 minutes, taken as evenly spread. What is usual is an hour with payments, this and the last one left out.
 */
export const trafficFigures = (before: MerchantTraffic, occurredAtMs: number): TrafficFigures => {
  const atMs = Math.max(occurredAtMs, before.newestMs);
  const hour = Math.floor(atMs / hourMs);
  const traffic = hour > before.hour ? movedTo(before, hour) : before;
  const ofPrevious = 1 - (atMs - hour * hourMs) / hourMs;
  const within = (measure: Measure): number =>
    distinctIn(traffic.current[measure]) + ofPrevious * distinctIn(traffic.previous[measure]);
  const { usual } = traffic;
  return {
    asOfMs: traffic.newestMs,
    accounts1h: round4(within('accounts')),
    payments1h: round4(within('payments')),
    newDeviceShare1h: share(within('newDevices'), within('payments')),
    flaggedShare1h: share(within('flagged'), within('payments')),
    usualAccounts1h: mean(usual.accounts, usual.hours),
    usualPayments1h: mean(usual.payments, usual.hours),
    usualNewDeviceShare: share(usual.newDevices, usual.payments),
    usualFlaggedShare: share(usual.flagged, usual.payments + usual.flagged),
  };
};

const mean = (sum: number, count: number): number | null => (count > 0 ? round4(sum / count) : null);

/** Both are estimates: a part may seem larger than the whole. */
const share = (part: number, whole: number): number | null => mean(Math.min(part, whole), whole);

const ofHour = fieldsOf<Hour>();
const hourFields = measures.map((measure) => ofHour.field(measure, copied(distinctCountBytes)));
const ofUsual = fieldsOf<Usual>();
const ofTraffic = fieldsOf<MerchantTraffic>();

export const merchantTrafficFormat: RowFormat<MerchantTraffic> = {
  kind: 'traffic of merchant',
  fields: [
    ofTraffic.field('hour', unsigned),
    ofTraffic.field('newestMs', unsigned),
    ofTraffic.inside('current', hourFields),
    ofTraffic.inside('previous', hourFields),
    ofTraffic.inside('usual', [ofUsual.field('hours', number), ...measures.map((measure) => ofUsual.field(measure, number))]),
  ],
  counts: () => ({ signals: 0, features: 0, causes: 0 }),
};
