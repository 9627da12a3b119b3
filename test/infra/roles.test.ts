import { describe, expect, it } from 'vitest';
import { synthesizeTemplate } from '../../infra/template.ts';
import { env, prefixes } from '../../shared/store/names.ts';
import { inspect, pointed, type Statement } from './template.ts';

/**
 * Every right of every function. A row reads: action, on what, under which condition. A change of a grant must be made here as well.
 */
const deciding = (stage: string): string[] => [
  ...always(stage),
  'dynamodb:GetItem DataTable.Arn keys S# D# A# P# L# M# O# X# G# F#',
  'dynamodb:Query DataTable.Arn keys S# D# A# P# L# M# O# X# G# F#',
  'dynamodb:UpdateItem DataTable.Arn keys G#',
  'dynamodb:PutItem DataTable.Arn keys S# D# A#',
  'dynamodb:PutItem DataTable.Arn keys X#master',
  'kms:Decrypt DataDataKey.Arn via dynamodb',
  'kms:Encrypt DataDataKey.Arn via dynamodb',
  'kms:GenerateDataKey DataDataKey.Arn via dynamodb',
  'kms:Decrypt DataMasterKey.Arn',
  'kms:GenerateDataKey DataMasterKey.Arn for version 1',
  's3:GetObject DataModelBucket.Arn/*',
  'kms:Decrypt DataDataKey.Arn via s3',
];

const always = (stage: string): string[] => [
  `logs:CreateLogStream ${stage}HandlerLog.Arn`,
  `logs:PutLogEvents ${stage}HandlerLog.Arn`,
];

const writesTable = ['kms:Decrypt', 'kms:Encrypt', 'kms:GenerateDataKey'].map(
  (action) => `${action} DataDataKey.Arn via dynamodb`,
);

