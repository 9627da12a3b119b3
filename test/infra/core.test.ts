import { describe, expect, it } from 'vitest';
import { synthesizeTemplate } from '../../infra/template.ts';
import { env, expiryAttribute } from '../../shared/store/names.ts';
import { inspect, pointed } from './template.ts';

/** What AWS, LocalStack and MiniStack all take. */
const accepted = [
  'AWS::ApiGateway::Deployment',
  'AWS::ApiGateway::GatewayResponse',
  'AWS::ApiGateway::Method',
  'AWS::ApiGateway::Resource',
  'AWS::ApiGateway::RestApi',
  'AWS::ApiGateway::Stage',
  'AWS::CloudWatch::Alarm',
  'AWS::DynamoDB::Table',
  'AWS::Events::Rule',
  'AWS::IAM::Policy',
  'AWS::IAM::Role',
  'AWS::KMS::Alias',
  'AWS::KMS::Key',
  'AWS::Lambda::Alias',
  'AWS::Lambda::EventInvokeConfig',
  'AWS::Lambda::EventSourceMapping',
  'AWS::Lambda::Function',
  'AWS::Lambda::Permission',
  'AWS::Lambda::Version',
  'AWS::Logs::LogGroup',
  'AWS::S3::Bucket',
  'AWS::S3::BucketPolicy',
  'AWS::SNS::Subscription',
  'AWS::SNS::Topic',
  'AWS::SNS::TopicPolicy',
  'AWS::SQS::Queue',
  'AWS::SQS::QueuePolicy',
];

const core = inspect();

const { ofType, one, entries, statementsOf } = core;

describe('the core stack', () => {
  it('is made only of resource types that every target takes', () => {
    const { entries: everywhere } = inspect(synthesizeTemplate('prod', { gatewayLog: false }));
    expect([...new Set(everywhere.map(([, { Type }]) => Type))].filter((type) => !accepted.includes(type))).toEqual([]);
  });

  it.each(['ap-south-1', 'us-east-1'])('synthesizes for %s, and the template names no region or account', (region) => {
    const template = synthesizeTemplate('prod', { region });
    const lasting = ({ Resources }: typeof template) =>
      Object.keys(Resources).filter((id) => !/^ApiDeployment|CurrentVersion/.test(id));
    expect(lasting(template)).toEqual(lasting(core.template));
    expect(JSON.stringify(core.template)).not.toMatch(/ap-south-1|us-east-1|\b\d{12}\b/);
  });

  it('keeps the logical ids of what holds data, so that a deployment never replaces it', () => {
    const holding = ['AWS::DynamoDB::Table', 'AWS::S3::Bucket', 'AWS::KMS::Key'];
    const ids = entries.filter(([, { Type }]) => holding.includes(Type)).map(([id]) => id);
    expect(ids.sort()).toEqual([
      'DataArchiveBucket60F5BBA5',
      'DataCheckpointBucket44835904',
      'DataDataKeyCDD1A924',
      'DataMasterKeyB529036F',
      'DataModelBucket14BB63FB',
      'DataSigningKey6D86EA30',
      'DataTableFDBAD0F2',
    ]);
  });

  it('names in its outputs what a caller or an operator needs', () => {
    expect(Object.keys(core.template.Outputs ?? {})).toEqual(
      expect.arrayContaining(['ApiUrl', 'QueueUrl', 'DeadLetterUrl', 'TableName', 'ModelBucketName', 'ArchiveBucketName']),
    );
  });
});

describe('a first deployment that failed', () => {
  it('leaves nothing under a name that the second one needs', () => {
    const named = /^(TableName|BucketName|QueueName|TopicName|FunctionName|RoleName|LogGroupName|AliasName|DashboardName)$/;
    const outlasting = entries.filter(([, { DeletionPolicy }]) => DeletionPolicy === 'Retain' || DeletionPolicy === 'Snapshot');
    expect(outlasting.length).toBeGreaterThan(6);
    for (const [id, { Type, Properties = {} }] of outlasting) {
      // A version goes by its function's generated name and a number.
      if (Type === 'AWS::Lambda::Version') continue;
      expect(
        Object.keys(Properties).filter((name) => named.test(name)),
        id,
      ).toEqual([]);
    }
  });
});

