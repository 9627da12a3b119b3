import { listOf } from './bytes.ts';
import { dayMs, minuteMs } from './durations.ts';
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

interface Sighting {
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
const hourBins = 12;

const hourHalfLifeDays = 45;
const hourUnit = 256;
const maxHourUnits = 65_535;
const maxCategories = 14;
const maxMerchants = 7;
const maxDevices = 4;
const maxCategoryWeight = 15;
const maxHomeWeight = 40;
const meanSteps = 110;
const sdSteps = 512;
const maxSteps = 4095;
const degreeSteps = 65_535 / 360;
const maxAgeMinutes = 65_535;
const codecVersion = 1;

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

/** The profile after a payment that was decided. */
export const updateProfile = (profile: Profile, facts: ProfileFacts): Profile => {
  if (facts.blocked) {
    return profile;
  }
  const previousAtMs = profile.lastAtMs ?? facts.occurredAtMs;
  const atMs = Math.max(facts.occurredAtMs, previousAtMs);
  const day = Math.floor(atMs / dayMs);
  const daysPassed = day - Math.floor(previousAtMs / dayMs);
  const dayFraction = atMs / dayMs - day;
  const minutesPassed = Math.floor(atMs / minuteMs) - Math.floor(previousAtMs / minuteMs);
  const { spendMinor } = facts;
  const accumulate = (values: readonly number[], amount: number): readonly number[] =>
    values.map((value, i) => {
      const halfLifeDays = profileHalfLivesDays[i]!;
      const kept = daysPassed === 0 ? value : value * 2 ** (-daysPassed / halfLifeDays);
      return round24(kept + amount * 2 ** (dayFraction / halfLifeDays));
    });
  return {
    lastAtMs: atMs,
    firstDay: profile.lastAtMs === null ? day : profile.firstDay,
    counts: accumulate(profile.counts, spendMinor === null ? 0 : 1),
    sums: accumulate(profile.sums, spendMinor ?? 0),
    surprise: round24(
      profile.surprise * (daysPassed === 0 ? 1 : 2 ** -daysPassed) + surpriseOf(profile, facts) * 2 ** dayFraction,
    ),
    home: facts.location === null ? profile.home : learnHome(profile.home, facts.location),
    lastPlace: facts.location === null ? profile.lastPlace : roundPlace(facts.location),
    hours: learnHour(profile.hours, hourBin(facts.occurredAtMs, facts.offsetMinutes), daysPassed, dayFraction),
    categories:
      facts.categoryHash === null || spendMinor === null
        ? profile.categories
        : learnCategory(profile.categories, categoryTagOf(facts.categoryHash), Math.log(Math.max(spendMinor, 1))),
    merchants: sight(profile.merchants, facts.merchantHash, minutesPassed, maxMerchants),
    devices: sight(profile.devices, facts.deviceHash, minutesPassed, maxDevices),
  };
};

/** Standard deviations of the amount beyond 1.5 within a category known from 3 payments, at most 5, and nats of a rare hour beyond 0.5. */
const surpriseOf = (profile: Profile, { categoryHash, spendMinor, occurredAtMs, offsetMinutes }: ProfileFacts): number => {
  const category = categoryHash === null ? undefined : profile.categories.find(({ tag }) => tag === categoryTagOf(categoryHash));
  const z =
    category === undefined || category.weight < 3 || spendMinor === null
      ? 0
      : Math.abs(Math.log(Math.max(spendMinor, 1)) - category.mean) / Math.max(category.sd, 0.25);
  const rarity = hourRarity(profile, hourBin(occurredAtMs, offsetMinutes));
  return Math.min(Math.max(z - 1.5, 0), 5) + Math.max(rarity - 0.5, 0);
};

/** Payments' worth of belief in an even spread over the day. */
const hourPrior = 3;

/** Surprise of a local hour in nats above an even spread: -ln(12 x share), smoothed over the neighbouring bins. */
export const hourRarity = ({ hours }: Profile, bin: number): number => {
  const at = (index: number): number => hours[(index + hourBins) % hourBins]! / hourUnit;
  const total = hours.reduce((sum, units) => sum + units, 0) / hourUnit;
  const near = (at(bin - 1) + 2 * at(bin) + at(bin + 1)) / 4;
  return -Math.log((hourBins * near + hourPrior) / (total + hourPrior));
};

const roundPlace = ({ latitude, longitude }: Place): Place => ({
  latitude: Math.round((latitude + 90) * degreeSteps) / degreeSteps - 90,
  longitude: Math.round((longitude + 180) * degreeSteps) / degreeSteps - 180,
});

const learnHome = (home: Profile['home'], place: Place): Profile['home'] => {
  const weight = Math.min((home?.weight ?? 0) + 1, maxHomeWeight);
  if (home === null) return { ...roundPlace(place), weight };
  const east = ((place.longitude - home.longitude + 540) % 360) - 180;
  const longitude = home.longitude + east / weight;
  return {
    ...roundPlace({
      latitude: home.latitude + (place.latitude - home.latitude) / weight,
      longitude: ((longitude + 540) % 360) - 180,
    }),
    weight,
  };
};

/** Kilometres from the mean and from the last of the account's places; 0 where one of both is unknown. */
export const distances = (
  { home, lastPlace }: Profile,
  place: Place | null,
): { readonly home: number; readonly last: number } => ({
  home: home === null || place === null ? 0 : distanceKm(home, place),
  last: lastPlace === null || place === null ? 0 : distanceKm(lastPlace, place),
});

const learnHour = (hours: readonly number[], bin: number, daysPassed: number, dayFraction: number): readonly number[] => {
  const factor = 2 ** (-daysPassed / hourHalfLifeDays);
  const next = hours.map((units) => (daysPassed === 0 ? units : Math.floor(units * factor)));
  next[bin] = next[bin]! + Math.round(hourUnit * 2 ** (dayFraction / hourHalfLifeDays));
  return next[bin] <= maxHourUnits ? next : next.map((units) => units >> 1);
};

const learnCategory = (categories: readonly CategoryProfile[], tag: number, logAmount: number): readonly CategoryProfile[] => {
  const before = categories.find((category) => category.tag === tag) ?? { tag, weight: 0, mean: 0, sd: 0 };
  const share = 1 / (before.weight + 1);
  const distance = logAmount - before.mean;
  const variance = before.weight === 0 ? 0 : (1 - share) * (before.sd ** 2 + share * distance ** 2);
  const after = {
    tag,
    weight: Math.min(before.weight + 1, maxCategoryWeight),
    mean: Math.min(Math.round((before.mean + share * distance) * meanSteps), maxSteps) / meanSteps,
    sd: Math.min(Math.round(Math.sqrt(variance) * sdSteps), maxSteps) / sdSteps,
  };
  return [after, ...categories.filter((category) => category.tag !== tag)].slice(0, maxCategories);
};

const sight = (
  sightings: readonly Sighting[],
  hash: number | null,
  minutesPassed: number,
  limit: number,
): readonly Sighting[] => {
  const aged =
    minutesPassed === 0
      ? sightings
      : sightings.map(({ tag, ageMinutes }) => ({ tag, ageMinutes: Math.min(ageMinutes + minutesPassed, maxAgeMinutes) }));
  if (hash === null) {
    return aged;
  }
  const tag = tagOf(hash);
  return [{ tag, ageMinutes: 0 }, ...aged.filter((sighting) => sighting.tag !== tag)].slice(0, limit);
};

const scratch = new DataView(new ArrayBuffer(4));

/** Rounds a number >= 0 to 16 significant bits: three bytes of a float32. */
const round24 = (value: number): number => {
  scratch.setFloat32(0, value);
  scratch.setUint32(0, (scratch.getUint32(0) + 0x80) & 0xffffff00);
  return scratch.getFloat32(0);
};

/**
 * At most 182 bytes: 1 version, 6 time, 2 first day, 21 decayed sums, 2 + 24 hours, 9 places, 3 lengths, 14 x 5 categories, 7 x 4
 * merchants, 4 x 4 devices. The empty profile is one byte. Lossless for what `updateProfile` returns.
 */
export const encodeProfile = (profile: Profile): Uint8Array => {
  if (profile.lastAtMs === null) {
    return Uint8Array.of(codecVersion);
  }
  const view = new DataView(new ArrayBuffer(182));
  let at = 0;
  const put8 = (value: number) => {
    view.setUint8(at, value);
    at += 1;
  };
  const put16 = (value: number) => {
    view.setUint16(at, value);
    at += 2;
  };
  const putFloat24 = (value: number) => {
    scratch.setFloat32(0, value);
    put16(scratch.getUint16(0));
    put8(scratch.getUint8(2));
  };
  put8(codecVersion);
  put16(Math.floor(profile.lastAtMs / 2 ** 32));
  view.setUint32(at, profile.lastAtMs % 2 ** 32);
  at += 4;
  put16(profile.firstDay);
  for (const count of profile.counts) putFloat24(count);
  for (const sum of profile.sums) putFloat24(sum);
  let mask = 0;
  for (const [bin, units] of profile.hours.entries()) if (units > 0) mask |= 1 << bin;
  put16(mask);
  for (const units of profile.hours) if (units > 0) put16(units);
  putFloat24(profile.surprise);
  put8(profile.home?.weight ?? 0);
  if (profile.home !== null && profile.lastPlace !== null) {
    for (const { latitude, longitude } of [profile.home, profile.lastPlace]) {
      put16(Math.round((latitude + 90) * degreeSteps));
      put16(Math.round((longitude + 180) * degreeSteps));
    }
  }
  put8(profile.categories.length);
  for (const category of profile.categories) {
    const mean = Math.round(category.mean * meanSteps);
    put16(category.tag * 16 + category.weight);
    put8(mean >> 4);
    put16((mean & 15) * 4096 + Math.round(category.sd * sdSteps));
  }
  for (const sightings of [profile.merchants, profile.devices]) {
    put8(sightings.length);
    for (const { tag, ageMinutes } of sightings) {
      put16(tag);
      put16(ageMinutes);
    }
  }
  return new Uint8Array(view.buffer, 0, at);
};

/** Throws a RangeError that names the fault when the bytes are not an encoded profile. */
export const decodeProfile = (bytes: Uint8Array): Profile => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const need = (size: number): number => {
    if (at + size > bytes.length) {
      throw new RangeError(`profile: ${bytes.length} bytes, at least ${at + size} expected`);
    }
    const start = at;
    at += size;
    return start;
  };
  const get8 = (): number => view.getUint8(need(1));
  const get16 = (): number => view.getUint16(need(2));
  const getFloat24 = (): number => {
    scratch.setUint32(0, (get16() * 65_536 + get8() * 256) >>> 0);
    return scratch.getFloat32(0);
  };
  const getPlace = (): Place => ({ latitude: get16() / degreeSteps - 90, longitude: get16() / degreeSteps - 180 });
  const getSightings = (limit: number): readonly Sighting[] =>
    listOf(bounded(get8(), limit), () => ({ tag: get16(), ageMinutes: get16() }));
  const version = get8();
  if (version !== codecVersion) {
    throw new RangeError(`profile: version ${version}, only ${codecVersion} is known`);
  }
  if (bytes.length === 1) {
    return emptyProfile;
  }
  const lastAtMs = get16() * 2 ** 32 + view.getUint32(need(4));
  const firstDay = get16();
  const counts = profileHalfLivesDays.map(getFloat24);
  const sums = profileHalfLivesDays.map(getFloat24);
  const mask = get16();
  const hours = listOf(hourBins, (bin) => ((mask >> bin) & 1 ? get16() : 0));
  const surprise = getFloat24();
  const homeWeight = get8();
  const home = homeWeight === 0 ? null : { ...getPlace(), weight: homeWeight };
  const lastPlace = homeWeight === 0 ? null : getPlace();
  const profile: Profile = {
    lastAtMs,
    firstDay,
    counts,
    sums,
    hours,
    surprise,
    home,
    lastPlace,
    categories: listOf(bounded(get8(), maxCategories), () => {
      const head = get16();
      const high = get8();
      const low = get16();
      return { tag: head >> 4, weight: head & 15, mean: (high * 16 + (low >> 12)) / meanSteps, sd: (low & 4095) / sdSteps };
    }),
    merchants: getSightings(maxMerchants),
    devices: getSightings(maxDevices),
  };
  if (at !== bytes.length) {
    throw new RangeError(`profile: ${bytes.length} bytes, ${at} expected`);
  }
  return profile;
};

const bounded = (length: number, limit: number): number => {
  if (length > limit) {
    throw new RangeError(`profile: a list of ${length}, at most ${limit} allowed`);
  }
  return length;
};
