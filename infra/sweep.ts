import type { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { env } from '../shared/store/names.ts';
import type { Data } from './data.ts';
import { HouseFunction } from './function.ts';
import { ownMetric } from './ownMetric.ts';
import type { HouseQueue } from './queue.ts';
import type { Settings } from './settings.ts';

const every = Duration.minutes(5);
const twoRuns = Duration.minutes(10);

/**
 * Reads the whole table, one share after the other, and compares what it holds with what is signed. It may read every item, which IAM cannot
 * narrow for a scan; it writes nothing but how far it came and heads that the next checkpoint is owed, and it cannot sign.
 */
export class Sweep extends Construct {
  readonly function: HouseFunction;
  /** How long ago the share whose turn is longest past was swept, by what signed checkpoints record, milliseconds. */
  readonly age: Metric;
  /** Chains and states that contradict each other or what is signed. */
  readonly findings: Metric;

  constructor(
    scope: Construct,
    id: string,
    props: { readonly data: Data; readonly settings: Settings; readonly failures: HouseQueue },
  ) {
    super(scope, id);
    const { data, settings } = props;
    this.age = ownMetric(settings, 'SweepAge', 'max', twoRuns);
    this.findings = ownMetric(settings, 'SweepFindings', 'sum', every);
    this.function = new HouseFunction(this, 'Handler', { stage: 'sweep', data, settings, memoryMb: 1024, timeoutSeconds: 290 })
      .readsItems('checkpoint', 'audit', 'state')
      .readsItemsAtOnce('audit', 'state')
      .scansItems()
      .putsItems('checkpoint')
      .updatesItems('checkpoint')
      .readsObjects('Checkpoints', data.checkpointBucket, env.checkpointBucket)
      .listsObjects('Checkpoints', data.checkpointBucket, env.checkpointBucket)
      .readsVersions('Checkpoints', data.checkpointBucket);
    if (settings.hotDays !== undefined) this.function.told(env.hotDays, String(settings.hotDays));
    this.function.runsEvery(every, props.failures);
  }
}
