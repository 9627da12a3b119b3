import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { env } from '../shared/store/names.ts';
import type { Data } from './data.ts';
import { HouseFunction } from './function.ts';
import type { HouseQueue } from './queue.ts';
import type { Settings } from './settings.ts';

/** Archived features in, on a schedule; a new model version in the bucket out, then its pointer moves. */
export class Train extends Construct {
  readonly function: HouseFunction;

  constructor(
    scope: Construct,
    id: string,
    props: { readonly data: Data; readonly settings: Settings; readonly failures: HouseQueue },
  ) {
    super(scope, id);
    const { data, settings } = props;
    this.function = new HouseFunction(this, 'Handler', { stage: 'train', data, settings, memoryMb: 2048, timeoutSeconds: 600 })
      .readsItems('model', 'audit', 'compaction')
      .putsItems('model', 'audit')
      .readsObjects('Archive', data.archiveBucket, env.archiveBucket)
      .listsObjects('Archive', data.archiveBucket, env.archiveBucket)
      .readsObjects('Models', data.modelBucket, env.modelBucket)
      .writesObjects('Models', data.modelBucket, env.modelBucket);
    this.function.runsEvery(Duration.minutes(settings.trainEveryMinutes), props.failures);
  }
}
