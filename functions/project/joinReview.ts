import { type Clock, type Randomness, type TableStore, TransactionCancelled, type Write } from '../../shared/ports/ports.ts';
import { attempted } from '../../shared/reviews/attempts.ts';
import { type Flagged, joined, newReview } from '../../shared/reviews/review.ts';
import { changeWrites, memberWrite, openingWrites, openReviewOf } from '../../shared/reviews/reviewItems.ts';
import { labelKey } from '../../shared/store/names.ts';

export interface JoinDependencies {
  readonly table: TableStore;
  readonly clock: Clock;
  readonly randomness: Randomness;
}

/** Transactions that join at once: two writes each and those of the review, under the table's 100. */
const groupMax = 40;
const attemptsMax = 12;
const backoffBaseMs = 20;
const backoffMaxMs = 1_000;
const withinMs = 30_000;

/**
 * Puts flagged transactions of one account into its open review, or opens one. A transaction that ever was in a review joins none
 * again, and one that is labelled joins none at all, however often and beside whom this is called. Throws store errors.
 */
export async function joinReview(
  dependencies: JoinDependencies,
  account: { readonly tenant: string; readonly accountId: string; readonly userId: string },
  flagged: readonly Flagged[],
): Promise<void> {
  const unique = [...new Map(flagged.map((one) => [one.transactionId, one])).values()];
  for (let from = 0; from < unique.length; from += groupMax) {
    await joinGroup(dependencies, account, unique.slice(from, from + groupMax));
  }
}

async function joinGroup(
  dependencies: JoinDependencies,
  { tenant, accountId, userId }: { readonly tenant: string; readonly accountId: string; readonly userId: string },
  flagged: readonly Flagged[],
): Promise<void> {
  const { table, clock } = dependencies;
  let open = flagged;
  const limits = { attemptsMax, backoffBaseMs, backoffMaxMs, deadlineMs: clock.nowMs() + withinMs };
  await attempted(dependencies, limits, async () => {
    if (open.length === 0) return 'done';
    const openReview = await openReviewOf(table, tenant, accountId, userId);
    if (openReview === 'moved') return 'again';
    const after = joined(openReview ?? newReview(tenant, accountId, userId, open[0]!), open);
    // The pairs come first: their places in the transaction follow from the order of `open`.
    const pairs = open.flatMap(({ transactionId }): Write[] => [
      memberWrite(tenant, transactionId, after),
      { kind: 'check', key: labelKey(tenant, transactionId), condition: { kind: 'absent' } },
    ]);
    const rest = openReview === null ? openingWrites(tenant, after) : changeWrites(tenant, openReview, after);
    try {
      await table.transact([...pairs, ...rest], { once: true });
      return 'done';
    } catch (error) {
      if (!(error instanceof TransactionCancelled)) throw error;
      const failed = (position: number): boolean => error.reasons[position]?.code === 'ConditionalCheckFailed';
      const left = open.filter((_, i) => !failed(2 * i) && !failed(2 * i + 1));
      if (left.length === 0) return 'done';
      open = left;
      return 'again';
    }
  });
}
