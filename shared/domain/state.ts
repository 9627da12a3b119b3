import { zeroHash } from './audit.ts';
import { type DecayedMoments, type DecayedShare, noMoments, noShare } from './decayed.ts';
import type { Outcome } from './outcome.ts';
import { emptyProfile, type Profile } from './profile.ts';
import type { Span } from './spans.ts';
import type { Place } from './transaction.ts';

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