describe('the data', () => {
  const [, table] = one('AWS::DynamoDB::Table', 'DataTable');

  it('stands in one table, paid per request, keyed by the strings pk and sk', () => {
    expect(table.Properties).toMatchObject({
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
      ],
    });
    expect(table.Properties!.GlobalSecondaryIndexes).toBeUndefined();
  });

  it('can be recovered to a point in time, expires by the shared attribute, and streams both images', () => {
    expect(table.Properties).toMatchObject({
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      TimeToLiveSpecification: { AttributeName: expiryAttribute, Enabled: true },
      StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
    });
  });

  it('is encrypted with the data key and protected from deletion', () => {
    expect(table.Properties).toMatchObject({
      DeletionProtectionEnabled: true,
      SSESpecification: { SSEEnabled: true, SSEType: 'KMS' },
    });
    expect(pointed((table.Properties!.SSESpecification as { KMSMasterKeyId: unknown }).KMSMasterKeyId)).toBe('DataDataKey.Arn');
  });

  it('outlives the stack: table, buckets and keys are retained on deletion and on replacement', () => {
    const holding = ['AWS::DynamoDB::Table', 'AWS::S3::Bucket', 'AWS::KMS::Key'].flatMap(ofType);
    expect(holding).toHaveLength(7);
    for (const resource of holding) {
      expect(resource).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    }
  });

  it('lies in buckets that are private, versioned and encrypted with the data key', () => {
    for (const bucket of ofType('AWS::S3::Bucket')) {
      expect(bucket.Properties).toMatchObject({
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
        VersioningConfiguration: { Status: 'Enabled' },
        BucketEncryption: { ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' } }] },
      });
    }
  });

  it('is reached over TLS 1.2 and newer alone', () => {
    for (const policy of ofType('AWS::S3::BucketPolicy')) {
      expect(statementsOf(policy)).toContainEqual(
        expect.objectContaining({ Effect: 'Deny', Condition: { NumericLessThan: { 's3:TlsVersion': 1.2 } } }),
      );
    }
    expect(ofType('AWS::S3::BucketPolicy')).toHaveLength(ofType('AWS::S3::Bucket').length);
  });

  it('can be deleted by nobody for seven years where it is a checkpoint, and by an erasure where it is not', () => {
    expect(one('AWS::S3::Bucket', 'DataCheckpointBucket')[1].Properties).toMatchObject({
      ObjectLockEnabled: true,
      ObjectLockConfiguration: {
        ObjectLockEnabled: 'Enabled',
        Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Days: 2557 } },
      },
    });
    for (const name of ['DataArchiveBucket', 'DataModelBucket'])
      expect(one('AWS::S3::Bucket', name)[1].Properties).not.toHaveProperty('ObjectLockEnabled');
  });

  it.each(['AWS::S3::BucketPolicy', 'AWS::SQS::QueuePolicy', 'AWS::SNS::TopicPolicy'])(
    'is refused over plain HTTP by every %s',
    (type) => {
      const policies = ofType(type);
      expect(policies.length).toBe(ofType(type.replace('Policy', '')).length);
      for (const policy of policies) {
        expect(statementsOf(policy)).toContainEqual(
          expect.objectContaining({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
        );
      }
    },
  );

  it('has keys that rotate, but for the signing key, which cannot', () => {
    expect(one('AWS::KMS::Key', 'DataDataKey')[1].Properties).toMatchObject({ EnableKeyRotation: true });
    expect(one('AWS::KMS::Key', 'DataMasterKey')[1].Properties).toMatchObject({ EnableKeyRotation: true });
    expect(one('AWS::KMS::Key', 'DataSigningKey')[1].Properties).toMatchObject({
      KeySpec: 'ECC_NIST_P256',
      KeyUsage: 'SIGN_VERIFY',
    });
  });
});

