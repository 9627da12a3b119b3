import type { Log } from '../../shared/edge/log.ts';
import { counts, type Measure } from '../../shared/edge/metrics.ts';
import type { Signer } from '../../shared/proof/signer.ts';
import type { RunAlerts } from './alerts.ts';
import { type CheckpointDependencies, type CheckpointResult, makeCheckpoints } from './checkpoint.ts';
import { measures } from './measures.ts';
import { modelAgeMs } from './modelAge.ts';

export interface RunDependencies extends Omit<CheckpointDependencies, 'signer'> {
  readonly signer: Promise<Signer>;
  readonly alerts: RunAlerts;
  readonly measure: Measure;
  readonly log: Log;
}

/** One scheduled run: the checkpoints that are owed, what it measured, and the alerts it calls for. Throws as `makeCheckpoint`. */
export async function checkpointRun({ signer, alerts, measure, log, ...world }: RunDependencies): Promise<CheckpointResult> {
  const result = await made(world, signer).catch(async (error: unknown) => {
    measure(counts({ AlertsFailed: await alerts.failed(error) }));
    throw error;
  });
  log('info', 'checkpoint', { ...result });
  const ageMs = await modelAgeMs(world.table, world.clock.nowMs());
  const failed = await alerts.done(result, ageMs);
  measure({ ...measures(result, ageMs), ...counts({ AlertsFailed: failed }) });
  return result;
}

const made = async (world: Omit<CheckpointDependencies, 'signer'>, signer: Promise<Signer>): Promise<CheckpointResult> =>
  makeCheckpoints({ ...world, signer: await signer });
