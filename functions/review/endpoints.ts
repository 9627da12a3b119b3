import type { Endpoints } from '../../shared/edge/request.ts';
import { claimReview, releaseReview } from './claims.ts';
import type { DisposeDependencies } from './dispose.ts';
import { disposeReview } from './disposeReview.ts';
import { postReview } from './review.ts';

/** The routes of the review stage: what people say of payments, and who looks at which review. */
export const reviewEndpoints = (dependencies: DisposeDependencies): Endpoints => ({
  postReview: postReview(dependencies),
  claimReview: claimReview(dependencies),
  releaseReview: releaseReview(dependencies),
  disposeReview: disposeReview(dependencies),
});
