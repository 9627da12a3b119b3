import { flaggedOf } from './flagged.ts';
import { failuresInTurn } from './inTurn.ts';
import { type JoinDependencies, joinReview } from './joinReview.ts';
import type { Sink } from './project.ts';

/** Opens a review for every account with a BLOCK or a REVIEW; further ones join it, what is labelled already does not. */
export const reviewsSink = (dependencies: JoinDependencies): Sink => ({
  name: 'reviews',
  async project({ decisions }) {
    const notAllowed = decisions.filter(({ decision }) => decision.outcome !== 'ALLOW');
    const accounts = Map.groupBy(notAllowed, ({ tenant, decision: { transaction } }) =>
      [tenant, transaction.accountId, transaction.userId].join('#'),
    );
    const failures = await failuresInTurn([...accounts.values()], async (group) => {
      const { tenant, decision } = group[0]!;
      const { accountId, userId } = decision.transaction;
      const flagged = await flaggedOf(dependencies.table, group);
      await joinReview(dependencies, { tenant, accountId, userId }, flagged);
    });
    return failures.flatMap(({ value: group, cause }) => group.map(({ position }) => ({ position, cause })));
  },
});