describe('the queue', () => {
  const [, queue] = one('AWS::SQS::Queue', 'IngestQueue');
  const [, score] = one('AWS::Lambda::Function', 'ScoreHandler');
  const mapping = ofType('AWS::Lambda::EventSourceMapping').find(
    (resource) => pointed(resource.Properties!.EventSourceArn) === 'IngestQueue.Arn',
  )!;

  it('hides a message for at least six timeouts of the score function', () => {
    expect(queue.Properties!.VisibilityTimeout).toBeGreaterThanOrEqual(6 * (score.Properties!.Timeout as number));
  });

  it('sends what keeps failing to the dead letters, which keep it longer, at the end of its retention and not before', () => {
    const { RedrivePolicy, VisibilityTimeout, MessageRetentionPeriod } = queue.Properties! as {
      readonly RedrivePolicy: { readonly deadLetterTargetArn: unknown; readonly maxReceiveCount: number };
      readonly VisibilityTimeout: number;
      readonly MessageRetentionPeriod: number;
    };
    expect(pointed(RedrivePolicy.deadLetterTargetArn)).toBe('IngestDeadLetters.Arn');
    const usedUpSeconds = RedrivePolicy.maxReceiveCount * VisibilityTimeout;
    expect(usedUpSeconds).toBeGreaterThan(0.8 * MessageRetentionPeriod);
    expect(usedUpSeconds).toBeLessThan(0.95 * MessageRetentionPeriod);
    expect(one('AWS::SQS::Queue', 'IngestDeadLetters')[1].Properties!.MessageRetentionPeriod).toBeGreaterThan(
      queue.Properties!.MessageRetentionPeriod as number,
    );
  });

  it('tells the score function where and for how long to hide what it could not decide', () => {
    const { Variables } = score.Properties!.Environment as { readonly Variables: Readonly<Record<string, unknown>> };
    expect(pointed(Variables[env.queueUrl])).toBe('IngestQueue');
    expect(Number(Variables[env.pauseSecondsMax])).toBe(2 * (queue.Properties!.VisibilityTimeout as number));
    expect(Number(Variables[env.giveUpSeconds])).toBe(0.9 * (queue.Properties!.MessageRetentionPeriod as number));
  });

  it('feeds the score function, which answers for each message of a batch', () => {
    expect(mapping.Properties).toMatchObject({
      BatchSize: 10,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 50 },
    });
    expect(pointed(mapping.Properties!.FunctionName)).toMatch(/^ScoreHandlerFunctionAliaslive:live$/);
  });

  it('is encrypted with the data key, like every other queue and topic', () => {
    for (const resource of [...ofType('AWS::SQS::Queue'), ...ofType('AWS::SNS::Topic')]) {
      expect(pointed(resource.Properties!.KmsMasterKeyId)).toMatch(/^DataDataKey(\.Arn)?$/);
    }
  });

  it('becomes FIFO by a setting, with dead letters of the same kind', () => {
    const fifo = inspect(synthesizeTemplate('prod', { queueKind: 'fifo' }));
    expect(queue.Properties!.FifoQueue).toBeUndefined();
    for (const id of ['IngestQueue', 'IngestDeadLetters']) {
      expect(fifo.one('AWS::SQS::Queue', id)[1].Properties!.FifoQueue).toBe(true);
    }
  });
});

describe('the stream', () => {
  it('is handed to project, halved when a call fails, tried until the stream is about to forget it, then set aside', () => {
    const mapping = ofType('AWS::Lambda::EventSourceMapping').find(
      (resource) => pointed(resource.Properties!.EventSourceArn) === 'DataTable.StreamArn',
    )!;
    expect(mapping.Properties).toMatchObject({
      BisectBatchOnFunctionError: true,
      MaximumRetryAttempts: -1,
      MaximumRecordAgeInSeconds: 23.5 * 3600,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      StartingPosition: 'TRIM_HORIZON',
    });
    const { Filters } = mapping.Properties!.FilterCriteria as { Filters: { Pattern: string }[] };
    expect(Filters.map(({ Pattern }) => JSON.parse(Pattern))).toEqual([
      { dynamodb: { Keys: { pk: { S: [{ prefix: 'D#' }, { prefix: 'A#' }, { prefix: 'R#' }, { prefix: 'B#' }] } } } },
    ]);
    const { OnFailure } = mapping.Properties!.DestinationConfig as { OnFailure: { Destination: unknown } };
    expect(pointed(OnFailure.Destination)).toBe('ProjectFailures.Arn');
    expect(pointed(mapping.Properties!.FunctionName)).toMatch(/^ProjectHandlerFunctionAliaslive:live$/);
  });
});

describe('the schedule', () => {
  const [, rule] = one('AWS::Events::Rule', 'TrainHandlerSchedule');

  it('calls compact every hour, under the same rule', () => {
    const [, hourly] = one('AWS::Events::Rule', 'CompactHandlerSchedule');
    const [target] = hourly.Properties!.Targets as { Arn: unknown; DeadLetterConfig: { Arn: unknown } }[];
    expect(hourly.Properties).toMatchObject({ ScheduleExpression: 'rate(1 hour)', State: 'ENABLED' });
    expect(pointed(target!.Arn)).toBe('CompactHandlerFunctionAliaslive');
    expect(pointed(target!.DeadLetterConfig.Arn)).toBe('ProjectFailures.Arn');
  });

  it('calls train every day, and sets aside what could not be delivered', () => {
    const [target] = rule.Properties!.Targets as { Arn: unknown; DeadLetterConfig: { Arn: unknown } }[];
    expect(rule.Properties).toMatchObject({ ScheduleExpression: 'rate(1 day)', State: 'ENABLED' });
    expect(pointed(target!.Arn)).toBe('TrainHandlerFunctionAliaslive');
    expect(pointed(target!.DeadLetterConfig.Arn)).toBe('ProjectFailures.Arn');
  });

  it('sets a run that failed twice aside', () => {
    const invoke = ofType('AWS::Lambda::EventInvokeConfig')[0]!.Properties as {
      MaximumRetryAttempts: number;
      DestinationConfig: { OnFailure: { Destination: unknown } };
    };
    expect(invoke.MaximumRetryAttempts).toBe(1);
    expect(pointed(invoke.DestinationConfig.OnFailure.Destination)).toBe('ProjectFailures.Arn');
  });
});
