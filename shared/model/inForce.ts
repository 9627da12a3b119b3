import type { ModelInForce } from '../domain/model.ts';
import type { Services } from '../aws/services.ts';

/** The model that scores now. Nothing publishes one yet: rules decide. */
export const modelInForce =
  (_services: Pick<Services, 'table' | 'models' | 'clock'>): (() => Promise<ModelInForce>) =>
  async () => ({ model: null, degraded: 'NO_MODEL' });
