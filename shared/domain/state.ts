import { zeroHash } from './audit.ts';
import { ByteReader, ByteWriter, listOf } from './bytes.ts';
import { type DecayedMoments, type DecayedShare, noMoments, noShare } from './decayed.ts';
import { type Outcome, outcomes } from './outcome.ts';
import { decodeProfile, emptyProfile, encodeProfile, type Profile } from './profile.ts';
import type { Place } from './transaction.ts';
import { readSpans, type Span, writeSpans } from './window.ts';

/** All that is known of one (user, account) before its next payment. */
export interface AccountState {
  /** Entries in the chain, reviews included; 0 for an account never seen. */
  readonly sequence: number;
  /** Payments among them. */
  readonly payments: number;
  /** The chain's name, a random id made when the account is first seen. */
  readonly chain: string;
  /** Hash of the chain's last entry, lower-case hex; 64 zeros before the first. */
  readonly head: string;
  /** 16 random bytes; with the master secret they open what is sealed in the account's entries. */
  readonly salt: Uint8Array;
  /** Receipt of the first payment, epoch milliseconds. */
  readonly firstSeenMs: number;
  /** Newest `occurredAt` committed. */
  readonly newestMs: number;
  readonly lastOutcome: Outcome | null;
  readonly spans: readonly Span[];
  /** Of ln(amount in base minor units). */
  readonly amounts: DecayedMoments;
  /** Share of payments between 01:00 and 04:59 local time. */
  readonly nights: DecayedShare;
  /** The last seen first, at most `devicesMax`. */
  readonly devices: readonly KnownDevice[];
  /** By time, the newest last, at most `placesMax`. */
  readonly places: readonly KnownPlace[];
  /** A place older than those kept was once known. */
  readonly placesForgotten: boolean;
  /** What the windows usually read when this account pays; see `usualOf`. */
  readonly usual: Usual;
  readonly profile: Profile;
}

export interface KnownDevice {
  /** From `tokenOf`. */
  readonly token: number;
  readonly lastSeenMs: number;
}

export interface KnownPlace extends Place {
  readonly atMs: number;
}

/** Moving averages over about the last 20 payments, as single-precision numbers. */
export interface Usual {
  readonly spend24hMinor: number;
  readonly count1h: number;
  readonly count1m: number;
}

export const devicesMax = 32;
/** Only a burst of located payments within a minute, none of them BLOCKed, keeps more than two. */
export const placesMax = 64;
export const saltBytes = 16;

/** A new account: `chain` and `salt` are fresh random values. */
export const newAccount = (chain: string, salt: Uint8Array, firstSeenMs: number): AccountState => ({
  sequence: 0,
  payments: 0,
  chain,
  head: zeroHash,
  salt,
  firstSeenMs,
  newestMs: Number.NEGATIVE_INFINITY,
  lastOutcome: null,
  spans: [],
  amounts: noMoments,
  nights: noShare,
  devices: [],
  places: [],
  placesForgotten: false,
  usual: { spend24hMinor: 0, count1h: 0, count1m: 0 },
  profile: emptyProfile,
});

const codecVersion = 1;

