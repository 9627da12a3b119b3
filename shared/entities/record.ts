import { dayMs } from '../domain/durations.ts';
import type { Attempt, FraudMark } from '../domain/entityFigures.ts';
import { attemptsKept, dayOf } from '../domain/entityFigures.ts';
import type { Attribute, Item } from '../ports/ports.ts';
import { expiryAttribute } from '../store/names.ts';
import { accountBits } from './hashes.ts';

/**
 * The records of an entity: an item for each UTC day with one attribute for each attempt, and one item with an attribute for each
 * payment that turned out to be fraud. An attribute is named by the hash of its transaction, so that a transaction that comes again
 * is the same attribute.
 */

/** Says that attempts of the day were dropped. */
const fullAttribute = 'full';
const ownAttributes: ReadonlySet<string> = new Set(['pk', 'sk', expiryAttribute, fullAttribute]);

export const recordLimits = {
  /** A day's item that holds so many attempts is cut to the newest `attemptsKept`. */
  attemptsMax: attemptsKept + 4,
  /** Marks of an entity; the newest payments stay. */
  marksMax: 128,
} as const;

/** A payment may come 2 days after its own day, and its window reaches into the day before it; one day more, for clocks. */
const dayKeptMs = 4 * dayMs;
/** A mark counts for 90 days after its payment, for payments that come 2 days late. */
const markKeptMs = 94 * dayMs;

const secondsOf = (epochMs: number): number => Math.ceil(epochMs / 1_000);

export const dayExpiry = (day: number): Record<string, number> => ({
  [expiryAttribute]: secondsOf((day + 1) * dayMs + dayKeptMs),
});

export const marksExpiry = (nowMs: number): Record<string, number> => ({ [expiryAttribute]: secondsOf(nowMs + markKeptMs) });

export interface NamedAttempt extends Attempt {
  /** The attribute: a hash of the transaction. */
  readonly name: string;
}

const headBytes = 10;
const dayBits = 27;
const currencyLowBits = 13;

/** Account (38 bits), base currency (15), millisecond of the day (27), then the amount without leading zeros. */
export function packAttempt({ account, atMs, spendMinor, baseCurrency }: Attempt): Uint8Array {
  const currency = spendMinor === null || baseCurrency === null ? 0 : currencyCode(baseCurrency);
  const amount = currency === 0 ? '' : hexOf(spendMinor!);
  const bytes = Buffer.alloc(headBytes + amount.length / 2);
  bytes.writeUIntBE(account * 4 + (currency >> currencyLowBits), 0, 5);
  bytes.writeUIntBE((currency % 2 ** currencyLowBits) * 2 ** dayBits + (atMs - dayOf(atMs) * dayMs), 5, 5);
  bytes.write(amount, headBytes, 'hex');
  return bytes;
}

function unpackAttempt(name: string, value: Attribute | undefined, day: number): NamedAttempt {
  if (!(value instanceof Uint8Array) || value.length < headBytes)
    throw new RangeError(`the attribute ${name} of an entity's record is no attempt`);
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.length);
  const [high, low] = [bytes.readUIntBE(0, 5), bytes.readUIntBE(5, 5)];
  const currency = (high % 4) * 2 ** currencyLowBits + Math.floor(low / 2 ** dayBits);
  return {
    name,
    account: Math.floor(high / 4) % 2 ** accountBits,
    atMs: day * dayMs + (low % 2 ** dayBits),
    spendMinor: currency === 0 ? null : Number(`0x0${bytes.subarray(headBytes).toString('hex')}`),
    baseCurrency: currency === 0 ? null : currencyOf(currency),
  };
}

/** The attempts of a day's item and whether others were dropped; none for an item that is not there. */
export const attemptsIn = (item: Item | null, day: number): { readonly attempts: NamedAttempt[]; readonly isFull: boolean } => ({
  attempts: namesIn(item).map((name) => unpackAttempt(name, item![name], day)),
  isFull: item?.[fullAttribute] === true,
});

/** The oldest attempts of a day that holds too many, by name; none while it holds fewer, or where another writer drops them. */
export function overflowOf(attempts: readonly NamedAttempt[]): readonly string[] {
  const over = attempts.length - recordLimits.attemptsMax;
  if (over < 0 || over % (recordLimits.attemptsMax - attemptsKept) !== 0) return [];
  const newestFirst = attempts.toSorted((a, b) => b.atMs - a.atMs || (a.name < b.name ? -1 : 1));
  return newestFirst.slice(attemptsKept).map(({ name }) => name);
}

export const dropped = (names: readonly string[]) => ({ set: { [fullAttribute]: true }, remove: names });

const markBytes = 12;

export function packMark({ occurredAtMs, knownAtMs }: FraudMark): Uint8Array {
  const bytes = Buffer.alloc(markBytes);
  bytes.writeUIntBE(occurredAtMs, 0, 6);
  bytes.writeUIntBE(knownAtMs, 6, 6);
  return bytes;
}

export interface NamedMark extends FraudMark {
  readonly name: string;
}

/** The marks of an entity's item; none for an item that is not there. */
export const marksIn = (item: Item | null): NamedMark[] =>
  namesIn(item).map((name) => {
    const value = item![name];
    if (!(value instanceof Uint8Array) || value.length !== markBytes)
      throw new RangeError(`the attribute ${name} of an entity's record is no mark`);
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.length);
    return { name, occurredAtMs: bytes.readUIntBE(0, 6), knownAtMs: bytes.readUIntBE(6, 6) };
  });

const namesIn = (item: Item | null): string[] => Object.keys(item ?? {}).filter((name) => !ownAttributes.has(name));

/** Whole bytes; none for 0. */
const hexOf = (value: number): string => {
  if (value === 0) return '';
  const hex = value.toString(16);
  return hex.length % 2 === 0 ? hex : `0${hex}`;
};

const letters = 26;
const firstLetter = 'A'.charCodeAt(0);

/** 1 to 17,576 for three capitals. */
const currencyCode = (currency: string): number =>
  1 + [...currency].reduce((code, letter) => code * letters + letter.charCodeAt(0) - firstLetter, 0);

const currencyOf = (code: number): string =>
  [letters * letters, letters, 1]
    .map((weight) => String.fromCharCode(firstLetter + (Math.floor((code - 1) / weight) % letters)))
    .join('');
