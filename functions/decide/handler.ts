import { services } from '../../shared/aws/services.ts';
import { httpHandler } from '../../shared/edge/http.ts';
import { measuring } from '../../shared/edge/metrics.ts';
import { ledgerOf } from '../../shared/ledger/judgement.ts';
import { modelInForce } from '../../shared/model/inForce.ts';
import { decideEndpoints } from './endpoints.ts';

const world = services();

export const handler = httpHandler(
  'decide',
  decideEndpoints(ledgerOf(world, modelInForce(world)), measuring(world.clock)),
  world,
);
