import type { RestApi } from 'aws-cdk-lib/aws-apigateway';
import { Alarm, ComparisonOperator, type IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription, SmsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { Checkpoint } from './checkpoint.ts';
import type { Compact } from './compact.ts';
import type { Data } from './data.ts';
import type { HouseFunction } from './function.ts';
import type { Ingest } from './ingest.ts';
import { ownMetric } from './ownMetric.ts';
import type { Project } from './project.ts';
import type { Settings } from './settings.ts';
import { HouseTopic } from './topic.ts';
import type { Webhooks } from './webhooks.ts';

export interface AlarmsProps {
  readonly data: Data;
  readonly settings: Settings;
  readonly api: RestApi;
  readonly ingest: Ingest;
  readonly project: Project;
  readonly webhooks: Webhooks;
  readonly checkpoint: Checkpoint;
  readonly compact: Compact;
  readonly functions: readonly HouseFunction[];
  /** Where people look first: in every alarm's text. */
  readonly consoleUrl: string;
}

/** Alarms on one metric each, with a topic per kind; mail addresses and telephones of the settings are subscribed to all of them. */
export class Alarms extends Construct {
  /** Something was set aside and waits for a person. */
  readonly deadLetters: HouseTopic;
  /** The system is slow or failing. */
  readonly health: HouseTopic;
  /** Training fails or publishes nothing: the model grows old. */
  readonly model: HouseTopic;
  /** Checkpoints fail or lag: what was decided is not proved. */
  readonly verifier: HouseTopic;
  private readonly consoleUrl: string;

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    const { data, settings, api, ingest, project, webhooks, checkpoint, compact, functions, consoleUrl } = props;
    this.consoleUrl = consoleUrl;
    this.deadLetters = new HouseTopic(this, 'DeadLetterTopic', { key: data.dataKey });
    this.model = new HouseTopic(this, 'ModelTopic', { key: data.dataKey });
    this.verifier = new HouseTopic(this, 'VerifierTopic', { key: data.dataKey });
    this.health = new HouseTopic(this, 'HealthTopic', { key: data.dataKey });
    const { decisionAlerts, degradedAlerts } = project;
    for (const topic of [decisionAlerts, degradedAlerts, this.model, this.verifier, this.deadLetters, this.health]) {
      for (const address of settings.alertEmails) topic.addSubscription(new EmailSubscription(address));
      for (const phone of settings.alertPhones) topic.addSubscription(new SmsSubscription(phone));
    }
    const minute = Duration.minutes(1);
    const waiting = { period: minute, statistic: 'max' };

    this.above(
      0,
      'DeadLetters',
      'messages that can never be decided',
      this.deadLetters,
      ingest.deadLetters.metricApproximateNumberOfMessagesVisible(waiting),
    );
    this.above(
      0,
      'Failures',
      'stream batches or scheduled runs that kept failing',
      this.deadLetters,
      project.failures.metricApproximateNumberOfMessagesVisible(waiting),
    );
    this.above(
      0,
      'WebhookDeadLetters',
      'events that no receiver took',
      this.deadLetters,
      webhooks.deadLetters.metricApproximateNumberOfMessagesVisible(waiting),
    );
    this.above(
      settings.queueAgeAlarmSeconds,
      'QueueAge',
      'seconds the oldest transaction waits for its decision',
      this.health,
      ingest.queue.metricApproximateAgeOfOldestMessage(waiting),
    );
    this.above(
      settings.streamAgeAlarmSeconds * 1_000,
      'StreamAge',
      'milliseconds that the oldest change of the table waits to be projected',
      this.health,
      project.function.function.metric('IteratorAge', waiting),
    );
    this.above(
      settings.partialFailuresAlarm,
      'PartialFailures',
      'batches of the stream, within five minutes, that a sink could not do',
      this.health,
      ownMetric(settings, 'PartialFailures', 'sum', Duration.minutes(5)),
    );
    this.above(
      settings.unsettledAlarm,
      'Unsettled',
      'payments, within five minutes, that could not be decided and went back to the queue',
      this.health,
      ownMetric(settings, 'Unsettled', 'sum', Duration.minutes(5)),
    );
    this.heartbeat(
      settings.checkpointLagAlarmMinutes * 60_000,
      'CheckpointLag',
      'milliseconds that an audit entry waited for its checkpoint, or no run that measured it',
      this.verifier,
      checkpoint.lag,
    );
    this.above(
      settings.modelAgeAlarmHours * 3_600_000,
      'ModelAge',
      'milliseconds since the model in force was trained',
      this.model,
      checkpoint.modelAge,
    );
    this.heartbeat(
      settings.compactionLagAlarmHours * 3_600_000,
      'CompactionLag',
      'milliseconds that a closed day of the archive waited for its compaction, or no run that measured it',
      this.model,
      compact.lag,
    );
    this.above(
      0,
      'AlertsFailed',
      'alerts that could not be sent',
      this.health,
      ownMetric(settings, 'AlertsFailed', 'sum', minute),
    );
    this.above(
      0,
      'ApiErrors',
      'answers of the API with a 5xx status',
      this.health,
      api.metricServerError({ period: minute, statistic: 'sum' }),
    );
    for (const fn of functions) {
      this.above(
        0,
        `${fn.node.scope!.node.id}Errors`,
        `failed calls of ${fn.stage}`,
        { train: this.model, compact: this.model, checkpoint: this.verifier }[fn.stage] ?? this.health,
        fn.function.metricErrors({ period: minute, statistic: 'sum' }),
      );
    }
  }

  /** Those that tell whether a new version of this function does what the one before did. */
  of(fn: HouseFunction): readonly Alarm[] {
    return [`${fn.node.scope!.node.id}Errors`, ...(fn.stage === 'score' ? ['QueueAge'] : [])].map(
      (id) => this.node.findChild(id) as Alarm,
    );
  }

  /** A metric that every run of a schedule measures: no value at all means that nothing runs. */
  private heartbeat(threshold: number, id: string, description: string, topic: ITopic, metric: IMetric): void {
    this.above(threshold, id, description, topic, metric, TreatMissingData.BREACHING);
  }

  private above(
    threshold: number,
    id: string,
    description: string,
    topic: ITopic,
    metric: IMetric,
    treatMissingData = TreatMissingData.NOT_BREACHING,
  ): void {
    new Alarm(this, id, {
      alarmDescription: `Aegis: ${description}. What to do: docs/operations.md, ${id}. Console: ${this.consoleUrl}`,
      metric,
      threshold,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: 1,
      treatMissingData,
    }).addAlarmAction(new SnsAction(topic));
  }
}
