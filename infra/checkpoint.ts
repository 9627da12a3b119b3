import type { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { env } from '../shared/store/names.ts';
import type { Data } from './data.ts';
import { HouseFunction } from './function.ts';
import { ownMetric } from './ownMetric.ts';
import type { HouseQueue } from './queue.ts';
import type { Settings } from './settings.ts';

/** Runs on a schedule: takes the chain heads that moved, and puts a signed Merkle root of them under object lock. */
export class Checkpoint extends Construct {
  readonly function: HouseFunction;
  /** How long the oldest entry had waited for its checkpoint, milliseconds. */
  readonly lag: Metric;
  /** How long ago the model in force was trained, milliseconds. Measured here, so that it also shows when training no longer runs. */
  readonly modelAge: Metric;

  constructor(
    scope: Construct,
    id: string,
    props: { readonly data: Data; readonly settings: Settings; readonly failures: HouseQueue },
  ) {
    super(scope, id);
    const { data, settings } = props;
    // Two runs long, so that every period has a run.
    const period = Duration.minutes(Math.max(5, 2 * settings.checkpointEveryMinutes));
    this.lag = ownMetric(settings, 'CheckpointLag', 'max', period);
    this.modelAge = ownMetric(settings, 'ModelAge', 'max', period);
    this.function = new HouseFunction(this, 'Handler', {
      stage: 'checkpoint',
      data,
      settings,
      memoryMb: 1024,
      timeoutSeconds: 600,
    })
      .readsItems('checkpoint', 'model', 'alert', 'policy')
      .putsItems('checkpoint', 'alert')
      .updatesItems('alert')
      .deletesItems('checkpoint')
      .readsObjects('Checkpoints', data.checkpointBucket, env.checkpointBucket)
      .listsObjects('Checkpoints', data.checkpointBucket, env.checkpointBucket)
      .readsVersions('Checkpoints', data.checkpointBucket)
      .writesObjects('Checkpoints', data.checkpointBucket, env.checkpointBucket)
      .signsWith(data.signingKey, env.checkpointKeyId)
      .told(env.modelAgeAlarmHours, String(settings.modelAgeAlarmHours))
      .told(env.checkpointLagAlarmMinutes, String(settings.checkpointLagAlarmMinutes));
    this.function.runsEvery(Duration.minutes(settings.checkpointEveryMinutes), props.failures);
  }
}
