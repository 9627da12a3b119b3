import type { Decision } from './decision.ts';
import { type FeatureName, featureNames } from './features.ts';
import { decimal } from './numberText.ts';

const shown = 3;

/** The features that made a payment unusual, the largest share first, each against what is usual for the account. Empty without shares. */
export const anomalyText = ({ anomaly, features }: Pick<Decision, 'anomaly' | 'features'>): string => {
  if (anomaly === null || features === null) return '';
  return anomaly.contributions
    .filter(({ feature, points }) => points > 0 && Object.hasOwn(words, feature))
    .toSorted((a, b) => b.points - a.points)
    .slice(0, shown)
    .map(({ feature }) => words[feature as FeatureName](features[featureNames.indexOf(feature as FeatureName)] ?? 0))
    .join(', ');
};

const many = (count: number, what: string): string => `${decimal(count)} ${what}${count === 1 ? '' : 's'}`;
const timesUsual = (what: string) => (value: number) => `${what} ${decimal(value)} times the usual`;
const deviations =
  (what: string) =>
  (value: number): string =>
    `${what} ${decimal(Math.abs(value))} standard deviations ${value < 0 ? 'below' : 'above'} the usual`;
const isNew = (what: string) => (value: number) => `a ${value === 1 ? `${what} new to the account` : `known ${what}`}`;
const labelled = (span: string) => (value: number) =>
  `${decimal(100 * value)} % fraud among the merchant's labels of the last ${span}`;

const words: Readonly<Record<FeatureName, (value: number) => string>> = {
  amount: () => 'the size of the amount',
  amountOverUsual: timesUsual('an amount'),
  amountZ: deviations('an amount'),
  amountZInCategory: deviations('an amount for this category'),
  dayLevel: timesUsual('amounts of the last day'),
  weekLevel: timesUsual('amounts of the last week'),
  spendOverUsualDay: timesUsual('spend of a day'),
  countOverUsualDay: timesUsual('payments of a day'),
  count10m: (value) => `${many(value, 'payment')} in 10 minutes`,
  count1h: (value) => `${many(value, 'payment')} in an hour`,
  count24h: (value) => `${many(value, 'payment')} in 24 hours`,
  gapHours: (value) => `${many(value, 'hour')} since the payment before`,
  hourRarity: (value) => `a time of day ${value > 0 ? 'at which the account rarely pays' : 'at which the account often pays'}`,
  localHour: (value) => `${decimal(value)} o'clock local time`,
  recentSurprise: (value) => (value > 0 ? 'unusual payments shortly before' : 'no unusual payments before'),
  speedKmh: (value) => `${decimal(value)} km/h since the last place`,
  kmFromHome: (value) => `${decimal(value)} km from the usual place`,
  kmFromLast: (value) => `${decimal(value)} km from the last place`,
  newDevice: isNew('device'),
  newMerchant: isNew('merchant'),
  newCategory: isNew('category'),
  devices24h: (value) => `${many(value, 'device')} in 24 hours`,
  merchants24h: (value) => `${many(value, 'merchant')} in 24 hours`,
  merchantRiskShort: labelled('days'),
  merchantRiskLong: labelled('weeks'),
  deviceAccounts24h: (value) => `${many(value, 'account')} on the device in 24 hours`,
  ipAccounts1h: (value) => `${many(value, 'account')} on the address in an hour`,
  beneficiaryAccounts24h: (value) => `${many(value, 'account')} that paid the beneficiary in 24 hours`,
  beneficiaryPayments24h: (value) => `${many(value, 'payment')} to the beneficiary in 24 hours`,
  instrumentAccounts24h: (value) => `${many(value, 'account')} with the instrument in 24 hours`,
  linkedFrauds: (value) => `${many(value, 'fraud')} on the same device, address, beneficiary or instrument`,
};