/** Packs everything but `sequence`, which the item keeps beside it for the write's condition. Exact: decoding gives an equal state. */
export function encodeState(state: AccountState): Uint8Array {
  const writer = new ByteWriter();
  writer.byte(codecVersion);
  writer.text(state.chain).hex(state.head).raw(state.salt);
  writer.unsigned(state.firstSeenMs).signed(state.newestMs - state.firstSeenMs);
  writer.unsigned(state.sequence - state.payments);
  writer.byte((state.lastOutcome === null ? 3 : outcomes.indexOf(state.lastOutcome)) | (state.placesForgotten ? 4 : 0));
  const { amounts, nights } = state;
  writer.byte((amounts.weight > 0 ? 1 : 0) | (nights.weight > 0 ? 2 : 0) | (nights.part > 0 ? 4 : 0));
  if (amounts.weight > 0)
    writer
      .signed(state.newestMs - amounts.atMs)
      .double(amounts.weight)
      .double(amounts.mean)
      .double(amounts.spread);
  if (nights.weight > 0) writer.signed(state.newestMs - nights.atMs).double(nights.weight);
  if (nights.part > 0) writer.double(nights.part);
  writer.float(state.usual.spend24hMinor).float(state.usual.count1h).float(state.usual.count1m);
  writer.byte(state.devices.length);
  let seenMs = state.newestMs;
  for (const device of state.devices) {
    writer.fixed32(device.token).signed(seenMs - device.lastSeenMs);
    seenMs = device.lastSeenMs;
  }
  writer.byte(state.places.length);
  for (const place of state.places) {
    writer.signed(state.newestMs - place.atMs);
    writeDegrees(writer, place.latitude);
    writeDegrees(writer, place.longitude);
  }
  writer.bytes(encodeProfile(state.profile));
  writeSpans(writer, state.spans, state.newestMs);
  return writer.finish();
}

/** Throws a RangeError for bytes that are no state. */
export function decodeState(bytes: Uint8Array, sequence: number): AccountState {
  const reader = new ByteReader(bytes);
  const version = reader.byte();
  if (version !== codecVersion) throw new RangeError(`unknown version of a packed state: ${version}`);
  const chain = reader.text();
  const head = reader.hex(32);
  const salt = reader.raw(saltBytes).slice();
  const firstSeenMs = reader.unsigned();
  const newestMs = firstSeenMs + reader.signed();
  const payments = sequence - reader.unsigned();
  const flags = reader.byte();
  const kept = reader.byte();
  const amounts =
    kept & 1
      ? { atMs: newestMs - reader.signed(), weight: reader.double(), mean: reader.double(), spread: reader.double() }
      : noMoments;
  const nights =
    kept & 2 ? { atMs: newestMs - reader.signed(), weight: reader.double(), part: kept & 4 ? reader.double() : 0 } : noShare;
  const usual = { spend24hMinor: reader.float(), count1h: reader.float(), count1m: reader.float() };
  let seenMs = newestMs;
  const devices = listOf(reader.byte(), () => {
    const token = reader.fixed32();
    seenMs -= reader.signed();
    return { token, lastSeenMs: seenMs };
  });
  const places = listOf(reader.byte(), () => ({
    atMs: newestMs - reader.signed(),
    latitude: readDegrees(reader),
    longitude: readDegrees(reader),
  }));
  const profile = decodeProfile(reader.bytes());
  const spans = readSpans(reader, newestMs);
  if (!reader.done) throw new RangeError('a packed state is longer than it says');
  const lastOutcome = outcomes[flags & 3] ?? null;
  return {
    sequence,
    payments,
    chain,
    head,
    salt,
    firstSeenMs,
    newestMs,
    lastOutcome,
    spans,
    amounts,
    nights,
    devices,
    places,
    placesForgotten: (flags & 4) !== 0,
    usual,
    profile,
  };
}

const degreeSteps = 1e7;

/** 5 bytes for degrees of at most 7 decimals, which are exact so; 9 for others. */
function writeDegrees(writer: ByteWriter, degrees: number): void {
  const steps = Math.round(degrees * degreeSteps);
  if (steps / degreeSteps === degrees && !Object.is(degrees, -0)) writer.signed(steps);
  else writer.unsigned(2 ** 40).double(degrees);
}

function readDegrees(reader: ByteReader): number {
  const steps = reader.signed();
  return steps === 2 ** 39 ? reader.double() : steps / degreeSteps;
}

/** The state as a person can read it. */
export const describeState = (state: AccountState): object => ({
  ...state,
  salt: '(16 bytes)',
  firstSeen: new Date(state.firstSeenMs).toISOString(),
  newest: Number.isFinite(state.newestMs) ? new Date(state.newestMs).toISOString() : null,
  spans: state.spans.map((span) => ({
    ...span,
    from: new Date(span.oldestMs).toISOString(),
    to: new Date(span.newestMs).toISOString(),
  })),
});
