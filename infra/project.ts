import { Construct } from 'constructs';
import { env, prefixes, projectedItems } from '../shared/store/names.ts';
import type { Data } from './data.ts';
import { HouseFunction } from './function.ts';
import { HouseQueue } from './queue.ts';
import type { Settings } from './settings.ts';
import { HouseTopic } from './topic.ts';
import type { Webhooks } from './webhooks.ts';

/** Committed items in; feed pages, counters, reviews and the feature archive out. */
export class Project extends Construct {
  readonly function: HouseFunction;
  /** What kept failing and is not a transaction: stream batches (by their place) and scheduled runs. */
  readonly failures: HouseQueue;
  /** Alerts about BLOCKs, and about REVIEWs that the policy chooses. */
  readonly decisionAlerts: HouseTopic;
  /** Alerts about decisions that were made without one of their parts. */
  readonly degradedAlerts: HouseTopic;

  constructor(
    scope: Construct,
    id: string,
    props: { readonly data: Data; readonly settings: Settings; readonly webhooks: Webhooks },
  ) {
    super(scope, id);
    const { data, settings, webhooks } = props;
    this.failures = new HouseQueue(this, 'Failures', { key: data.dataKey, retentionDays: settings.deadLetterRetentionDays });
    this.decisionAlerts = new HouseTopic(this, 'DecisionAlerts', { key: data.dataKey });
    this.degradedAlerts = new HouseTopic(this, 'DegradedAlerts', { key: data.dataKey });
    this.function = new HouseFunction(this, 'Handler', { stage: 'project', data, settings, memoryMb: 512, timeoutSeconds: 60 })
      .readsItems('feed', 'counter', 'review', 'webhook', 'alert', 'policy', 'progress', 'merchant')
      .putsItems('feed', 'review', 'checkpoint', 'alert', 'progress', 'user', 'merchant')
      .deletesItems('review')
      .checksItems('label')
      .updatesItems('counter', 'alert')
      .publishesTo('DecisionAlerts', this.decisionAlerts, env.decisionTopic)
      .publishesTo('DegradedAlerts', this.degradedAlerts, env.degradedTopic)
      .sendsTo('Webhooks', webhooks.queue, env.webhookQueueUrl)
      .writesObjects('Archive', data.archiveBucket, env.archiveBucket);
    if (settings.hotDays !== undefined) this.function.putsItems('audit').told(env.hotDays, String(settings.hotDays));
    this.function.told(env.failuresUrl, this.failures.queueUrl).consumesStream(this.failures, {
      keyPrefixes: projectedItems.map((item) => prefixes[item]),
      batchSize: settings.projectBatchSize,
    });
  }
}
