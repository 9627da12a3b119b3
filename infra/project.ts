import { Construct } from 'constructs';
import { env } from '../shared/aws/keys.ts';
import type { Data } from './data.ts';
import { HouseFunction } from './function.ts';
import { HouseQueue } from './queue.ts';
import type { Settings } from './settings.ts';
import type { Webhooks } from './webhooks.ts';

/** Committed items in; feed pages, counters, reviews and the feature archive out. */
export class Project extends Construct {
  readonly function: HouseFunction;
  /** What kept failing and is no transaction: the place of a stream batch, a scheduled run. */
  readonly failures: HouseQueue;

  constructor(
    scope: Construct,
    id: string,
    props: { readonly data: Data; readonly settings: Settings; readonly webhooks: Webhooks },
  ) {
    super(scope, id);
    const { data, settings, webhooks } = props;
    this.failures = new HouseQueue(this, 'Failures', { key: data.dataKey, retentionDays: settings.deadLetterRetentionDays });
    this.function = new HouseFunction(this, 'Handler', { stage: 'project', data, settings, memoryMb: 512, timeoutSeconds: 60 })
      .readsItems('feed', 'counter', 'review', 'webhook')
      .putsItems('feed', 'review', 'checkpoint')
      .checksItems('label')
      .updatesItems('counter')
      .sendsTo('Webhooks', webhooks.queue, env.webhookQueueUrl)
      .writesObjects('Archive', data.archiveBucket, env.archiveBucket);
    this.function.consumesStream(this.failures, { batchSize: settings.projectBatchSize, retries: settings.projectRetries });
  }
}
