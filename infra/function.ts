import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  Architecture,
  type CfnEventSourceMapping,
  EventInvokeConfig,
  type EventSourceMapping,
  FilterCriteria,
  type IFunction,
  Function as LambdaFunctionResource,
  LoggingFormat,
  Runtime,
  StartingPosition,
  SystemLogLevel,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import type { Topic } from 'aws-cdk-lib/aws-sns';
import type { IQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import { Duration, Lazy, RemovalPolicy } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { env, masterSecretKey, prefixes } from '../shared/store/names.ts';
import { codeOf } from './code.ts';
import type { Data } from './data.ts';
import { DataKeyUse } from './dataKeyUse.ts';
import { changeable, type ItemKind, writingKeyActions } from './itemRights.ts';
import type { Settings } from './settings.ts';

export interface HouseFunctionProps {
  /** The folder under `functions/` that holds the handler. */
  readonly stage: string;
  readonly data: Data;
  readonly settings: Settings;
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  /** It answers requests: its log is kept for as long as audits need it. */
  readonly isAudited?: boolean;
  /** Instances of the live version that are kept warm. Default: 0. */
  readonly provisionedConcurrency?: number;
}

const root = fileURLToPath(new URL('..', import.meta.url));
const version: string = JSON.parse(readFileSync(`${root}package.json`, 'utf8')).version;

/** The stream keeps a record for 24 hours. A batch is given up a little earlier, so that a rebuild still learns its place. */
const recordAgeMax = Duration.minutes(23 * 60 + 30);

/** EventBridge keeps an event that no function took for no longer. */
const eventAgeMaxMinutes = 24 * 60;
const aliasName = 'live';

/**
 * Every Lambda function of the project. A new one may only write its own log. Each method below grants one right and sets the
 * environment variable that names the resource to the code.
 */
export class HouseFunction extends Construct {
  readonly stage: string;
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
  readonly role: Role;
  readonly function: LambdaFunctionResource;
  /** Callers invoke this alias. A deployment points it to a new version, a rollback points it back: old versions stay. */
  readonly alias: IFunction;
  private readonly data: Data;
  private readonly sendActions: string[];
  private readonly itemKinds = new Map<string, ReadonlySet<ItemKind>>();
  private readonly dataKeyUse: DataKeyUse;

  constructor(scope: Construct, id: string, props: HouseFunctionProps) {
    super(scope, id);
    this.stage = props.stage;
    this.timeoutSeconds = props.timeoutSeconds;
    this.memoryMb = props.memoryMb;
    this.data = props.data;
    this.sendActions = ['sqs:SendMessage', ...(props.settings.grantsBatchSend ? ['sqs:SendMessageBatch'] : [])];
    const logGroup = new LogGroup(this, 'Log', {
      retention: props.isAudited === true ? props.settings.auditLogRetentionDays : props.settings.logRetentionDays,
      encryptionKey: props.data.dataKey,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    this.dataKeyUse = new DataKeyUse(this.role, props.data.dataKey);
    this.allow('OwnLog', ['logs:CreateLogStream', 'logs:PutLogEvents'], [logGroup.logGroupArn]);
    const { [props.stage]: reserved } = props.settings.reservedConcurrency;
    this.function = new LambdaFunctionResource(this, 'Function', {
      description: `Aegis: ${props.stage}`,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      role: this.role,
      memorySize: props.memoryMb,
      timeout: Duration.seconds(props.timeoutSeconds),
      ...(reserved === undefined ? {} : { reservedConcurrentExecutions: reserved }),
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      systemLogLevelV2: SystemLogLevel.WARN,
      currentVersionOptions: { removalPolicy: RemovalPolicy.RETAIN },
      environment: { NODE_OPTIONS: '--enable-source-maps', [env.version]: version, [env.stage]: props.settings.stage },
      code: codeOf(this, props.stage),
      handler: 'index.handler',
    });
    // The classes of aws-cdk-lib leave optional properties undefined, which its own interfaces do not allow under exactOptionalPropertyTypes.
    this.alias = this.function.addAlias(
      aliasName,
      props.provisionedConcurrency ? { provisionedConcurrentExecutions: props.provisionedConcurrency } : {},
    ) as IFunction;
    this.alias.node.addDependency(this.role);
  }

  /** May get and query items of these kinds. */
  readsItems(...kinds: ItemKind[]): this {
    return this.items('Read', ['dynamodb:GetItem', 'dynamodb:Query'], kinds, ['kms:Decrypt']);
  }

  /** May get many items of these kinds in one request. */
  readsItemsAtOnce(...kinds: ItemKind[]): this {
    return this.items('ReadMany', ['dynamodb:BatchGetItem'], kinds, ['kms:Decrypt']);
  }

  /** May read the table from end to end: items of every kind, since a scan has no leading key that IAM could test. */
  scansItems(): this {
    return this.allow('ScanItems', ['dynamodb:Scan'], [this.data.table.tableArn]).usesDataKey('dynamodb', ['kms:Decrypt']);
  }

  /** May put items of these kinds. IAM cannot distinguish a new item from a replaced one; the conditions of the writes and the chain do. */
  putsItems(...kinds: ItemKind[]): this {
    return this.items('Put', ['dynamodb:PutItem'], kinds, writingKeyActions);
  }

  updatesItems(...kinds: ItemKind[]): this {
    return this.items('Update', ['dynamodb:UpdateItem'], changeable(this, 'updated', kinds), writingKeyActions);
  }

  deletesItems(...kinds: ItemKind[]): this {
    return this.items('Delete', ['dynamodb:DeleteItem'], changeable(this, 'deleted', kinds), writingKeyActions);
  }

  /** May check conditions on items of these kinds in a transaction. */
  checksItems(...kinds: ItemKind[]): this {
    return this.items('Check', ['dynamodb:ConditionCheckItem'], kinds, writingKeyActions);
  }

  sendsTo(name: string, queue: Queue, variable: string): this {
    this.set(variable, queue.queueUrl);
    this.allow(`SendTo${name}`, this.sendActions, [queue.queueArn]);
    return this.usesDataKey('sqs', ['kms:Decrypt', 'kms:GenerateDataKey']);
  }

  /** May read the length of a queue and the age of its oldest message. */
  watches(name: string, queue: Queue, variable: string): this {
    this.set(variable, queue.queueUrl);
    return this.allow(`Watch${name}`, ['sqs:GetQueueAttributes'], [queue.queueArn]);
  }

  publishesTo(name: string, topic: Topic, variable: string): this {
    this.set(variable, topic.topicArn);
    this.allow(`PublishTo${name}`, ['sns:Publish'], [topic.topicArn]);
    return this.usesDataKey('sns', ['kms:Decrypt', 'kms:GenerateDataKey']);
  }

  /** May get objects of the bucket by key. */
  readsObjects(name: string, bucket: Bucket, variable: string): this {
    this.set(variable, bucket.bucketName);
    this.allow(`Read${name}`, ['s3:GetObject'], [bucket.arnForObjects('*')]);
    return this.usesDataKey('s3', ['kms:Decrypt']);
  }

  listsObjects(name: string, bucket: Bucket, variable: string): this {
    this.set(variable, bucket.bucketName);
    return this.allow(`List${name}`, ['s3:ListBucket'], [bucket.bucketArn]);
  }

  /** May read the versions of the bucket's objects: of one under lock, that which was put first. */
  readsVersions(name: string, bucket: Bucket): this {
    return this.allow(`Read${name}Versions`, ['s3:GetObjectVersion'], [bucket.arnForObjects('*')]).allow(
      `List${name}Versions`,
      ['s3:ListBucketVersions'],
      [bucket.bucketArn],
    );
  }

  /** May write objects, and never delete them. */
  writesObjects(name: string, bucket: Bucket, variable: string): this {
    this.set(variable, bucket.bucketName);
    this.allow(`Write${name}`, ['s3:PutObject'], [bucket.arnForObjects('*')]);
    return this.usesDataKey('s3', ['kms:Decrypt', 'kms:GenerateDataKey']);
  }

  /** May delete objects of these folders, and nothing beside them. */
  deletesObjects(name: string, bucket: Bucket, variable: string, folders: readonly string[]): this {
    this.set(variable, bucket.bucketName);
    return this.allow(
      `Delete${name}`,
      ['s3:DeleteObject'],
      folders.map((folder) => bucket.arnForObjects(`${folder}*`)),
    );
  }

  /** May unwrap the master secret. */
  opensMasterSecret(): this {
    this.set(env.kmsKeyId, this.data.masterKey.keyArn);
    return this.allow('OpenMasterSecret', ['kms:Decrypt'], [this.data.masterKey.keyArn]);
  }

  /**
   * May unwrap the master secret, and make the first version: KMS gives it no key for a later one. IAM cannot tell a new item from a replaced
   * one; that it replaces none is the condition of the write.
   */
  createsMasterSecret(): this {
    this.set(env.table, this.data.table.tableName);
    return this.opensMasterSecret()
      .allow('CreateMasterSecret', ['kms:GenerateDataKey'], [this.data.masterKey.keyArn], {
        StringEqualsIfExists: { 'kms:EncryptionContext:version': '1' },
      })
      .allow('StoreMasterSecret', ['dynamodb:PutItem'], [this.data.table.tableArn], {
        'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [masterSecretKey(1).pk] },
      })
      .usesDataKey('dynamodb', writingKeyActions);
  }

  signsWith(key: IKey, variable: string): this {
    this.set(variable, key.keyArn);
    return this.allow('Sign', ['kms:Sign', 'kms:GetPublicKey'], [key.keyArn]);
  }

  /** May read the public key of a signing key. */
  verifiesWith(key: IKey, variable: string): this {
    this.set(variable, key.keyArn);
    return this.allow('Verify', ['kms:GetPublicKey'], [key.keyArn]);
  }

  /** Receives the queue's messages in batches and reports those that failed. */
  consumesQueue(queue: Queue, options: { readonly batchSize: number; readonly maxConcurrency: number }): EventSourceMapping {
    this.allow(
      'Consume',
      ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility', 'sqs:GetQueueAttributes'],
      [queue.queueArn],
    ).usesDataKey('sqs', ['kms:Decrypt']);
    return this.alias.addEventSourceMapping('Messages', {
      eventSourceArn: queue.queueArn,
      batchSize: options.batchSize,
      maxConcurrency: options.maxConcurrency,
      reportBatchItemFailures: true,
    });
  }

  /**
   * Receives the changes of the table's items that any of the patterns takes, in order. What fails is repeated until the record is about to
   * leave the stream; then its place is sent to `failures`. Other changes cause no call.
   */
  consumesStream(
    failures: Queue,
    options: { readonly patterns: readonly object[]; readonly batchSize: number },
  ): EventSourceMapping {
    const { table } = this.data;
    this.allow('Stream', ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator'], [table.tableStreamArn!])
      .allow('StreamNames', ['dynamodb:ListStreams'], [`${table.tableArn}/stream/*`])
      .usesDataKey('dynamodb', ['kms:Decrypt'])
      .mayReportTo(failures);
    const mapping = this.alias.addEventSourceMapping('Changes', {
      eventSourceArn: table.tableStreamArn!,
      startingPosition: StartingPosition.TRIM_HORIZON,
      filters: options.patterns.map((pattern) => FilterCriteria.filter({ ...pattern })),
      batchSize: options.batchSize,
      maxBatchingWindow: Duration.seconds(1),
      maxRecordAge: recordAgeMax,
      bisectBatchOnError: true,
      reportBatchItemFailures: true,
      onFailure: { bind: () => ({ destination: failures.queueArn }) },
    });
    // Repeats without limit, for which the construct has no option.
    (mapping.node.defaultChild as CfnEventSourceMapping).maximumRetryAttempts = -1;
    return mapping;
  }

  /** Runs on a schedule. A run that fails is repeated once, then sent to `failures`. */
  runsEvery(period: Duration, failures: Queue): this {
    new Rule(this, 'Schedule', {
      schedule: Schedule.rate(period),
      targets: [
        new LambdaFunction(this.alias, {
          retryAttempts: 1,
          maxEventAge: Duration.minutes(Math.min(period.toMinutes(), eventAgeMaxMinutes)),
          deadLetterQueue: failures as IQueue,
        }),
      ],
    });
    new EventInvokeConfig(this, 'Failing', {
      function: this.alias,
      qualifier: aliasName,
      retryAttempts: 1,
      onFailure: { bind: () => ({ destination: failures.queueArn }) },
    });
    return this.mayReportTo(failures);
  }

  /** Sets an environment variable. */
  told(variable: string, value: string): this {
    this.set(variable, value);
    return this;
  }

  private mayReportTo(failures: Queue): this {
    return this.allow('SendToFailures', ['sqs:SendMessage'], [failures.queueArn]).usesDataKey('sqs', [
      'kms:Decrypt',
      'kms:GenerateDataKey',
    ]);
  }

  private items(verb: string, actions: string[], kinds: readonly ItemKind[], keyActions: readonly string[]): this {
    this.set(env.table, this.data.table.tableName);
    const known = this.itemKinds.get(verb);
    this.itemKinds.set(verb, new Set([...(known ?? []), ...kinds]));
    if (known === undefined) {
      const leadingKeys = Lazy.list({ produce: () => [...this.itemKinds.get(verb)!].map((kind) => `${prefixes[kind]}*`) });
      this.allow(`${verb}Items`, actions, [this.data.table.tableArn], {
        'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': leadingKeys },
      });
    }
    return this.usesDataKey('dynamodb', keyActions);
  }

  private usesDataKey(service: string, actions: readonly string[]): this {
    this.dataKeyUse.allow(service, actions);
    return this;
  }

  private allow(sid: string, actions: string[], resources: string[], conditions: Record<string, unknown> = {}): this {
    this.role.addToPolicy(new PolicyStatement({ sid, effect: Effect.ALLOW, actions, resources, conditions }));
    return this;
  }

  private set(variable: string, value: string): void {
    this.function.addEnvironment(variable, value);
  }
}
