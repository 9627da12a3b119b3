import { dayMs, hourMs } from './durations.ts';
import type { EntityKind, EntityReading } from './entities.ts';
import type { EntityFigures } from './entityFigures.ts';
import {
  type CategoryProfile,
  categoryTagOf,
  decayFactor,
  distances,
  hourBin,
  hourRarity,
  type Profile,
  profileHalfLivesDays,
  tagOf,
} from './profile.ts';
import type { Place } from './transaction.ts';

/**
 * What the model sees of a payment: one list for scoring, training and evaluation. Raw ratios and counts, not their logarithms: an
 * isolation forest ranks heavy tails better as they are. All are computed from what was known before the payment.
 */
export const featureNames = [
  'amount',
  'amountOverUsual',
  'amountZ',
  'amountZInCategory',
  'dayLevel',
  'weekLevel',
  'spendOverUsualDay',
  'countOverUsualDay',
  'count10m',
  'count1h',
  'count24h',
  'gapHours',
  'hourRarity',
  'localHour',
  'recentSurprise',
  'speedKmh',
  'kmFromHome',
  'kmFromLast',
  'newDevice',
  'newMerchant',
  'newCategory',
  'devices24h',
  'merchants24h',
  'merchantRiskShort',
  'merchantRiskLong',
  'deviceAccounts24h',
  'ipAccounts1h',
  'beneficiaryAccounts24h',
  'beneficiaryPayments24h',
  'instrumentAccounts24h',
  'linkedFrauds',
] as const;

export type FeatureName = (typeof featureNames)[number];

/** Changes when a feature's meaning changes although the names stay: part of the schema a model is bound to. */
export const featureSchemaVersion = 1;

export interface FeatureInput {
  /** As it was before this payment. */
  readonly profile: Profile;
  readonly occurredAtMs: number;
  readonly offsetMinutes: number;
  /** Base minor units; null when there is no rate. */
  readonly spendMinor: number | null;
  /** From `hash32`; null when absent. */
  readonly deviceHash: number | null;
  readonly merchantHash: number | null;
  readonly categoryHash: number | null;
  readonly location: Place | null;
  /** Exact, this payment included. */
  readonly counts: { readonly last10m: number; readonly last1h: number; readonly last24h: number };
  /** Base minor units over 24 h, this payment included; null when unknown. */
  readonly spend24hMinor: number | null;
  /** Of ln(amount in base minor units), the population's while the account has too little of its own. */
  readonly amountProfile: { readonly mean: number; readonly sd: number };
  /** Since the account's payment before; null for its first. */
  readonly gapMs: number | null;
  /** As IMPOSSIBLE_TRAVEL reads; null counts as 0. */
  readonly speedKmh: number | null;
  /** As NEW_DEVICE_USED reads. */
  readonly isNewDevice: boolean;
  /** Fraud share of the merchant by labels known at this time, half-lives 2 and 10 days; without a merchant 0. */
  readonly merchantRisk: { readonly short: number; readonly long: number };
  /** What is known of the payment's entities; what is not counts as 0. */
  readonly entities: readonly EntityReading[];
}

const minSd = 0.25;
const maxGapHours = 24 * 90;
const maxRatio = 1e6;
/** Payments' worth of belief in the account's own mean and sd while a category is new to it. */
const categoryPrior = 2;

/** By position in `featureNames`; every value finite. The account's state is updated afterwards, never before. */
export const features = (input: FeatureInput): Float64Array => {
  const { profile, amountProfile, counts } = input;
  const amountMinor = input.spendMinor ?? Math.exp(amountProfile.mean);
  const logAmount = Math.log(Math.max(amountMinor, 1));
  const long = profileHalfLivesDays.length - 1;
  const usualAmountMinor = decayed(profile, long, input.occurredAtMs).sum / decayed(profile, long, input.occurredAtMs).count;
  const usualDay = dailyRates(profile, input.occurredAtMs);
  const known = profile.lastAtMs !== null;
  const away = distances(profile, input.location);
  const values: Record<FeatureName, number> = {
    amount: amountMinor,
    amountOverUsual: ratio(amountMinor, usualAmountMinor),
    amountZ: (logAmount - amountProfile.mean) / Math.max(amountProfile.sd, minSd),
    amountZInCategory: zInCategory(input, logAmount),
    dayLevel: ratio(recentAmount(profile, 0, input.occurredAtMs, amountMinor), usualAmountMinor),
    weekLevel: ratio(recentAmount(profile, 1, input.occurredAtMs, amountMinor), usualAmountMinor),
    spendOverUsualDay: ratio(input.spend24hMinor ?? usualDay.spendMinor, usualDay.spendMinor),
    countOverUsualDay: ratio(counts.last24h, usualDay.count),
    count10m: counts.last10m,
    count1h: counts.last1h,
    count24h: counts.last24h,
    gapHours: input.gapMs === null ? maxGapHours : Math.min(Math.max(input.gapMs, 0) / hourMs, maxGapHours),
    hourRarity: hourRarity(profile, hourBin(input.occurredAtMs, input.offsetMinutes)),
    localHour: localHour(input.occurredAtMs, input.offsetMinutes),
    recentSurprise: profile.surprise * decayFactor(profile, 1, input.occurredAtMs),
    speedKmh: input.speedKmh ?? 0,
    kmFromHome: away.home,
    kmFromLast: away.last,
    newDevice: input.isNewDevice ? 1 : 0,
    newMerchant: known && isNew(profile.merchants, input.merchantHash) ? 1 : 0,
    newCategory: known && isNewCategory(input) ? 1 : 0,
    devices24h: distinct24h(profile, profile.devices, input.deviceHash, input.occurredAtMs),
    merchants24h: distinct24h(profile, profile.merchants, input.merchantHash, input.occurredAtMs),
    merchantRiskShort: input.merchantRisk.short,
    merchantRiskLong: input.merchantRisk.long,
    deviceAccounts24h: figuresOf(input, 'device')?.accounts24h ?? 0,
    ipAccounts1h: figuresOf(input, 'ip')?.accounts1h ?? 0,
    beneficiaryAccounts24h: figuresOf(input, 'beneficiary')?.accounts24h ?? 0,
    beneficiaryPayments24h: figuresOf(input, 'beneficiary')?.payments24h ?? 0,
    instrumentAccounts24h: figuresOf(input, 'instrument')?.accounts24h ?? 0,
    linkedFrauds: Math.max(0, ...input.entities.map(({ figures }) => figures?.frauds ?? 0)),
  };
  const row = new Float64Array(featureNames.length);
  for (let i = 0; i < row.length; i++) {
    const value = values[featureNames[i]!];
    if (!Number.isFinite(value)) {
      throw new RangeError(`feature ${featureNames[i]}: ${value}, a finite number expected`);
    }
    row[i] = value;
  }
  return row;
};

