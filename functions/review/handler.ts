import { services } from '../../shared/adapters/aws/services.ts';
import { httpHandler } from '../../shared/edge/http.ts';
import { reviewEndpoints } from './endpoints.ts';

const { table, clock, randomness, masterSecret } = services();

export const handler = httpHandler('review', reviewEndpoints({ table, clock, randomness, masterSecret }), {
  table,
  clock,
  randomness,
});
