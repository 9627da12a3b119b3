import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { namespace } from '../shared/edge/metrics.ts';
import { env } from '../shared/store/names.ts';
import type { Data } from './data.ts';
import { HouseFunction } from './function.ts';
import type { HouseQueue } from './queue.ts';
import type { Settings } from './settings.ts';

/** Chain heads that moved in, on a schedule; a signed Merkle root under object lock out. */
export class Checkpoint extends Construct {
  readonly function: HouseFunction;
  /** How long the oldest entry had waited for its checkpoint, milliseconds. */
  readonly lag = new Metric({ namespace, metricName: 'CheckpointLag', statistic: 'max', period: Duration.minutes(5) });
  /** How long ago the model in force was trained, milliseconds: told here, so that a training that no longer runs shows too. */
  readonly modelAge = new Metric({ namespace, metricName: 'ModelAge', statistic: 'max', period: Duration.minutes(5) });

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
      .writesObjects('Checkpoints', data.checkpointBucket, env.checkpointBucket)
      .signsWith(data.signingKey, env.checkpointKeyId)
      .told(env.modelAgeAlarmHours, String(settings.modelAgeAlarmHours))
      .told(env.checkpointLagAlarmMinutes, String(settings.checkpointLagAlarmMinutes));
    this.function.runsEvery(Duration.minutes(settings.checkpointEveryMinutes), props.failures);
  }
}