const figuresOf = ({ entities }: FeatureInput, kind: EntityKind): EntityFigures | null =>
  entities.find((entity) => entity.kind === kind)?.figures ?? null;

const decayed = (profile: Profile, index: number, atMs: number): { readonly sum: number; readonly count: number } => {
  const factor = decayFactor(profile, profileHalfLivesDays[index]!, atMs);
  return { sum: profile.sums[index]! * factor, count: profile.counts[index]! * factor };
};

/** The mean of the recent amounts, the present one included. */
const recentAmount = (profile: Profile, index: number, atMs: number, amountMinor: number): number => {
  const { sum, count } = decayed(profile, index, atMs);
  return (sum + amountMinor) / (count + 1);
};

/** Payments and spend a day, by the longest half-life, corrected for the account's age; a younger account counts as one day old. */
const dailyRates = (profile: Profile, atMs: number): { readonly count: number; readonly spendMinor: number } => {
  const long = profileHalfLivesDays.length - 1;
  const halfLifeDays = profileHalfLivesDays[long]!;
  const { sum, count } = decayed(profile, long, atMs);
  const ageDays = Math.max(atMs / dayMs - profile.firstDay, 1);
  const effectiveDays = (halfLifeDays / Math.LN2) * (1 - 2 ** (-ageDays / halfLifeDays));
  return { count: count / effectiveDays, spendMinor: sum / effectiveDays };
};

/** Nothing known yet reads as usual. */
const ratio = (value: number, usual: number): number => (usual > 0 ? Math.min(value / usual, maxRatio) : 1);

const isNewCategory = (input: FeatureInput): boolean => input.categoryHash !== null && ownCategory(input) === undefined;

const ownCategory = ({ profile, categoryHash }: FeatureInput): CategoryProfile | undefined =>
  categoryHash === null ? undefined : profile.categories.find(({ tag }) => tag === categoryTagOf(categoryHash));

const zInCategory = (input: FeatureInput, logAmount: number): number => {
  const { amountProfile } = input;
  const own = ownCategory(input);
  const weight = own?.weight ?? 0;
  const blend = (ofCategory: number, ofAccount: number): number =>
    (weight * ofCategory + categoryPrior * ofAccount) / (weight + categoryPrior);
  const mean = blend(own?.mean ?? 0, amountProfile.mean);
  const variance = blend((own?.sd ?? 0) ** 2, amountProfile.sd ** 2);
  return (logAmount - mean) / Math.max(Math.sqrt(variance), minSd);
};

const localHour = (occurredAtMs: number, offsetMinutes: number): number => {
  const localMs = occurredAtMs + offsetMinutes * 60_000;
  return Math.floor((((localMs % dayMs) + dayMs) % dayMs) / hourMs);
};

const isNew = (seen: readonly { readonly tag: number }[], hash: number | null): boolean =>
  hash !== null && !seen.some(({ tag }) => tag === tagOf(hash));

const distinct24h = (profile: Profile, seen: Profile['merchants'], hash: number | null, atMs: number): number => {
  const passedMinutes = profile.lastAtMs === null ? 0 : Math.max(atMs - profile.lastAtMs, 0) / 60_000;
  const recent = seen.filter(({ ageMinutes }) => ageMinutes + passedMinutes < 1440);
  return recent.length + (isNew(recent, hash) ? 1 : 0);
};
