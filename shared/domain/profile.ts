import { distanceKm } from './geo.ts';
import type { Place } from './transaction.ts';

/**
 * What an account's history leaves behind for the model's features: bounded whatever the history, packed into the account's state.
 * A payment that was blocked teaches it nothing. Values are rounded when they are learned, never when they are encoded, so that
 * `decodeProfile(encodeProfile(p))` equals `p` and a served account sees what a batch run sees.
 *
 * Decay runs forward (Cormode et al. 2009): weights are kept as of the start of the day last updated, what comes later that day
 * weighs more, and only a change of day multiplies what is kept. So rounding enters once a day and not once a payment.
 */
export interface Profile {
  /** Epoch milliseconds of the newest payment learned; null for an account without history. */
  readonly lastAtMs: number | null;
  /** Day (since the epoch) of the first payment learned. */
  readonly firstDay: number;
  /** Decayed numbers of payments, by position in `profileHalfLivesDays`; relative error under 2^-15 a day. */
  readonly counts: readonly number[];
  /** Decayed sums of their amounts in base minor units; the same bound. */
  readonly sums: readonly number[];
  /** Payments by local hour, two hours a bin, half-life 45 days, in 256ths of a payment; cut off by less than one 256th a day. */
  readonly hours: readonly number[];
  /** How far the last payments were from what was usual, see `surpriseOf`: decayed with a half-life of a day. */
  readonly surprise: number;
  /** Mean of the last 40 places, and the last one, to 0.006 degrees; null before the first. */
  readonly home: (Place & { readonly weight: number }) | null;
  readonly lastPlace: Place | null;
  /** The last categories, newest first, at most 14. */
  readonly categories: readonly CategoryProfile[];
  /** The last merchants, newest first, at most 7: older ones count as new again. */
  readonly merchants: readonly Sighting[];
  /** The last devices, newest first, at most 4: a day's distinct devices beyond that are not counted. */
  readonly devices: readonly Sighting[];
}

export interface CategoryProfile {
  /** 12 bits: two categories share one by chance once in 4,096. */
  readonly tag: number;
  /** Payments, counted up to 15: beyond that the newest weigh 1/16 each. */
  readonly weight: number;
  /** Mean and standard deviation of ln(amount in base minor units), to 1/110 and 1/512. */
  readonly mean: number;
  readonly sd: number;
}

export interface Sighting {
  /** 16 bits: two identifiers share one by chance once in 65,536. */
  readonly tag: number;
  /** Minutes before the profile's newest payment, counted up to 65,535 (45 days). */
  readonly ageMinutes: number;
}

export interface ProfileFacts {
  /** Epoch milliseconds; one older than the newest learned counts as of the newest. */
  readonly occurredAtMs: number;
  readonly offsetMinutes: number;
  /** Base minor units; null when there is no rate. */
  readonly spendMinor: number | null;
  /** From `hash32`; null when absent. */
  readonly deviceHash: number | null;
  readonly merchantHash: number | null;
  readonly categoryHash: number | null;
  readonly location: Place | null;
  readonly blocked: boolean;
}

export const profileHalfLivesDays = [1, 7, 30] as const;
/** Two-hour bins of a day. */
export const hourBins = 12;
/** Of one payment in an hour bin. */
export const hourUnit = 256;

/** The most that a profile keeps: what the packed form has room for. */
export const profileLimits = {
  hourUnits: 65_535,
  categories: 14,
  merchants: 7,
  devices: 4,
  categoryWeight: 15,
  homeWeight: 40,
  /** Of a category's mean and standard deviation. */
  steps: 4095,
  ageMinutes: 65_535,
} as const;

/** Steps of what is rounded when it is learned: per nat, per nat, per degree. */
export const profileSteps = { mean: 110, sd: 512, degrees: 65_535 / 360 } as const;

const dayMs = 86_400_000;
const minuteMs = 60_000;

export const emptyProfile: Profile = {
  lastAtMs: null,
  firstDay: 0,
  counts: profileHalfLivesDays.map(() => 0),
  sums: profileHalfLivesDays.map(() => 0),
  hours: Array.from({ length: hourBins }, () => 0),
  surprise: 0,
  home: null,
  lastPlace: null,
  categories: [],
  merchants: [],
  devices: [],
};

/** 32-bit FNV-1a of the text's UTF-16 units: how identifiers enter a profile. */
export const hash32 = (text: string): number => {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
};

/** The tags under which the 32-bit hash of a merchant or device, and of a category, is kept. */
export const tagOf = (hash: number): number => ((hash >>> 16) ^ hash) & 0xffff;
export const categoryTagOf = (hash: number): number => ((hash >>> 20) ^ hash) & 0xfff;

/** The two-hour bin of local time, 0..11. */
export const hourBin = (occurredAtMs: number, offsetMinutes: number): number => {
  const localMs = occurredAtMs + offsetMinutes * minuteMs;
  return Math.floor((((localMs % dayMs) + dayMs) % dayMs) / (dayMs / hourBins));
};

/** What a decayed figure of the profile is worth at a time: the factor on it. */
export const decayFactor = (profile: Profile, halfLifeDays: number, atMs: number): number =>
  profile.lastAtMs === null
    ? 0
    : 2 ** (-(Math.max(atMs, profile.lastAtMs) / dayMs - Math.floor(profile.lastAtMs / dayMs)) / halfLifeDays);

/** Payments' worth of belief in an even spread over the day. */
const hourPrior = 3;

/** Surprise of a local hour in nats above an even spread: -ln(12 x share), smoothed over the neighbouring bins. */
export const hourRarity = ({ hours }: Profile, bin: number): number => {
  const at = (index: number): number => hours[(index + hourBins) % hourBins]! / hourUnit;
  const total = hours.reduce((sum, units) => sum + units, 0) / hourUnit;
  const near = (at(bin - 1) + 2 * at(bin) + at(bin + 1)) / 4;
  return -Math.log((hourBins * near + hourPrior) / (total + hourPrior));
};

/** Kilometres from the mean and from the last of the account's places; 0 where one of both is unknown. */
export const distances = (
  { home, lastPlace }: Profile,
  place: Place | null,
): { readonly home: number; readonly last: number } => ({
  home: home === null || place === null ? 0 : distanceKm(home, place),
  last: lastPlace === null || place === null ? 0 : distanceKm(lastPlace, place),
});
