import { services } from '../../shared/adapters/aws/services.ts';
import { ledgerOf } from '../../shared/deciding/judgement.ts';
import { modelInForce } from '../../shared/deciding/modelInForce.ts';
import { httpHandler } from '../../shared/edge/http.ts';
import { measuring } from '../../shared/edge/metrics.ts';
import { decideEndpoints } from './endpoints.ts';

const world = services();

export const handler = httpHandler(
  'decide',
  decideEndpoints(ledgerOf(world, modelInForce(world)), measuring(world.clock)),
  world,
);
