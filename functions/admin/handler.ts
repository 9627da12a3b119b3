import { services } from '../../shared/adapters/aws/services.ts';
import { httpHandler } from '../../shared/edge/http.ts';
import { adminEndpoints } from './endpoints.ts';

const { table, clock, randomness } = services();

export const handler = httpHandler('admin', adminEndpoints(table, randomness), { table, clock, randomness });
