import { services } from '../../shared/adapters/aws/services.ts';
import { httpHandler } from '../../shared/edge/http.ts';
import { optional, requiredNumber } from '../../shared/store/environment.ts';
import { adminEndpoints } from './endpoints.ts';

const { table, clock, randomness } = services();

const policyApprovals = optional('policyApprovals') === undefined ? 0 : requiredNumber('policyApprovals');

export const handler = httpHandler('admin', adminEndpoints(table, randomness, { policyApprovals }), { table, clock, randomness });
