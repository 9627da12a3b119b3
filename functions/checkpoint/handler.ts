import { services } from '../../shared/aws/services.ts';
import { environmentSigner } from '../../shared/aws/signer.ts';
import { log } from '../../shared/edge/log.ts';
import { metricsLine } from '../../shared/edge/metrics.ts';
import { modelAgeMs } from '../../shared/model/age.ts';
import { type CheckpointResult, makeCheckpoints } from './checkpoint.ts';
import { measures } from './measures.ts';

const { table, checkpoints, clock } = services();
const signer = environmentSigner();
// A failed load shows at every use.
signer.catch(() => undefined);

/** Runs on a schedule; the result is for who invokes it by hand. */
export const handler = async (): Promise<CheckpointResult> => {
  const result = await makeCheckpoints({ table, checkpoints, signer: await signer, clock });
  log('info', 'checkpoint', { ...result });
  const nowMs = clock.nowMs();
  process.stdout.write(`${metricsLine(measures(result, await modelAgeMs(table, nowMs)), nowMs)}\n`);
  return result;
};
