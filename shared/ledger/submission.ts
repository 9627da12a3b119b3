import { differingField } from '../contract/transaction.ts';
import type { Transaction } from '../domain/transaction.ts';
import type { StoredDecision } from './items.ts';

/** A transaction to decide, as it reached the score stage. */
export interface Submission {
  readonly tenant: string;
  readonly transaction: Transaction;
  readonly receivedAtMs: number;
  readonly correlationId: string | null;
  readonly queueAgeMs: number | null;
  /** It may have been decided before: its decision is read first, so that a redelivery writes nothing. */
  readonly redelivered: boolean;
}

export type Settled =
  | { readonly kind: 'decided'; readonly stored: StoredDecision }
  /** The same transaction was decided before: the original stands. */
  | { readonly kind: 'duplicate'; readonly stored: StoredDecision }
  /** Its id was used with other content; `field` is the JSON pointer of the first difference. */
  | { readonly kind: 'conflict'; readonly field: string; readonly stored: StoredDecision }
  /** Not provably committed: the caller must send it again. */
  | { readonly kind: 'unsettled'; readonly cause: string };

/** The answer about a transaction whose id was decided before. */
export function repeated(stored: StoredDecision, transaction: Transaction): Settled {
  const field = stored.erased ? null : differingField(stored.decision.transaction, transaction);
  return field === null ? { kind: 'duplicate', stored } : { kind: 'conflict', field, stored };
}
