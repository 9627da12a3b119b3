import { services } from '../../shared/adapters/aws/services.ts';
import { httpHandler } from '../../shared/edge/http.ts';
import { postReview } from './review.ts';

const { table, clock, randomness, masterSecret } = services();

export const handler = httpHandler(
  'review',
  { postReview: postReview({ table, clock, randomness, masterSecret }) },
  { table, clock, randomness },
);