const rights: Readonly<Record<string, readonly string[]>> = {
  Ingest: [
    ...always('Ingest'),
    'dynamodb:GetItem DataTable.Arn keys K#',
    'dynamodb:Query DataTable.Arn keys K#',
    'kms:Decrypt DataDataKey.Arn via dynamodb',
    'sqs:SendMessage IngestQueue.Arn',
    'kms:Decrypt DataDataKey.Arn via sqs',
    'kms:GenerateDataKey DataDataKey.Arn via sqs',
  ],
  Score: [
    ...deciding('Score').map((right) =>
      right.replace(/(GetItem|Query|PutItem)(.* S# .*)$/, '$1$2 N#').replace(/(UpdateItem.*)$/, '$1 N#'),
    ),
    'dynamodb:BatchGetItem DataTable.Arn keys S#',
    'sns:Publish AlarmsDeadLetterTopic',
    'kms:Decrypt DataDataKey.Arn via sns',
    'kms:GenerateDataKey DataDataKey.Arn via sns',
    'sqs:SendMessage IngestDeadLetters.Arn',
    'sqs:ReceiveMessage IngestQueue.Arn',
    'sqs:DeleteMessage IngestQueue.Arn',
    'sqs:ChangeMessageVisibility IngestQueue.Arn',
    'sqs:GetQueueAttributes IngestQueue.Arn',
    'kms:Decrypt DataDataKey.Arn via sqs',
    'kms:GenerateDataKey DataDataKey.Arn via sqs',
  ],
  Decide: deciding('Decide').map((right) => right.replace(/(GetItem|Query)(.*)$/, '$1$2 K#')),
  Project: [
    ...always('Project'),
    'dynamodb:GetItem DataTable.Arn keys F# C# R# W# N# P# J# M# A# I# X#',
    'dynamodb:Query DataTable.Arn keys F# C# R# W# N# P# J# M# A# I# X#',
    'dynamodb:BatchGetItem DataTable.Arn keys I#',
    'dynamodb:PutItem DataTable.Arn keys F# R# T# N# J# U# M# I#',
    'kms:Decrypt DataMasterKey.Arn',
    'dynamodb:DeleteItem DataTable.Arn keys R#',
    'dynamodb:ConditionCheckItem DataTable.Arn keys B#',
    'dynamodb:UpdateItem DataTable.Arn keys C# N#',
    ...writesTable,
    's3:PutObject DataArchiveBucket.Arn/*',
    'kms:Decrypt DataDataKey.Arn via s3',
    'kms:GenerateDataKey DataDataKey.Arn via s3',
    'dynamodb:DescribeStream DataTable.StreamArn',
    'dynamodb:GetRecords DataTable.StreamArn',
    'dynamodb:GetShardIterator DataTable.StreamArn',
    'dynamodb:ListStreams DataTable.Arn/stream/*',
    'sqs:SendMessage WebhooksQueue.Arn',
    'sqs:SendMessage ProjectFailures.Arn',
    'kms:Decrypt DataDataKey.Arn via sqs',
    'kms:GenerateDataKey DataDataKey.Arn via sqs',
    'sns:Publish ProjectDecisionAlerts',
    'sns:Publish ProjectDegradedAlerts',
    'kms:Decrypt DataDataKey.Arn via sns',
    'kms:GenerateDataKey DataDataKey.Arn via sns',
  ],
  Read: [
    ...always('Read'),
    'dynamodb:GetItem DataTable.Arn keys S# D# A# F# C# R# B# P# L# M# K# O# X# E# T# U# G# I#',
    'dynamodb:Query DataTable.Arn keys S# D# A# F# C# R# B# P# L# M# K# O# X# E# T# U# G# I#',
    'dynamodb:BatchGetItem DataTable.Arn keys D# I#',
    'kms:Decrypt DataDataKey.Arn via dynamodb',
    'kms:Decrypt DataMasterKey.Arn',
    's3:GetObject DataModelBucket.Arn/*',
    's3:GetObject DataArchiveBucket.Arn/*',
    's3:ListBucket DataArchiveBucket.Arn',
    's3:GetObject DataCheckpointBucket.Arn/*',
    's3:ListBucket DataCheckpointBucket.Arn',
    's3:GetObjectVersion DataCheckpointBucket.Arn/*',
    's3:ListBucketVersions DataCheckpointBucket.Arn',
    'kms:GetPublicKey DataSigningKey.Arn',
    'kms:Decrypt DataDataKey.Arn via s3',
    'sqs:GetQueueAttributes IngestQueue.Arn',
  ],
  Review: [
    ...always('Review'),
    'dynamodb:GetItem DataTable.Arn keys K# S# D# A# B# R# M# X# P#',
    'dynamodb:Query DataTable.Arn keys K# S# D# A# B# R# M# X# P#',
    'dynamodb:BatchGetItem DataTable.Arn keys G#',
    'dynamodb:UpdateItem DataTable.Arn keys G# C#',
    'dynamodb:PutItem DataTable.Arn keys S# A# B# R# M#',
    'dynamodb:ConditionCheckItem DataTable.Arn keys R#',
    'dynamodb:DeleteItem DataTable.Arn keys R#',
    ...writesTable,
    'kms:Decrypt DataMasterKey.Arn',
  ],
  Webhooks: [
    ...always('Webhooks'),
    'dynamodb:GetItem DataTable.Arn keys W# Q#',
    'dynamodb:Query DataTable.Arn keys W# Q#',
    'dynamodb:PutItem DataTable.Arn keys Q#',
    'dynamodb:DeleteItem DataTable.Arn keys Q#',
    ...writesTable,
    'sqs:ReceiveMessage WebhooksQueue.Arn',
    'sqs:DeleteMessage WebhooksQueue.Arn',
    'sqs:ChangeMessageVisibility WebhooksQueue.Arn',
    'sqs:GetQueueAttributes WebhooksQueue.Arn',
    'kms:Decrypt DataDataKey.Arn via sqs',
  ],
  Admin: [
    ...always('Admin'),
    'dynamodb:GetItem DataTable.Arn keys K# P# L# A#',
    'dynamodb:Query DataTable.Arn keys K# P# L# A#',
    'dynamodb:PutItem DataTable.Arn keys P# L# A#',
    'dynamodb:DeleteItem DataTable.Arn keys L#',
    ...writesTable,
  ],
  Compact: [
    ...always('Compact'),
    'dynamodb:GetItem DataTable.Arn keys Z#',
    'dynamodb:Query DataTable.Arn keys Z#',
    'dynamodb:PutItem DataTable.Arn keys Z#',
    ...writesTable,
    's3:GetObject DataArchiveBucket.Arn/*',
    's3:ListBucket DataArchiveBucket.Arn',
    's3:PutObject DataArchiveBucket.Arn/*',
    's3:DeleteObject DataArchiveBucket.Arn/features/*',
    's3:DeleteObject DataArchiveBucket.Arn/parquet/*',
    'kms:Decrypt DataDataKey.Arn via s3',
    'kms:GenerateDataKey DataDataKey.Arn via s3',
    'sqs:SendMessage ProjectFailures.Arn',
    'kms:Decrypt DataDataKey.Arn via sqs',
    'kms:GenerateDataKey DataDataKey.Arn via sqs',
  ],
  Train: [
    ...always('Train'),
    'dynamodb:GetItem DataTable.Arn keys O# A# Z#',
    'dynamodb:Query DataTable.Arn keys O# A# Z#',
    'dynamodb:PutItem DataTable.Arn keys O# A#',
    ...writesTable,
    's3:GetObject DataArchiveBucket.Arn/*',
    's3:ListBucket DataArchiveBucket.Arn',
    's3:GetObject DataModelBucket.Arn/*',
    's3:PutObject DataModelBucket.Arn/*',
    'kms:Decrypt DataDataKey.Arn via s3',
    'kms:GenerateDataKey DataDataKey.Arn via s3',
    'sqs:SendMessage ProjectFailures.Arn',
    'kms:Decrypt DataDataKey.Arn via sqs',
    'kms:GenerateDataKey DataDataKey.Arn via sqs',
  ],
  Checkpoint: [
    ...always('Checkpoint'),
    'dynamodb:GetItem DataTable.Arn keys T# O# N# P#',
    'dynamodb:Query DataTable.Arn keys T# O# N# P#',
    'dynamodb:PutItem DataTable.Arn keys T# N#',
    'dynamodb:UpdateItem DataTable.Arn keys T# N#',
    'dynamodb:DeleteItem DataTable.Arn keys T#',
    'sns:Publish AlarmsModelTopic',
    'sns:Publish AlarmsVerifierTopic',
    'kms:Decrypt DataDataKey.Arn via sns',
    'kms:GenerateDataKey DataDataKey.Arn via sns',
    ...writesTable,
    's3:GetObject DataCheckpointBucket.Arn/*',
    's3:ListBucket DataCheckpointBucket.Arn',
    's3:GetObjectVersion DataCheckpointBucket.Arn/*',
    's3:ListBucketVersions DataCheckpointBucket.Arn',
    's3:PutObject DataCheckpointBucket.Arn/*',
    'kms:Decrypt DataDataKey.Arn via s3',
    'kms:GenerateDataKey DataDataKey.Arn via s3',
    'kms:Sign DataSigningKey.Arn',
    'kms:GetPublicKey DataSigningKey.Arn',
    'sqs:SendMessage ProjectFailures.Arn',
    'kms:Decrypt DataDataKey.Arn via sqs',
    'kms:GenerateDataKey DataDataKey.Arn via sqs',
  ],
  Sweep: [
    ...always('Sweep'),
    'dynamodb:GetItem DataTable.Arn keys T# A# S#',
    'dynamodb:Query DataTable.Arn keys T# A# S#',
    'dynamodb:BatchGetItem DataTable.Arn keys A# S#',
    'dynamodb:Scan DataTable.Arn',
    'dynamodb:PutItem DataTable.Arn keys T#',
    'dynamodb:UpdateItem DataTable.Arn keys T#',
    ...writesTable,
    's3:GetObject DataCheckpointBucket.Arn/*',
    's3:ListBucket DataCheckpointBucket.Arn',
    's3:GetObjectVersion DataCheckpointBucket.Arn/*',
    's3:ListBucketVersions DataCheckpointBucket.Arn',
    'kms:Decrypt DataDataKey.Arn via s3',
    'sqs:SendMessage ProjectFailures.Arn',
    'kms:Decrypt DataDataKey.Arn via sqs',
    'kms:GenerateDataKey DataDataKey.Arn via sqs',
  ],
};

const { ofType, one, statementsOf, entries } = inspect();

/** Of all but the gateway, whose one role writes its log by the policy that AWS keeps for that. */
const roles = entries.filter(([id, { Type }]) => Type === 'AWS::IAM::Role' && !id.startsWith('ApiCloudWatchRole'));

const spelled = (statement: Statement): string[] =>
  [statement.Action]
    .flat()
    .flatMap((action) =>
      [statement.Resource].flat().map((resource) => [action, pointed(resource), ...conditions(statement)].join(' ')),
    );

const conditions = (statement: Statement): string[] =>
  Object.entries(statement.Condition ?? {}).map(([operator, test]) => {
    const [name, value] = Object.entries(test)[0]!;
    if (operator === 'ForAllValues:StringLike' && name === 'dynamodb:LeadingKeys') {
      return `keys ${(value as string[]).map((pattern) => pattern.replace(/\*$/, '')).join(' ')}`;
    }
    if (operator === 'StringEqualsIfExists' && name === 'kms:EncryptionContext:version') return `for version ${value}`;
    if (operator === 'StringEquals' && name === 'kms:ViaService') return `via ${pointed(value).split('.')[0]}`;
    throw new Error(`unexpected condition ${operator} ${name}`);
  });

describe('the role of each function', () => {
  it.each(Object.keys(rights))('%s may do what its row says and nothing else', (stage) => {
    const [, policy] = one('AWS::IAM::Policy', `${stage}Handler`);
    const given = statementsOf(policy).flatMap(spelled);
    expect([...new Set(given)].sort()).toEqual([...rights[stage]!].sort());
  });

  it('exists for every function, one each, and no function is left out of the table', () => {
    const stages = entries.filter(([, { Type }]) => Type === 'AWS::Lambda::Function').map(([id]) => id.replace(/Handler.*/, ''));
    expect(stages.sort()).toEqual(Object.keys(rights).sort());
    expect(roles).toHaveLength(stages.length);
    expect(ofType('AWS::IAM::Policy')).toHaveLength(stages.length);
  });

  it('holds no managed policy, and only Lambda may take it', () => {
    for (const [, role] of roles) {
      expect(role.Properties!.ManagedPolicyArns).toBeUndefined();
      expect(role.Properties!.AssumeRolePolicyDocument).toMatchObject({
        Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' } }],
      });
    }
  });

  it('holds no wildcard action and no wildcard resource but the objects of one bucket and the streams of the table', () => {
    for (const statement of ofType('AWS::IAM::Policy').flatMap(statementsOf)) {
      for (const action of [statement.Action].flat()) expect(action).not.toContain('*');
      for (const resource of [statement.Resource].flat().map(pointed)) {
        expect(
          resource.replace(
            /^Data(Model|Archive|Checkpoint)Bucket\.Arn\/(features\/|parquet\/)?\*$|^DataTable\.Arn\/stream\/\*$/,
            '',
          ),
        ).not.toContain('*');
      }
    }
  });

  it('lets compact alone delete objects, and none of the audit', () => {
    const deleting = ofType('AWS::IAM::Policy')
      .flatMap(statementsOf)
      .filter(({ Action }) => [Action].flat().includes('s3:DeleteObject'));
    expect(deleting.flatMap(({ Resource }) => [Resource].flat().map(pointed))).toEqual([
      'DataArchiveBucket.Arn/features/*',
      'DataArchiveBucket.Arn/parquet/*',
    ]);
  });

  it('lets no function change, remove or write in bulk what stands in the audit', () => {
    const rewriting = ['dynamodb:UpdateItem', 'dynamodb:DeleteItem'];
    const never = ['dynamodb:BatchWriteItem', 'dynamodb:PartiQLUpdate', 'dynamodb:PartiQLDelete', 'dynamodb:PartiQLInsert'];
    for (const statement of ofType('AWS::IAM::Policy').flatMap(statementsOf)) {
      const actions = [statement.Action].flat();
      expect(actions.filter((action) => never.includes(action))).toEqual([]);
      if (!actions.some((action) => rewriting.includes(action))) continue;
      const keys = statement.Condition!['ForAllValues:StringLike']!['dynamodb:LeadingKeys'] as string[];
      expect(keys.length).toBeGreaterThan(0);
      for (const key of keys) expect(key.startsWith(prefixes.audit)).toBe(false);
    }
  });
});

it('lets sweep alone read the table from end to end', () => {
  const scanning = entries.filter(
    ([, resource]) =>
      resource.Type === 'AWS::IAM::Policy' &&
      statementsOf(resource).some(({ Action }) => [Action].flat().includes('dynamodb:Scan')),
  );
  expect(scanning.map(([id]) => id.replace(/Handler.*/, ''))).toEqual(['Sweep']);
});

describe('with hotDays', () => {
  it('the project function may put audit rows, which gives archived ones their expiry, and nothing else changes', () => {
    const hot = inspect(synthesizeTemplate('prod', { hotDays: 30 }));
    const [, policy] = hot.one('AWS::IAM::Policy', 'ProjectHandler');
    const given = hot.statementsOf(policy).flatMap(spelled);
    const expected = rights.Project!.map((right) => right.replace('PutItem DataTable.Arn keys F# R# T# N# J# U# M# I#', '$& A#'));
    expect([...new Set(given)].sort()).toEqual([...expected].sort());
    const [, fn] = hot.one('AWS::Lambda::Function', 'ProjectHandler');
    expect(fn.Properties!.Environment).toMatchObject({ Variables: { [env.hotDays]: '30' } });
  });
  it('left out, rows stay for ever: no function is told of any days', () => {
    for (const fn of ofType('AWS::Lambda::Function')) expect(JSON.stringify(fn)).not.toContain(env.hotDays);
  });
});
