import type { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { env } from '../shared/store/names.ts';
import type { Data } from './data.ts';
import { HouseFunction } from './function.ts';
import { ownMetric } from './ownMetric.ts';
import type { HouseQueue } from './queue.ts';
import type { Settings } from './settings.ts';

/** Small objects of the archive in, on a schedule; Parquet files per day and share out. */
export class Compact extends Construct {
  readonly function: HouseFunction;
  /** How long the oldest day that is not compacted has been closed, milliseconds. */
  readonly lag: Metric;

  constructor(
    scope: Construct,
    id: string,
    props: { readonly data: Data; readonly settings: Settings; readonly failures: HouseQueue },
  ) {
    super(scope, id);
    const { data, settings } = props;
    // Two runs long, so that every period has a run.
    this.lag = ownMetric(settings, 'CompactionLag', 'max', Duration.minutes(2 * settings.compactEveryMinutes));
    this.function = new HouseFunction(this, 'Handler', { stage: 'compact', data, settings, memoryMb: 2048, timeoutSeconds: 600 })
      .readsItems('compaction')
      .putsItems('compaction')
      .readsObjects('Archive', data.archiveBucket, env.archiveBucket)
      .listsObjects('Archive', data.archiveBucket, env.archiveBucket)
      .writesObjects('Archive', data.archiveBucket, env.archiveBucket)
      .deletesObjects('Archive', data.archiveBucket, env.archiveBucket, compactedFolders);
    this.function.runsEvery(Duration.minutes(settings.compactEveryMinutes), props.failures);
  }
}

/** Where it may delete: what it has compacted of the features, and what it makes itself. Audit objects stay. */
const compactedFolders = ['features/', 'parquet/'];
