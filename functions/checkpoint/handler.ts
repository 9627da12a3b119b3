import { services } from '../../shared/aws/services.ts';
import { environmentSigner } from '../../shared/aws/signer.ts';
import { log } from '../../shared/edge/log.ts';
import { type CheckpointResult, makeCheckpoints } from './checkpoint.ts';
import { lagMetric } from './lagMetric.ts';

const { table, checkpoints, clock } = services();
const signer = environmentSigner();
// A failed load shows at every use.
signer.catch(() => undefined);

/** Runs on a schedule; the result is for who invokes it by hand. */
export const handler = async (): Promise<CheckpointResult> => {
  const result = await makeCheckpoints({ table, checkpoints, signer: await signer, clock });
  log('info', 'checkpoint', { ...result });
  process.stdout.write(`${lagMetric(result, clock.nowMs())}\n`);
  return result;
};
