import { FilterRule } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { env, prefixes, projectedItems, protectedPrefixes } from '../shared/store/names.ts';
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
      .readsItems('feed', 'counter', 'review', 'webhook', 'alert', 'policy', 'progress', 'merchant', 'audit', 'lookup', 'secret')
      .readsItemsAtOnce('lookup')
      .putsItems('feed', 'review', 'checkpoint', 'alert', 'progress', 'user', 'merchant', 'lookup')
      .deletesItems('review')
      .checksItems('label')
      .updatesItems('counter', 'alert')
      .publishesTo('DecisionAlerts', this.decisionAlerts, env.decisionTopic)
      .publishesTo('DegradedAlerts', this.degradedAlerts, env.degradedTopic)
      .opensMasterSecret()
      .sendsTo('Webhooks', webhooks.queue, env.webhookQueueUrl)
      .writesObjects('Archive', data.archiveBucket, env.archiveBucket);
    if (settings.hotDays !== undefined) this.function.putsItems('audit').told(env.hotDays, String(settings.hotDays));
    if (!settings.entityLookup) this.function.told(env.entityLookup, 'false');
    this.function.told(env.failuresUrl, this.failures.queueUrl).consumesStream(this.failures, {
      patterns: streamPatterns,
      batchSize: settings.projectBatchSize,
    });
  }
}

/**
 * What of the stream is looked at: what is projected as it is written, and protected items as they go. Whoever deleted them: a filter that
 * told callers from the table's own service would rest on a field that only some records have, and fail unseen.
 */
const streamPatterns: readonly object[] = [
  { eventName: FilterRule.or('INSERT', 'MODIFY'), ...ofKeys(projectedItems.map((item) => prefixes[item])) },
  { eventName: FilterRule.isEqual('REMOVE'), ...ofKeys(protectedPrefixes) },
];

function ofKeys(beginnings: readonly string[]): object {
  return { dynamodb: { Keys: { pk: { S: beginnings.flatMap((prefix) => FilterRule.beginsWith(prefix)) } } } };
}
