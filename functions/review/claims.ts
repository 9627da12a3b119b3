import { objectBody } from '../../shared/edge/body.ts';
import { conflict, notFound } from '../../shared/edge/problem.ts';
import type { ApiRequest, Endpoint } from '../../shared/edge/request.ts';
import { appendSystemEvent } from '../../shared/ledger/systemChain.ts';
import type { Clock, Randomness, TableStore } from '../../shared/ports/ports.ts';
import { attempted } from '../../shared/reviews/attempts.ts';
import { renderReview } from '../../shared/reviews/render.ts';
import type { Review } from '../../shared/reviews/review.ts';
import { changeWrites, reviewNamed } from '../../shared/reviews/reviewItems.ts';

interface ClaimDependencies {
  readonly table: TableStore;
  readonly clock: Clock;
  readonly randomness: Randomness;
}

/** A person waits no longer. */
const withinMs = 10_000;
const attempts = { attemptsMax: 20, backoffBaseMs: 10, backoffMaxMs: 500 };

const noBody = objectBody<null>({ fields: [], expected: 'left out, or an empty object', read: () => null });

/** `POST /reviews/{reviewId}/claim`: the review is the caller's. 409 when it is closed or claimed by another. */
export const claimReview = (dependencies: ClaimDependencies): Endpoint<null> => ({
  read: noBody,
  answer: (request) =>
    changed(dependencies, request, (review) => {
      if (review.state === 'closed') throw conflict(`The review ${review.reviewId} is closed.`);
      if (review.claim?.assignee === request.identity) return review;
      assertFree(review, request);
      return { ...review, claim: { assignee: request.identity, atMs: dependencies.clock.nowMs() } };
    }),
});

/**
 * `POST /reviews/{reviewId}/release`: the review is nobody's. 409 when it is claimed by another; with the scope admin that claim is ended
 * all the same, and the tenant's system chain says so.
 */
export const releaseReview = (dependencies: ClaimDependencies): Endpoint<null> => ({
  read: noBody,
  answer: (request) =>
    changed(dependencies, request, (review) => {
      // Of a closed one it stays who looked at it.
      if (review.claim === undefined || review.state === 'closed') return review;
      if (!request.scopes.includes('admin')) assertFree(review, request);
      const { claim: _, ...released } = review;
      return released;
    }),
});

/** Throws a 409 when another has claimed the review. */
export function assertFree({ reviewId, claim }: Review, { identity }: ApiRequest): void {
  if (claim === undefined || claim.assignee === identity) return;
  throw conflict(`The review ${reviewId} is claimed by ${claim.assignee}; with the scope admin it can be released.`);
}

/** The review as `change` leaves it; the same object means that there is nothing to write. */
async function changed(dependencies: ClaimDependencies, request: ApiRequest, change: (review: Review) => Review) {
  const { table, clock } = dependencies;
  const { tenant, parameters, receivedAtMs } = request;
  const reviewId = parameters.reviewId!;
  const limits = { ...attempts, deadlineMs: receivedAtMs + withinMs };
  const review = await attempted(dependencies, limits, async () => {
    const before = await reviewNamed(table, tenant, reviewId);
    if (before === 'moved') return 'again';
    if (before === null) throw notFound(`There is no review ${reviewId}.`);
    const after = change(before);
    if (after === before) return before;
    const next = { ...after, revision: before.revision + 1 };
    await write(dependencies, request, before, next);
    return next;
  });
  return { status: 200, body: renderReview(review, clock.nowMs()) };
}

async function write({ table, clock }: ClaimDependencies, request: ApiRequest, before: Review, after: Review): Promise<void> {
  const { tenant, keyId, identity } = request;
  const writes = changeWrites(tenant, before, after);
  const isForced = before.claim !== undefined && after.claim === undefined && before.claim.assignee !== identity;
  if (!isForced) return table.transact(writes);
  const details = { reviewId: before.reviewId, assignee: before.claim.assignee };
  await appendSystemEvent(table, tenant, { event: 'REVIEW_RELEASED', by: keyId, atMs: clock.nowMs(), details }, writes);
}
