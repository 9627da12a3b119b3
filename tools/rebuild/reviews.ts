import { type JoinDependencies, joinReview } from '../../functions/project/joinReview.ts';
import type { Outcome } from '../../shared/domain/outcome.ts';
import { auditFromItem, type StoredDecision } from '../../shared/ledger/items.ts';
import type { Item, TableStore } from '../../shared/ports/ports.ts';
import type { Flagged } from '../../shared/reviews/review.ts';
import { auditKey, reviewMemberKey, sequenceText } from '../../shared/store/names.ts';
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
    const own = await flaggedOf(table, chain, decision.sequence, period);
    // Rows that have expired are not in the chain any more; their decisions are.
    const all = new Map(own.map((one) => [one.transactionId, one]));
    for (const { decision: known } of some.toSorted((a, b) => a.decision.sequence - b.decision.sequence)) {
      const { transactionId } = known.transaction;
      if (!all.has(transactionId))
        all.set(transactionId, { transactionId, outcome: known.outcome, decidedAtMs: known.decidedAtMs });
    }
    const owed = await withoutReview(table, [...all.values()], ({ transactionId }) => [tenant, transactionId]);
    await joinReview(dependencies, { tenant, accountId, userId }, owed);
  });
  return lost.length;
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

/** The flagged decisions of a chain within a period, in order, found from one of them outwards. */
const flaggedOf = async (table: TableStore, chain: string, sequence: number, { fromMs, toMs }: Period): Promise<Flagged[]> => {
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
  return [...before.toReversed(), ...behind].flatMap((item): Flagged[] => {
    const { event, outcome, transactionId, at } = auditFromItem(item).body;
    if (event !== 'DECISION_MADE' || outcome === 'ALLOW') return [];
    return [{ transactionId: String(transactionId), outcome: outcome as Outcome, decidedAtMs: Date.parse(String(at)) }];
  });
};
