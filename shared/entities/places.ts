import { entitiesOf, type OwnKind } from '../domain/entities.ts';
import { dayOf } from '../domain/entityFigures.ts';
import type { Transaction } from '../domain/transaction.ts';
import type { Key } from '../ports/ports.ts';
import { entityDayKey, entityMarksKey } from '../store/names.ts';
import type { EntityHashes } from './hashes.ts';

/** Where a payment stands in the records of one of its entities. */
export interface EntityPlace {
  readonly kind: string;
  /** Names the entity in keys. */
  readonly digest: string;
  /** The item of the payment's UTC day. */
  readonly day: Key;
  readonly marks: Key;
  /** The payment's attribute, in either item. */
  readonly name: string;
  /** A hash of the payment's account. */
  readonly account: number;
}

/** One for each entity that the payment names, those of `own` kinds included. */
export const entityPlaces = (
  hashes: EntityHashes,
  tenant: string,
  transaction: Transaction,
  own: readonly OwnKind[],
): readonly EntityPlace[] => {
  const { transactionId, userId, accountId, occurredAtMs } = transaction;
  return entitiesOf(transaction, own).map(({ kind, id }) => {
    const digest = hashes.digest(tenant, kind, id);
    const day = entityDayKey(tenant, kind, digest, dayOf(occurredAtMs));
    return {
      kind,
      digest,
      day,
      marks: entityMarksKey(tenant, kind, digest),
      name: hashes.transaction(day.pk, transactionId),
      account: hashes.account(day.pk, userId, accountId),
    };
  });
};
