import { listOf } from './bytes.ts';
import { byte, fixed, float24, list, record } from './codecs.ts';
import { type Codec, type Field, fieldsOf } from './fields.ts';
import { knownNames } from './knownNames.ts';
import {
  type CategoryProfile,
  emptyProfile,
  hourBins,
  type Profile,
  profileHalfLivesDays,
  profileLimits,
  profileSteps,
  type Sighting,
} from './profile.ts';
import { packRow, type RowFormat, unpackRow } from './rowFormat.ts';
import type { Place } from './transaction.ts';

/** The profile of an account that has learned from a payment. */
type LearnedProfile = Profile & { readonly lastAtMs: number };

/**
 * At most 182 bytes: 1 format, 6 time, 2 first day, 21 decayed sums, 2 + 24 hours, 9 places, 3 lengths, 14 x 5 categories, 7 x 4
 * merchants, 4 x 4 devices. The empty profile is one byte. Lossless for what `updateProfile` returns.
 */
export const encodeProfile = (profile: Profile): Uint8Array => {
  const { lastAtMs } = profile;
  return lastAtMs === null ? emptyBytes : packRow(profileFormat, { ...profile, lastAtMs }, knownNames);
};

/** Throws NewerRow for a format that is not known, DamagedRow for bytes that are no profile. */
export const decodeProfile = (bytes: Uint8Array): Profile =>
  bytes.length === 1 && bytes[0] === emptyBytes[0] ? emptyProfile : unpackRow(profileFormat, bytes, knownNames, '');

const emptyBytes = Uint8Array.of(1);

/** An integer 0..2^16-1, most significant byte first. */
const integer16: Codec<number> = {
  write: (writer, value) => writer.byte(value >> 8).byte(value & 255),
  read: (reader) => reader.byte() * 256 + reader.byte(),
};

/** Epoch milliseconds below 2^48, most significant byte first. */
const time: Codec<number> = {
  write: (writer, atMs, row, layout) => {
    const high = Math.floor(atMs / 2 ** 32);
    integer16.write(writer, high, row, layout);
    integer16.write(writer, Math.floor(atMs / 2 ** 16) % 2 ** 16, row, layout);
    integer16.write(writer, atMs % 2 ** 16, row, layout);
  },
  read: (reader, row, layout) =>
    listOf(3, () => integer16.read(reader, row, layout)).reduce((atMs, digits) => atMs * 2 ** 16 + digits, 0),
};

/** A mask of the hours that hold something, and what they hold. */
const hours: Codec<readonly number[]> = {
  write: (writer, units, row, layout) => {
    let mask = 0;
    for (const [bin, some] of units.entries()) if (some > 0) mask |= 1 << bin;
    integer16.write(writer, mask, row, layout);
    for (const some of units) if (some > 0) integer16.write(writer, some, row, layout);
  },
  read: (reader, row, layout) => {
    const mask = integer16.read(reader, row, layout);
    return listOf(hourBins, (bin) => ((mask >> bin) & 1 ? integer16.read(reader, row, layout) : 0));
  },
};

const latitude: Codec<number> = {
  write: (writer, value, row, layout) => integer16.write(writer, Math.round((value + 90) * profileSteps.degrees), row, layout),
  read: (reader, row, layout) => integer16.read(reader, row, layout) / profileSteps.degrees - 90,
};

const longitude: Codec<number> = {
  write: (writer, value, row, layout) => integer16.write(writer, Math.round((value + 180) * profileSteps.degrees), row, layout),
  read: (reader, row, layout) => integer16.read(reader, row, layout) / profileSteps.degrees - 180,
};

const ofPlace = fieldsOf<Place>();
const place = record([ofPlace.field('latitude', latitude), ofPlace.field('longitude', longitude)]);

/** The weight of the home, 0 for none; then the home and the last place, which are learned together. */
const places: Field<LearnedProfile> = {
  write: (writer, { home, lastPlace }, layout) => {
    writer.byte(home?.weight ?? 0);
    for (const known of [home, lastPlace]) if (known !== null) place.write(writer, known, {}, layout);
  },
  read: (reader, profile, layout) => {
    const weight = reader.byte();
    profile.home = weight === 0 ? null : { ...place.read(reader, {}, layout), weight };
    profile.lastPlace = weight === 0 ? null : place.read(reader, {}, layout);
  },
};

/** 12 bits of tag, 4 of weight, 12 of the mean and 12 of the standard deviation. */
const category: Codec<CategoryProfile> = {
  write: (writer, { tag, weight, mean, sd }, row, layout) => {
    const meanSteps = Math.round(mean * profileSteps.mean);
    integer16.write(writer, tag * 16 + weight, row, layout);
    writer.byte(meanSteps >> 4);
    integer16.write(writer, (meanSteps & 15) * 4096 + Math.round(sd * profileSteps.sd), row, layout);
  },
  read: (reader, row, layout) => {
    const head = integer16.read(reader, row, layout);
    const high = reader.byte();
    const low = integer16.read(reader, row, layout);
    return {
      tag: head >> 4,
      weight: head & 15,
      mean: (high * 16 + (low >> 12)) / profileSteps.mean,
      sd: (low & 4095) / profileSteps.sd,
    };
  },
};

const ofSighting = fieldsOf<Sighting>();
const sighting = record([ofSighting.field('tag', integer16), ofSighting.field('ageMinutes', integer16)]);

/** A length in one byte. */
const upTo = (limit: number): Codec<number> => ({
  ...byte,
  read: (reader) => {
    const length = reader.byte();
    if (length > limit) throw new RangeError(`a list of ${length}, at most ${limit} allowed`);
    return length;
  },
});

const { field } = fieldsOf<LearnedProfile>();

const profileFormat: RowFormat<LearnedProfile> = {
  kind: 'profile of an account',
  fields: [
    field('lastAtMs', time),
    field('firstDay', integer16),
    field('counts', fixed(profileHalfLivesDays.length, float24)),
    field('sums', fixed(profileHalfLivesDays.length, float24)),
    field('hours', hours),
    field('surprise', float24),
    places,
    field('categories', list(category, upTo(profileLimits.categories))),
    field('merchants', list(sighting, upTo(profileLimits.merchants))),
    field('devices', list(sighting, upTo(profileLimits.devices))),
  ],
  counts: () => ({ signals: 0, features: 0, causes: 0 }),
};
