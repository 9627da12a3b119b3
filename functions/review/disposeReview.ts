import { fault } from '../../shared/contract/fault.ts';
import { invalid, notFound, unavailable } from '../../shared/edge/problem.ts';
import type { ApiRequest, Endpoint } from '../../shared/edge/request.ts';
import { OutcomeUnknown, type TableStore, Throttled, Unavailable } from '../../shared/ports/ports.ts';
import { attempted } from '../../shared/reviews/attempts.ts';
import { renderReview } from '../../shared/reviews/render.ts';
import { type Review, reviewPlace } from '../../shared/reviews/review.ts';
import { changeWrites, closingWrites, reviewNamed } from '../../shared/reviews/reviewItems.ts';
import { labelKey, reviewMemberKey } from '../../shared/store/names.ts';
import { type ReviewDisposal, readReviewDisposal } from './bodies.ts';
import { assertFree } from './claims.ts';
import { type DisposeDependencies, type Disposition, dispose } from './dispose.ts';

/** After this, no further payment is begun: the answer says how far it came. */
const withinMs = 9_000;
/** Of one payment. */
const paymentWithinMs = 4_000;
const closing = { attemptsMax: 20, backoffBaseMs: 10, backoffMaxMs: 500 };
const keysPerRead = 100;

/**
 * `POST /reviews/{reviewId}/dispose`: says what payments of a review were, each with its own label and audit entry, one after the other, and
 * closes the review once all of it is labelled. Repeated, it does what is left; what was said already is not said again. 409 when another
 * has claimed the review.
 */
export const disposeReview = (dependencies: DisposeDependencies): Endpoint<ReviewDisposal> => ({
  read: readReviewDisposal,
  answer: async (request, disposal) => {
    const { tenant, keyId, receivedAtMs } = request;
    const { disposition, note } = disposal;
    const { table, clock } = dependencies;
    const review = await found(dependencies, request);
    assertFree(review, request);
    const transactionIds = await named(table, tenant, review, disposal.transactionIds);
    const labelled: string[] = [];
    let isWhole = true;
    for (const transactionId of transactionIds) {
      isWhole = clock.nowMs() < receivedAtMs + withinMs;
      if (!isWhole) break;
      const payment = { tenant, transactionId, disposition, note, by: keyId, leavesReview: true } as const;
      try {
        const result = await dispose(dependencies, payment, clock.nowMs() + paymentWithinMs);
        if (result.kind === 'disposed' && disposition !== 'UNSURE') labelled.push(transactionId);
      } catch (error) {
        // What was done before is worth telling.
        if (labelled.length === 0 || !isStoreError(error)) throw error;
        isWhole = false;
        break;
      }
    }
    if (disposition === 'UNSURE') {
      if (!isWhole) throw unavailable('not all payments could be noted as UNSURE in time: send it again');
      return answerOf(labelled, await remainingOf(table, tenant, review), review, clock.nowMs());
    }
    const { remaining, review: standing } = await closed(dependencies, request, disposition, isWhole ? transactionIds : []);
    return answerOf(labelled, remaining, standing, clock.nowMs());
  },
});

const answerOf = (labelled: readonly string[], remaining: number, review: Review, nowMs: number) => ({
  status: 200,
  body: { labelled, remaining, review: renderReview(review, nowMs) },
});

const isStoreError = (error: unknown): boolean =>
  error instanceof Throttled || error instanceof Unavailable || error instanceof OutcomeUnknown;

/** The review that the path names. Throws a 404. */
async function found(dependencies: DisposeDependencies, { tenant, parameters, receivedAtMs }: ApiRequest): Promise<Review> {
  const reviewId = parameters.reviewId!;
  const review = await attempted(dependencies, { ...closing, deadlineMs: receivedAtMs + withinMs }, async () => {
    const standing = await reviewNamed(dependencies.table, tenant, reviewId);
    return standing === 'moved' ? 'again' : { standing };
  });
  if (review.standing === null) throw notFound(`There is no review ${reviewId}.`);
  return review.standing;
}

/** The payments that are meant, each once. Throws a 400 that names those which are not in the review. */
async function named(
  table: TableStore,
  tenant: string,
  review: Review,
  transactionIds: readonly string[] | null,
): Promise<readonly string[]> {
  if (transactionIds === null) return review.transactionIds;
  const place = reviewPlace(review);
  const listed = new Set(review.transactionIds);
  const faults = [];
  for (const [i, transactionId] of transactionIds.entries()) {
    if (listed.has(transactionId)) continue;
    // A long review lists its last payments alone.
    const member = await table.get(reviewMemberKey(tenant, transactionId), { consistent: true });
    if (member?.place !== place)
      faults.push(fault(`/transactionIds/${i}`, 'transactionIds', `of payments in the review ${review.reviewId}`, transactionId));
  }
  if (faults.length > 0) throw invalid(faults);
  return [...new Set(transactionIds)];
}

/** How many of its payments are not labelled. */
async function remainingOf(table: TableStore, tenant: string, { transactionIds }: Review): Promise<number> {
  let remaining = 0;
  for (let i = 0; i < transactionIds.length; i += keysPerRead) {
    const keys = transactionIds.slice(i, i + keysPerRead).map((id) => labelKey(tenant, id));
    remaining += (await table.getMany(keys, { consistent: true })).filter((item) => item === null).length;
  }
  return remaining;
}

/**
 * Closes the review if nothing of it is left, or gives a closed one another disposition where all of it was disposed of anew. A payment that
 * joins meanwhile keeps it open.
 */
async function closed(
  dependencies: DisposeDependencies,
  request: ApiRequest,
  disposition: Exclude<Disposition, 'UNSURE'>,
  transactionIds: readonly string[],
): Promise<{ readonly remaining: number; readonly review: Review }> {
  const { table, clock } = dependencies;
  const { tenant, parameters } = request;
  const limits = { ...closing, deadlineMs: clock.nowMs() + paymentWithinMs };
  return attempted(dependencies, limits, async () => {
    const review = await reviewNamed(table, tenant, parameters.reviewId!);
    if (review === 'moved' || review === null) return 'again';
    const remaining = await remainingOf(table, tenant, review);
    const last = transactionIds.at(-1) ?? review.transactionIds.at(-1);
    if (remaining > 0 || last === undefined) return { remaining, review };
    const end = { disposition, transactionId: last, atMs: clock.nowMs() };
    const after = { ...review, state: 'closed', closed: end, revision: review.revision + 1 } as const;
    if (review.state === 'open') {
      await table.transact(closingWrites(tenant, review, end));
      return { remaining, review: after };
    }
    const isAnew = review.closed?.disposition !== disposition && review.transactionIds.every((id) => transactionIds.includes(id));
    if (!isAnew) return { remaining, review };
    await table.transact(changeWrites(tenant, review, after));
    return { remaining, review: after };
  });
}
