import { services } from '../../shared/adapters/aws/services.ts';
import { environmentSigner } from '../../shared/adapters/aws/signer.ts';
import { log } from '../../shared/edge/log.ts';
import { measuring } from '../../shared/edge/metrics.ts';
import { environmentAlerts } from './alerts.ts';
import type { CheckpointResult } from './checkpoint.ts';
import { checkpointRun } from './run.ts';

const { table, checkpoints, clock } = services();
const alerts = environmentAlerts({ table, clock }, log);
const signer = environmentSigner();
// A failed load shows at every use.
signer.catch(() => undefined);

/** Runs on a schedule; the result is for who invokes it by hand. */
export const handler = (): Promise<CheckpointResult> =>
  checkpointRun({ table, checkpoints, clock, signer, alerts, measure: measuring(clock), log });
