import { flaggedOf } from '../../functions/project/flagged.ts';
import { type JoinDependencies, joinReview } from '../../functions/project/joinReview.ts';
import { auditFromItem, decisionFromItem, type StoredDecision } from '../../shared/ledger/items.ts';
import { type Item, type TableStore, TransactionCancelled } from '../../shared/ports/ports.ts';
import type { Review } from '../../shared/reviews/review.ts';
import { findableWrites } from '../../shared/reviews/reviewItems.ts';
import { auditKey, decisionKey, reviewIdKey, reviewMemberKey, sequenceText } from '../../shared/store/names.ts';
import { inParallel } from '../../shared/store/parallel.ts';

const accountsAtOnce = 8;
const keysPerRead = 100;
const rowsPerPage = 200;

/** A period, epoch milliseconds; `toMs` is exclusive. */
export interface Period {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * Puts flagged decisions that are in no review into one, as the stream would have done: of each account in the order of its chain, whatever
 * the order in which the table is read. What is labelled already joins none. Returns how many were in no review. Throws store errors.
 */
export async function restoreReviews(
  dependencies: JoinDependencies,
  decisions: readonly StoredDecision[],
  period: Period,
): Promise<number> {
  const { table } = dependencies;
  const flagged = decisions.filter(({ decision, erased }) => decision.outcome !== 'ALLOW' && !erased);
  const lost = await withoutReview(table, flagged, ({ tenant, decision }) => [tenant, decision.transaction.transactionId]);
  const accounts = Map.groupBy(lost, ({ tenant, chain }) => `${tenant} ${chain}`);
  await inParallel([...accounts.values()], accountsAtOnce, async (some) => {
    const { tenant, chain, decision } = some[0]!;
    const { accountId, userId } = decision.transaction;
    // Rows that have expired are not in the chain any more; their decisions are.
    const all = new Set(await flaggedIn(table, chain, decision.sequence, period));
    for (const { decision: known } of some.toSorted((a, b) => a.decision.sequence - b.decision.sequence))
      all.add(known.transaction.transactionId);
    const owed = await withoutReview(table, [...all], (transactionId) => [tenant, transactionId]);
    await joinReview(dependencies, { tenant, accountId, userId }, await flaggedOf(table, await decisionsOf(table, tenant, owed)));
  });
  return lost.length;
}

/**
 * Lets open reviews of 0.1, to which nothing has happened since, be found by their names and by priority. Returns how many could not be. A
 * review that changes meanwhile is found by that. Throws store errors.
 */
export async function restorePointers(
  table: TableStore,
  reviews: readonly { readonly tenant: string; readonly review: Review }[],
): Promise<number> {
  const earlier = reviews.filter(({ review }) => review.state === 'open' && review.work === undefined);
  let restored = 0;
  await inParallel(earlier, accountsAtOnce, async ({ tenant, review }) => {
    if ((await table.get(reviewIdKey(tenant, review.reviewId), { consistent: true })) !== null) return;
    try {
      await table.transact(findableWrites(tenant, review));
      restored += 1;
    } catch (error) {
      if (!(error instanceof TransactionCancelled)) throw error;
    }
  });
  return restored;
}

/** Those whose transaction never was in a review, in their order. */
const withoutReview = async <Value>(
  table: TableStore,
  values: readonly Value[],
  transactionOf: (value: Value) => readonly [tenant: string, transactionId: string],
): Promise<Value[]> => {
  const left: Value[] = [];
  for (let i = 0; i < values.length; i += keysPerRead) {
    const some = values.slice(i, i + keysPerRead);
    const members = await table.getMany(
      some.map((value) => reviewMemberKey(...transactionOf(value))),
      { consistent: true },
    );
    left.push(...some.filter((_, at) => members[at] === null));
  }
  return left;
};

/** The decisions on these transactions, in their order; an erased one is left out. */
const decisionsOf = async (table: TableStore, tenant: string, transactionIds: readonly string[]): Promise<StoredDecision[]> => {
  const found: StoredDecision[] = [];
  for (let i = 0; i < transactionIds.length; i += keysPerRead) {
    const keys = transactionIds.slice(i, i + keysPerRead).map((id) => decisionKey(tenant, id));
    const items = await table.getMany(keys, { consistent: true });
    found.push(...items.filter((item) => item !== null).map(decisionFromItem));
  }
  return found.filter(({ erased }) => !erased);
};

/** The flagged transactions of a chain within a period, in order, found from one of them outwards. */
const flaggedIn = async (table: TableStore, chain: string, sequence: number, { fromMs, toMs }: Period): Promise<string[]> => {
  const { pk } = auditKey(chain, sequence);
  const isWithin = (item: Item): boolean => {
    const atMs = Date.parse(String(auditFromItem(item).body.at));
    return atMs >= fromMs && atMs < toMs;
  };
  const walk = async (bounds: { readonly from: string } | { readonly to: string }, descending: boolean): Promise<Item[]> => {
    const items: Item[] = [];
    let after: string | undefined;
    do {
      const page = await table.query({
        pk,
        ...bounds,
        descending,
        limit: rowsPerPage,
        consistent: true,
        ...(after !== undefined && { after }),
      });
      const outside = page.items.findIndex((item) => !isWithin(item));
      items.push(...page.items.slice(0, outside < 0 ? undefined : outside));
      if (outside >= 0) return items;
      after = page.after;
    } while (after !== undefined);
    return items;
  };
  const before = await walk({ to: sequenceText(sequence) }, true);
  const behind = await walk({ from: sequenceText(sequence + 1) }, false);
  return [...before.toReversed(), ...behind].flatMap((item): string[] => {
    const { event, outcome, transactionId } = auditFromItem(item).body;
    return event !== 'DECISION_MADE' || outcome === 'ALLOW' ? [] : [String(transactionId)];
  });
};
