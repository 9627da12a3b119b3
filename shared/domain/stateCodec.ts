import { listOf } from './bytes.ts';
import { byte, copied, double, float, hex, list, record, signed, text, unsigned } from './codecs.ts';
import { type DecayedMoments, type DecayedShare, noMoments, noShare } from './decayed.ts';
import { type Codec, type Field, fieldsOf, type Names, readFields, writeFields } from './fields.ts';
import { knownNames } from './knownNames.ts';
import { outcomes } from './outcome.ts';
import { decodeProfile, encodeProfile } from './profileCodec.ts';
import { packRow, type RowFormat, unpackRow } from './rowFormat.ts';
import { readSpans, signalsIn, writeSpans } from './spanCodec.ts';
import { type AccountState, type KnownDevice, type KnownPlace, saltBytes, type Usual } from './state.ts';

/** An account state as it is packed: decayed figures of no weight are null, and take no room. */
interface PackedState extends Omit<AccountState, 'amounts' | 'nights'> {
  readonly amounts: DecayedMoments | null;
  readonly nights: Omit<DecayedShare, 'part'> | null;
  readonly nightsPart: number | null;
}

/** Packs everything but `sequence`, which the item keeps beside it for the write's condition. Exact: decoding gives an equal state. */
export function encodeState({ amounts, nights, ...state }: AccountState, names: Names = knownNames): Uint8Array {
  const packed = {
    ...state,
    amounts: amounts.weight > 0 ? amounts : null,
    nights: nights.weight > 0 ? nights : null,
    nightsPart: nights.part > 0 ? nights.part : null,
  };
  return packRow(stateFormat, packed, names);
}

/** `key` names the account in errors. Throws NewerRow for a state that needs a newer version, DamagedRow for bytes that are no state. */
export function decodeState(bytes: Uint8Array, sequence: number, key = '', names: Names = knownNames): AccountState {
  const { amounts, nights, nightsPart, ...state } = unpackRow(stateFormat, bytes, names, key, { sequence });
  return {
    ...state,
    amounts: amounts ?? noMoments,
    nights: nights === null ? noShare : { ...nights, part: nightsPart ?? 0 },
  };
}

const degreeSteps = 1e7;
/** Stands for degrees that 7 decimals do not hold. */
const manyDecimals = 2 ** 39;

/** 5 bytes for degrees of at most 7 decimals, which are exact so; 9 more for others. */
const degrees: Codec<number> = {
  write: (writer, value) => {
    const steps = Math.round(value * degreeSteps);
    if (steps / degreeSteps === value && !Object.is(value, -0)) writer.signed(steps);
    else writer.signed(manyDecimals).double(value);
  },
  read: (reader) => {
    const steps = reader.signed();
    return steps === manyDecimals ? reader.double() : steps / degreeSteps;
  },
};

/** Something with a time, which is kept as its distance back from the newest payment. */
const dated = <Value extends { readonly atMs: number }>(fields: readonly Field<Value>[]): Codec<Value, PackedState> => ({
  write: (writer, value, { newestMs }, layout) => writeFields(fields, writer.signed(newestMs - value.atMs), value, layout),
  read: (reader, { newestMs }, layout) => {
    const atMs = newestMs! - reader.signed();
    return readFields(fields, reader, { atMs } as Partial<Value>, layout);
  },
});

/** Each device's time is kept as its distance back from the one before it. */
const devices: Codec<readonly KnownDevice[], PackedState> = {
  write: (writer, known, { newestMs }) => {
    writer.byte(known.length);
    let seenMs = newestMs;
    for (const { token, lastSeenMs } of known) {
      writer.fixed32(token).signed(seenMs - lastSeenMs);
      seenMs = lastSeenMs;
    }
  },
  read: (reader, { newestMs }) => {
    let seenMs = newestMs!;
    return listOf(reader.byte(), () => {
      const token = reader.fixed32();
      seenMs -= reader.signed();
      return { token, lastSeenMs: seenMs };
    });
  },
};

const moments = fieldsOf<DecayedMoments>();
const share = fieldsOf<Omit<DecayedShare, 'part'>>();
const usual = fieldsOf<Usual>();
const place = fieldsOf<KnownPlace>();
const { field, distance, bits, choice, flag, present, optional } = fieldsOf<PackedState>();

const stateFields: readonly Field<PackedState>[] = [
  field('chain', text),
  field('head', hex(32)),
  field('salt', copied(saltBytes)),
  field('firstSeenMs', unsigned),
  distance('newestMs', 'firstSeenMs', signed),
  field('payments', {
    write: (writer, payments, { sequence }) => writer.unsigned(sequence - payments),
    read: (reader, { sequence }) => sequence! - reader.unsigned(),
  }),
  bits(choice('lastOutcome', [...outcomes, null]), flag('placesForgotten')),
  bits(present('amounts'), present('nights'), present('nightsPart')),
  optional('amounts', dated([moments.field('weight', double), moments.field('mean', double), moments.field('spread', double)])),
  optional('nights', dated([share.field('weight', double)])),
  optional('nightsPart', double),
  field('usual', record([usual.field('spend24hMinor', float), usual.field('count1h', float), usual.field('count1m', float)])),
  field('devices', devices),
  field('places', list(dated([place.field('latitude', degrees), place.field('longitude', degrees)]), byte)),
  field('profile', {
    write: (writer, profile) => writer.bytes(encodeProfile(profile)),
    read: (reader) => decodeProfile(reader.bytes()),
  }),
  field('spans', {
    write: (writer, spans, { newestMs }, layout) => writeSpans(writer, spans, newestMs, layout),
    read: (reader, { newestMs }, layout) => readSpans(reader, newestMs!, layout),
  }),
];

const stateFormat: RowFormat<PackedState> = {
  kind: 'account state',
  fields: stateFields,
  counts: ({ spans }) => ({ signals: signalsIn(spans), features: 0, causes: 0 }),
};
