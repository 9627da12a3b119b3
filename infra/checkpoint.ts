import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { type MetricName, namespace } from '../shared/edge/metricNames.ts';
import { env } from '../shared/store/names.ts';
import type { Data } from './data.ts';
import { HouseFunction } from './function.ts';
import type { HouseQueue } from './queue.ts';
import type { Settings } from './settings.ts';

const longest = (metricName: MetricName): Metric =>
  new Metric({ namespace, metricName, statistic: 'max', period: Duration.minutes(5) });

/** Runs on a schedule: takes the chain heads that moved, and puts a signed Merkle root of them under object lock. */
export class Checkpoint extends Construct {
  readonly function: HouseFunction;
  /** How long the oldest entry had waited for its checkpoint, milliseconds. */
  readonly lag = longest('CheckpointLag');
  /** How long ago the model in force was trained, milliseconds. Measured here, so that it also shows when training no longer runs. */
  readonly modelAge = longest('ModelAge');

  constructor(
    scope: Construct,
    id: string,
    props: { readonly data: Data; readonly settings: Settings; readonly failures: HouseQueue },
  ) {
    super(scope, id);
    const { data, settings } = props;
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
