import type { RestApi } from 'aws-cdk-lib/aws-apigateway';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import { env } from '../shared/store/names.ts';
import { Admin } from './admin.ts';
import { Alarms } from './alarms.ts';
import { Api } from './api.ts';
import { Checkpoint } from './checkpoint.ts';
import { Compact } from './compact.ts';
import { Data } from './data.ts';
import { Decide } from './decide.ts';
import { addFirewall } from './firewall.ts';
import type { HouseFunction } from './function.ts';
import { Ingest } from './ingest.ts';
import { Project } from './project.ts';
import type { HouseQueue } from './queue.ts';
import { Read } from './read.ts';
import { Review } from './review.ts';
import { Score } from './score.ts';
import type { Settings } from './settings.ts';
import { Shift } from './shift.ts';
import { Sweep } from './sweep.ts';
import { Train } from './train.ts';
import { Webhooks } from './webhooks.ts';

/** Everything that decides and stores, from resource types that AWS, LocalStack and MiniStack all take. */
export class CoreStack extends Stack {
  readonly data: Data;
  readonly settings: Settings;
  readonly functions: readonly HouseFunction[];
  readonly api: RestApi;
  readonly alarms: Alarms;
  readonly watched: { readonly queue: HouseQueue; readonly table: ITable };

  constructor(scope: Construct, id: string, props: StackProps & { readonly settings: Settings }) {
    super(scope, id, props);
    const { settings } = props;
    const data = new Data(this, 'Data', settings);
    const ingest = new Ingest(this, 'Ingest', { data, settings });
    const score = new Score(this, 'Score', { data, settings, ingest });
    const decide = new Decide(this, 'Decide', { data, settings });
    const webhooks = new Webhooks(this, 'Webhooks', { data, settings });
    const project = new Project(this, 'Project', { data, settings, webhooks });
    const read = new Read(this, 'Read', { data, settings, ingest });
    const review = new Review(this, 'Review', { data, settings });
    const admin = new Admin(this, 'Admin', { data, settings });
    const compact = new Compact(this, 'Compact', { data, settings, failures: project.failures });
    const train = new Train(this, 'Train', { data, settings, failures: project.failures });
    const checkpoint = new Checkpoint(this, 'Checkpoint', { data, settings, failures: project.failures });
    const sweep = new Sweep(this, 'Sweep', { data, settings, failures: project.failures });
    const { api } = new Api(this, 'Api', {
      data,
      settings,
      functions: {
        ingest: ingest.function,
        decide: decide.function,
        read: read.function,
        review: review.function,
        admin: admin.function,
      },
    });
    // The API names no function of the queue, the stream or the schedules, so that these may name the API.
    const consoleUrl = settings.consoleUrl ?? api.urlForPath('/console');
    for (const stage of [score, project, checkpoint]) stage.function.told(env.consoleUrl, consoleUrl);
    this.settings = settings;
    this.data = data;
    this.functions = [ingest, score, decide, project, webhooks, read, review, admin, compact, train, checkpoint, sweep].map(
      (stage) => stage.function,
    );
    const alarms = new Alarms(this, 'Alarms', {
      data,
      settings,
      api,
      ingest,
      project,
      webhooks,
      checkpoint,
      sweep,
      compact,
      functions: this.functions,
      consoleUrl,
    });
    score.function.publishesTo('DeadLetterTopic', alarms.deadLetters, env.deadLetterTopic);
    checkpoint.function
      .publishesTo('ModelTopic', alarms.model, env.modelTopic)
      .publishesTo('VerifierTopic', alarms.verifier, env.verifierTopic);
    if (settings.shift !== 'atOnce') {
      new Shift(this, 'Shift', { shift: settings.shift, functions: this.functions, alarmsOf: (fn) => alarms.of(fn) });
    }
    if (settings.firewall === 'core') addFirewall(this, { settings, api, dataKey: data.dataKey });
    this.api = api;
    this.alarms = alarms;
    this.watched = { queue: ingest.queue, table: data.table };
    this.outputs({
      ApiUrl: api.url,
      QueueUrl: ingest.queue.queueUrl,
      DeadLetterUrl: ingest.deadLetters.queueUrl,
      WebhookQueueUrl: webhooks.queue.queueUrl,
      WebhookDeadLetterUrl: webhooks.deadLetters.queueUrl,
      FailuresUrl: project.failures.queueUrl,
      TableName: data.table.tableName,
      ModelBucketName: data.modelBucket.bucketName,
      ArchiveBucketName: data.archiveBucket.bucketName,
      CheckpointBucketName: data.checkpointBucket.bucketName,
      DataKeyArn: data.dataKey.keyArn,
      MasterKeyArn: data.masterKey.keyArn,
      SigningKeyArn: data.signingKey.keyArn,
      DeadLetterTopicArn: alarms.deadLetters.topicArn,
      HealthTopicArn: alarms.health.topicArn,
      ModelTopicArn: alarms.model.topicArn,
      VerifierTopicArn: alarms.verifier.topicArn,
      DecisionTopicArn: project.decisionAlerts.topicArn,
      DegradedTopicArn: project.degradedAlerts.topicArn,
    });
  }

  private outputs(values: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(values)) new CfnOutput(this, name, { value });
  }
}
