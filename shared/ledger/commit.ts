import { type CancellationReason, type TableStore, TransactionCancelled, type Write } from '../ports/ports.ts';
import type { AccountCommit } from './fold.ts';

export type CommitResult =
  | { readonly kind: 'committed' }
  /** Nothing was written. `accounts` is in the order of the accounts given. */
  | { readonly kind: 'cancelled'; readonly accounts: readonly CancelledAccount[] };

/** Why the writes of one account were cancelled; the code is `None` for a write that did not cause it. */
export interface CancelledAccount {
  readonly state: CancellationReason;
  readonly payments: readonly { readonly decision: CancellationReason; readonly entry: CancellationReason }[];
}

/** Writes the accounts in one transaction, sent a single time. Throws store errors other than TransactionCancelled. */
export async function commit(table: TableStore, accounts: readonly AccountCommit[]): Promise<CommitResult> {
  try {
    await table.transact(accounts.flatMap(writesOf), { once: true });
    return { kind: 'committed' };
  } catch (error) {
    if (!(error instanceof TransactionCancelled)) throw error;
    return { kind: 'cancelled', accounts: reasonsByName(accounts, error.reasons) };
  }
}

/** The order that `reasonsByName` reads. */
const writesOf = ({ state, payments }: AccountCommit): readonly Write[] => [
  state,
  ...payments.flatMap(({ decision, entry }) => [decision, entry]),
];

const none: CancellationReason = { code: 'None', item: null };

function reasonsByName(accounts: readonly AccountCommit[], reasons: readonly CancellationReason[]): CancelledAccount[] {
  const inOrder = reasons.values();
  const next = (): CancellationReason => inOrder.next().value ?? none;
  return accounts.map(({ payments }) => ({
    state: next(),
    payments: payments.map(() => ({ decision: next(), entry: next() })),
  }));
}

/** Whether one of the account's own writes caused the cancellation. */
export const isCauseOfCancellation = ({ state, payments }: CancelledAccount): boolean =>
  [state, ...payments.flatMap(({ decision, entry }) => [decision, entry])].some(({ code }) => code !== 'None');
