import { formatInstant } from '../domain/time.ts';
import { dueMs, priorityOf, type Review } from './review.ts';

/** A review as callers see it at a time. */
export function renderReview(review: Review, nowMs: number) {
  const { reviewId, userId, accountId, state, openedAtMs, outcome, transactionIds, closed, work, claim } = review;
  return {
    reviewId,
    userId,
    accountId,
    state,
    openedAt: formatInstant(openedAtMs),
    outcome,
    transactionIds,
    assignee: claim?.assignee ?? null,
    claimedAt: claim === undefined ? null : formatInstant(claim.atMs),
    priority: priorityOf(review, nowMs),
    amountMinor: work?.amountMinor ?? null,
    dueAt: formatInstant(openedAtMs + dueMs),
    reasons: work?.reasons ?? [],
    ...(closed !== null && { disposition: closed.disposition, closedAt: formatInstant(closed.atMs) }),
  };
}
