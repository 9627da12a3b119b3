import { dayMs } from '../domain/durations.ts';
import { dayOf } from '../domain/entityFigures.ts';
import type { Item, Key } from '../ports/ports.ts';
import { entityLookupKey, expiryAttribute } from '../store/names.ts';
import type { EntityPlace } from './places.ts';

/**
 * Notes by which the decisions and accounts of an entity are found: one for each entity, account and UTC day of decisions. It names one
 * decision of that day; the others stand beside it in the account's chain. It holds no id of a person.
 */

/** Entities are looked up so far back. */
export const lookupDays = 30;
/** A note of the last day that is looked at, kept to its end. */
const keptMs = (lookupDays + 1) * dayMs;

export const lookupKey = (tenant: string, { kind, digest, account }: EntityPlace, decidedAtMs: number): Key =>
  entityLookupKey(tenant, kind, digest, dayOf(decidedAtMs), account);

/** An entity's first note does not expire: it says since when the entity is known. */
export const lookupItem = (key: Key, transactionId: string, isFirst: boolean): Item => ({
  ...key,
  transactionId,
  ...(!isFirst && { [expiryAttribute]: Math.ceil(((dayInPlace(key.sk) + 1) * dayMs + keptMs) / 1_000) }),
});

export const notedTransaction = ({ pk, transactionId }: Item): string => {
  if (typeof transactionId !== 'string') throw new RangeError(`the note ${pk} names no transaction`);
  return transactionId;
};

/** Days since 1970. */
export const dayInPlace = (sk: string): number => Number(sk.slice(0, sk.indexOf('#')));

export const accountInPlace = (sk: string): number => Number(sk.slice(sk.indexOf('#') + 1));
