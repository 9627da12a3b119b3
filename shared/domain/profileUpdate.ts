import {
  type CategoryProfile,
  categoryTagOf,
  hourBin,
  hourRarity,
  hourUnit,
  type Profile,
  type ProfileFacts,
  profileHalfLivesDays,
  profileLimits,
  profileSteps,
  type Sighting,
  tagOf,
} from './profile.ts';
import type { Place } from './transaction.ts';

const dayMs = 86_400_000;
const minuteMs = 60_000;
const hourHalfLifeDays = 45;

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
    merchants: sight(profile.merchants, facts.merchantHash, minutesPassed, profileLimits.merchants),
    devices: sight(profile.devices, facts.deviceHash, minutesPassed, profileLimits.devices),
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

const roundPlace = ({ latitude, longitude }: Place): Place => ({
  latitude: Math.round((latitude + 90) * profileSteps.degrees) / profileSteps.degrees - 90,
  longitude: Math.round((longitude + 180) * profileSteps.degrees) / profileSteps.degrees - 180,
});

const learnHome = (home: Profile['home'], place: Place): Profile['home'] => {
  const weight = Math.min((home?.weight ?? 0) + 1, profileLimits.homeWeight);
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

const learnHour = (hours: readonly number[], bin: number, daysPassed: number, dayFraction: number): readonly number[] => {
  const factor = 2 ** (-daysPassed / hourHalfLifeDays);
  const next = hours.map((units) => (daysPassed === 0 ? units : Math.floor(units * factor)));
  next[bin] = next[bin]! + Math.round(hourUnit * 2 ** (dayFraction / hourHalfLifeDays));
  return next[bin] <= profileLimits.hourUnits ? next : next.map((units) => units >> 1);
};

const learnCategory = (categories: readonly CategoryProfile[], tag: number, logAmount: number): readonly CategoryProfile[] => {
  const before = categories.find((category) => category.tag === tag) ?? { tag, weight: 0, mean: 0, sd: 0 };
  const share = 1 / (before.weight + 1);
  const distance = logAmount - before.mean;
  const variance = before.weight === 0 ? 0 : (1 - share) * (before.sd ** 2 + share * distance ** 2);
  const after = {
    tag,
    weight: Math.min(before.weight + 1, profileLimits.categoryWeight),
    mean: Math.min(Math.round((before.mean + share * distance) * profileSteps.mean), profileLimits.steps) / profileSteps.mean,
    sd: Math.min(Math.round(Math.sqrt(variance) * profileSteps.sd), profileLimits.steps) / profileSteps.sd,
  };
  return [after, ...categories.filter((category) => category.tag !== tag)].slice(0, profileLimits.categories);
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
      : sightings.map(({ tag, ageMinutes }) => ({
          tag,
          ageMinutes: Math.min(ageMinutes + minutesPassed, profileLimits.ageMinutes),
        }));
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
