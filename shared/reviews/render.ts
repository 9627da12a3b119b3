import { formatInstant } from '../domain/time.ts';
import type { Review } from './review.ts';

/** A review as callers see it. */
export const renderReview = ({ reviewId, userId, accountId, state, openedAtMs, outcome, transactionIds, closed }: Review) => ({
  reviewId,
  userId,
  accountId,
  state,
  openedAt: formatInstant(openedAtMs),
  outcome,
  transactionIds,
  ...(closed !== null && { disposition: closed.disposition, closedAt: formatInstant(closed.atMs) }),
});
