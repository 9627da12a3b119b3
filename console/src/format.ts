import { currencyExponents } from '../../shared/domain/currency.ts';
import type { Disposition, Outcome } from './wire.ts';

/** Numbers, times and names in words. */

const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat('en', { maximumFractionDigits: 2 });

export const whole = (value: number): string => grouped.format(value);

/** At most two decimals; four significant digits below one. */
export const decimal = (value: number): string =>
  Math.abs(value) < 1 && value !== 0 ? String(Number(value.toPrecision(3))) : short.format(value);

export const percent = (share: number, digits = 1): string => `${(100 * share).toFixed(digits)} %`;

/** Minor units in the currency's own units, code first. */
export const money = (amountMinor: number, currency: string): string => {
  const digits = currencyExponents[currency] ?? 2;
  const value = amountMinor / 10 ** digits;
  return `${currency} ${value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })}`;
};

export const major = (amountMinor: number, currency: string): number => amountMinor / 10 ** (currencyExponents[currency] ?? 2);

const two = (value: number): string => String(value).padStart(2, '0');

/** The time of day on this machine's clock. */
export const clock = (instant: string): string => {
  const date = new Date(instant);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
};

export const dateTime = (instant: string): string => {
  const date = new Date(instant);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock(instant)}`;
};

/** The time on the payer's clock: the text's own hour and its offset. */
export const payersTime = (instant: string): string => `${instant.slice(0, 10)} ${instant.slice(11, 19)} ${instant.slice(23)}`;

/** Hour of day on the payer's clock with its fraction, 0..24. */
export const payersHour = (instant: string): number => Number(instant.slice(11, 13)) + Number(instant.slice(14, 16)) / 60;

export const duration = (ms: number): string => {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${decimal(ms / 1_000)} s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min`;
  if (ms < 172_800_000) return `${Math.floor(ms / 3_600_000)} h`;
  return `${Math.floor(ms / 86_400_000)} days`;
};

export const ago = (instant: string, nowMs = Date.now()): string => {
  const ms = nowMs - Date.parse(instant);
  return ms < 5_000 ? 'now' : `${ms < 60_000 ? `${Math.floor(ms / 1_000)} s` : duration(ms)} ago`;
};

/** `TXN_VELOCITY_1H` as `Payments in 1 h`, `ENTITY:device` as `Figures of device`; other names as they are. */
export const signalLabel = (name: string): string =>
  signalLabels[name] ??
  name
    .replace(/^RULE:/, 'Rule ')
    .replace(/^LIST:/, 'List ')
    .replace(/^ENTITY:/, 'Figures of ');

const signalLabels: Readonly<Record<string, string>> = {
  TOTAL_SPEND_24H: 'Spend in 24 h',
  TXN_VELOCITY_1H: 'Payments in 1 h',
  RAPID_BURST_1M: 'Burst in 60 s',
  NEW_DEVICE_USED: 'New device',
  AMOUNT_ANOMALY: 'Unusual amount',
  IMPOSSIBLE_TRAVEL: 'Impossible travel',
  UNUSUAL_HOUR: 'Unusual hour',
  MERCHANT_RISK: 'Merchant risk',
  ANOMALY: 'Anomaly',
  DEVICE_ACCOUNTS_24H: 'Accounts on the device in 24 h',
  IP_ACCOUNTS_1H: 'Accounts on the address in 1 h',
  BENEFICIARY_PAYERS_24H: 'Payers of the beneficiary in 24 h',
  INSTRUMENT_ACCOUNTS_24H: 'Accounts with the instrument in 24 h',
  LINKED_FRAUD: 'Linked fraud',
  MODEL: 'Learned score',
};

export const outcomeWords: Readonly<Record<Outcome, string>> = { ALLOW: 'Allow', REVIEW: 'Review', BLOCK: 'Block' };

export const dispositionWords: Readonly<Record<Disposition, string>> = {
  CONFIRMED_FRAUD: 'Confirmed fraud',
  LEGITIMATE: 'Legitimate',
  UNSURE: 'Unsure',
};

/** A signal's value with its unit. `baseCurrency` is the policy's. */
export const signalValue = (name: string, value: number | null, baseCurrency = ''): string => {
  if (value === null) return '–';
  switch (name) {
    case 'TOTAL_SPEND_24H':
      return baseCurrency === '' ? whole(value) : money(value, baseCurrency);
    case 'NEW_DEVICE_USED':
    case 'UNUSUAL_HOUR':
      return value >= 1 ? 'yes' : 'no';
    case 'AMOUNT_ANOMALY':
      return `${decimal(value)} sd`;
    case 'IMPOSSIBLE_TRAVEL':
      return `${whole(value)} km/h`;
    case 'MERCHANT_RISK':
      return percent(value);
    case 'ANOMALY':
      return `${decimal(value)}th percentile`;
    default:
      return decimal(value);
  }
};

/** A feature of the model in words; an unknown name becomes words. */
export const featureLabel = (name: string): string => featureLabels[name] ?? words(name);

const featureLabels: Readonly<Record<string, string>> = {
  amountOverUsual: 'Amount over the usual',
  amountZ: 'Amount, deviations',
  amountZInCategory: 'Amount in its category',
  dayLevel: 'Level of the day',
  weekLevel: 'Level of the week',
  spendOverUsualDay: 'Spend over a usual day',
  countOverUsualDay: 'Payments over a usual day',
  count10m: 'Payments in 10 min',
  count1h: 'Payments in 1 h',
  count24h: 'Payments in 24 h',
  gapHours: 'Hours since the last payment',
  hourRarity: 'Rarity of the hour',
  localHour: 'Hour of day',
  recentSurprise: 'Recent surprises',
  speedKmh: 'Speed',
  kmFromHome: 'Distance from the usual places',
  kmFromLast: 'Distance from the last place',
  devices24h: 'Devices in 24 h',
  merchants24h: 'Merchants in 24 h',
  merchantRiskShort: 'Merchant risk, days',
  merchantRiskLong: 'Merchant risk, weeks',
  deviceAccounts24h: 'Accounts on the device',
  ipAccounts1h: 'Accounts on the address',
  beneficiaryAccounts24h: 'Payers of the beneficiary',
  beneficiaryPayments24h: 'Payments to the beneficiary',
  instrumentAccounts24h: 'Accounts with the instrument',
  linkedFrauds: 'Linked frauds',
};

/** `amountMinor 71720 or less instead of 642396 EUR` with amounts as people write them. */
export const changeText = (change: string): string =>
  change.replace(
    /^amountMinor (\d+) or less instead of (\d+) ([A-Z]{3})$/,
    (_, allowed, paid, currency) => `${money(Number(allowed), currency)} or less instead of ${money(Number(paid), currency)}`,
  );

/** `trainingWindow` as `training window`, its first letter large. */
export const words = (name: string): string =>
  name
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replace(/_/g, ' ')
    .toLowerCase()
    .replace(/^./, (first) => first.toUpperCase());

/** When, to whom and by which channel a payment was made, as far as it says; the empty text when it says nothing. */
export const paidWords = (payment: {
  readonly occurredAt?: string | null;
  readonly merchantId?: string | null;
  readonly channel?: string | null;
}): string => {
  const { occurredAt, merchantId, channel } = payment;
  const parts = [
    occurredAt ? `paid ${payersTime(occurredAt)}` : '',
    merchantId ? `to ${merchantId}` : '',
    channel ? `by ${channel}` : '',
  ];
  return parts.filter((part) => part !== '').join(' ');
};

export const plural = (count: number, singular: string, several = `${singular}s`): string =>
  `${whole(count)} ${count === 1 ? singular : several}`;
