import assert from 'node:assert/strict';
import {
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { KMSClient, SignCommand } from '@aws-sdk/client-kms';
import { InvokeCommand, LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { DeleteObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetQueueAttributesCommand, SendMessageCommand, SetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { services } from '../../shared/adapters/aws/services.ts';
import { decisionKey, defaultTenant, prefixes } from '../../shared/store/names.ts';
import { aegis, api, deadLetterWith, outputs, signedIn, until } from './deployed.ts';
import { assumed, type Credentials, lacking } from './roles.ts';
import { streamRecord } from './streamRecord.ts';

/**
 * Least privilege, proved where IAM is enforced. For every function: a granted action is taken away and the work that needs it fails, it
 * comes back and the work succeeds; and an action that is another function's is refused to its role's own credentials.
 */
const lambda = new LambdaClient({});
const table = outputs.TableName!;
/** Shorter than its own, so that a message uses up its receives while the test waits; longer than one try of the function. */
const shortVisibilitySeconds = 12;

const { key, client } = await signedIn();

const call = async (method: string, path: string, body?: unknown): Promise<number> => {
  const response = await fetch(`${api}${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  await response.arrayBuffer();
  return response.status;
};

let sent = 0;
const payment = () => ({
  transactionId: `grants-${++sent}`,
  userId: 'u_grants',
  accountId: 'a_grants',
  occurredAt: new Date().toISOString(),
  amountMinor: 100,
  currency: 'INR',
});

/** Calls a function as its event source would. `failed` counts an error and every record that it could not do. */
const invoke = async (stage: string, event: unknown): Promise<{ readonly failed: boolean; readonly said: string }> => {
  const { Functions = [] } = await lambda.send(new ListFunctionsCommand({}));
  const found = Functions.filter(({ FunctionName }) => FunctionName?.includes(`${stage}HandlerFunction`));
  assert.equal(found.length, 1, `functions of ${stage}: ${found.length}`);
  const { FunctionError, Payload } = await lambda.send(
    new InvokeCommand({ FunctionName: found[0]!.FunctionName, Qualifier: 'live', Payload: JSON.stringify(event) }),
  );
  const said = Payload === undefined ? '' : Buffer.from(Payload).toString();
  const { batchItemFailures = [] } = (JSON.parse(said || '{}') ?? {}) as { readonly batchItemFailures?: readonly unknown[] };
  return { failed: FunctionError !== undefined || batchItemFailures.length > 0, said };
};

const answered = async (status: Promise<number>): Promise<{ readonly failed: boolean; readonly said: string }> => {
  const code = await status;
  assert.ok(code < 300 || code >= 500, `answered ${code}`);
  return { failed: code >= 500, said: String(code) };
};

const webhookMessage = {
  Records: [
    {
      messageId: 'm',
      receiptHandle: 'none',
      body: JSON.stringify({
        tenant: defaultTenant,
        endpointId: 'none',
        messageId: 'none',
        type: 'decision.made',
        payload: '{}',
      }),
      attributes: { ApproximateReceiveCount: '1' },
    },
  ],
};

interface Probe {
  readonly stage: string;
  readonly actions: readonly string[];
  readonly work: () => Promise<{ readonly failed: boolean; readonly said: string }>;
}

const probes: readonly Probe[] = [
  {
    stage: 'Ingest',
    actions: ['sqs:SendMessage', 'sqs:SendMessageBatch'],
    work: () => answered(call('POST', '/transactions', payment())),
  },
  { stage: 'Decide', actions: ['dynamodb:PutItem'], work: () => answered(call('POST', '/decisions', payment())) },
  { stage: 'Decide', actions: ['dynamodb:GetItem'], work: () => answered(call('POST', '/decisions', payment())) },
  {
    stage: 'Read',
    actions: ['dynamodb:Query'],
    work: () => answered(call('GET', '/accounts/a_grants/audit?userId=u_grants')),
  },
  { stage: 'Read', actions: ['dynamodb:GetItem'], work: () => answered(call('GET', '/decisions/first-one')) },
  {
    stage: 'Review',
    actions: ['dynamodb:PutItem'],
    work: () => answered(call('POST', '/decisions/first-sync/review', { disposition: 'LEGITIMATE', note: `grants ${++sent}` })),
  },
  {
    stage: 'Admin',
    actions: ['dynamodb:PutItem'],
    work: async () => {
      const { data } = await client.GET('/policy');
      return answered(call('PUT', '/policy', { policy: data!.policy, status: 'draft' }));
    },
  },
  { stage: 'Project', actions: ['dynamodb:Query'], work: async () => invoke('Project', await streamRecord('first-one')) },
  { stage: 'Webhooks', actions: ['dynamodb:GetItem'], work: () => invoke('Webhooks', webhookMessage) },
  { stage: 'Compact', actions: ['s3:ListBucket'], work: () => invoke('Compact', {}) },
  { stage: 'Train', actions: ['s3:ListBucket'], work: () => invoke('Train', {}) },
  { stage: 'Checkpoint', actions: ['dynamodb:GetItem'], work: () => invoke('Checkpoint', {}) },
  { stage: 'Sweep', actions: ['dynamodb:GetItem'], work: () => invoke('Sweep', {}) },
];

/**
 * Score works on the queue alone: what it cannot do ends among the dead letters, and `aegis redrive` brings it back. The other probes run
 * meanwhile, so that this one asks table and queue, not the API.
 */
const scoreProbe = async (): Promise<void> => {
  const sqs = new SQSClient({});
  const QueueUrl = outputs.QueueUrl;
  // As deployed it would be tried for most of a day: here its first receive is its last.
  const { Attributes = {} } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['VisibilityTimeout', 'RedrivePolicy'] }),
  );
  const { VisibilityTimeout = '', RedrivePolicy = '' } = Attributes;
  const set = (changed: Record<string, string>) => sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: changed }));
  const body = { ...payment(), accountId: 'a_redriven' };
  await set({
    VisibilityTimeout: String(shortVisibilitySeconds),
    RedrivePolicy: JSON.stringify({ ...JSON.parse(RedrivePolicy), maxReceiveCount: 1 }),
  });
  try {
    await lacking('Score', ['dynamodb:PutItem'], async () => {
      assert.deepEqual(await services().queue.send([{ body: JSON.stringify(body), attributes: {} }]), [{ sent: true }]);
      await deadLetterWith((letter) => letter.body.includes(body.transactionId));
      assert.equal(await services().table.get(decisionKey(defaultTenant, body.transactionId)), null);
    });
  } finally {
    await set({ VisibilityTimeout, RedrivePolicy });
  }
  console.log('  ok  Score fails without dynamodb:PutItem: its message ends among the dead letters, undecided');
  // The test itself has just looked at the dead letters, which hides them for a second.
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  const said = await aegis('redrive');
  assert.match(said, /^[1-9]\d* moved, 0 left$/m);
  await until(
    'the redriven decision',
    () => call('GET', `/decisions/${body.transactionId}`),
    (status) => status === 200,
  );
  console.log(`  ok  aegis redrive brings it back with the grant restored, and it is decided (${said.trim()})`);
  await deadLetterWith((letter) => letter.body.includes('a payment of first') && letter.reason !== '');
  console.log('  ok  what can never be decided is among the dead letters again, with its reason');
  sqs.destroy();
};

await Promise.all([
  scoreProbe(),
  (async () => {
    for (const { stage, actions, work } of probes) {
      const granted = await work();
      assert.ok(!granted.failed, `${stage} fails with its grants whole: ${granted.said}`);
      const refused = await lacking(stage, actions, work);
      assert.ok(refused.failed, `${stage} works without ${actions.join(', ')}: ${refused.said}`);
      const restored = await work();
      assert.ok(!restored.failed, `${stage} fails with its grants restored: ${restored.said}`);
      console.log(`  ok  ${stage} fails without ${actions.join(', ')}, and works with it`);
    }
  })(),
]);

await lacking('Score', ['sns:Publish'], async () => {
  const body = '{"a poison of which nobody can be told":1}';
  const attributes = { ApproximateReceiveCount: '1', SentTimestamp: String(Date.now()) };
  const { failed, said } = await invoke('Score', {
    Records: [{ messageId: 'untold', receiptHandle: 'none', body, attributes, messageAttributes: {} }],
  });
  assert.ok(!failed, `Score gives back a dead letter that it cannot tell of: ${said}`);
  await deadLetterWith((letter) => letter.body === body && letter.reason !== '');
});
console.log('  ok  Score without sns:Publish tells nobody of a dead letter, which is safe all the same and comes not again');

const keyOf = (kind: keyof typeof prefixes) => ({ pk: { S: `${prefixes[kind]}foreign` }, sk: { S: 'foreign' } });
const withDynamo = (credentials: Credentials) => new DynamoDBClient({ credentials });

interface Foreign {
  readonly stage: string;
  readonly action: string;
  /** Kind of item that the role may read: what shows that its credentials are good. */
  readonly own: keyof typeof prefixes;
  readonly attempt: (credentials: Credentials) => Promise<unknown>;
}

const foreign: readonly Foreign[] = [
  {
    stage: 'Ingest',
    action: 'dynamodb:PutItem',
    own: 'key',
    attempt: (credentials) => withDynamo(credentials).send(new PutItemCommand({ TableName: table, Item: keyOf('decision') })),
  },
  {
    stage: 'Score',
    action: 'dynamodb:DeleteItem',
    own: 'state',
    attempt: (credentials) => withDynamo(credentials).send(new DeleteItemCommand({ TableName: table, Key: keyOf('decision') })),
  },
  {
    stage: 'Decide',
    action: 'sqs:SendMessage',
    own: 'state',
    attempt: (credentials) =>
      new SQSClient({ credentials }).send(new SendMessageCommand({ QueueUrl: outputs.QueueUrl, MessageBody: '{}' })),
  },
  {
    stage: 'Project',
    action: 'dynamodb:Scan',
    own: 'feed',
    attempt: (credentials) => withDynamo(credentials).send(new ScanCommand({ TableName: table, Limit: 1 })),
  },
  {
    stage: 'Webhooks',
    action: 'dynamodb:Scan',
    own: 'webhook',
    attempt: (credentials) => withDynamo(credentials).send(new ScanCommand({ TableName: table, Limit: 1 })),
  },
  {
    stage: 'Read',
    action: 'dynamodb:PutItem',
    own: 'decision',
    attempt: (credentials) => withDynamo(credentials).send(new PutItemCommand({ TableName: table, Item: keyOf('label') })),
  },
  {
    stage: 'Review',
    action: 'kms:Sign',
    own: 'review',
    attempt: (credentials) =>
      new KMSClient({ credentials }).send(
        new SignCommand({
          KeyId: outputs.SigningKeyArn,
          Message: Buffer.from('a forged checkpoint'),
          MessageType: 'RAW',
          SigningAlgorithm: 'ECDSA_SHA_256',
        }),
      ),
  },
  {
    stage: 'Admin',
    action: 'dynamodb:UpdateItem',
    own: 'policy',
    attempt: (credentials) => withDynamo(credentials).send(new UpdateItemCommand({ TableName: table, Key: keyOf('policy') })),
  },
  {
    stage: 'Compact',
    action: 's3:DeleteObject on an audit object',
    own: 'compaction',
    attempt: (credentials) =>
      new S3Client({ credentials, forcePathStyle: true }).send(
        new DeleteObjectCommand({ Bucket: outputs.ArchiveBucketName!, Key: 'audit/foreign' }),
      ),
  },
  {
    stage: 'Train',
    action: 's3:PutObject on the checkpoints',
    own: 'model',
    attempt: (credentials) => putObject(credentials, outputs.CheckpointBucketName!),
  },
  {
    stage: 'Checkpoint',
    action: 's3:PutObject on the archive',
    own: 'checkpoint',
    attempt: (credentials) => putObject(credentials, outputs.ArchiveBucketName!),
  },
  {
    stage: 'Sweep',
    action: 's3:PutObject on the checkpoints',
    own: 'checkpoint',
    attempt: (credentials) => putObject(credentials, outputs.CheckpointBucketName!),
  },
];

const putObject = (credentials: Credentials, Bucket: string) =>
  new S3Client({ credentials, forcePathStyle: true }).send(new PutObjectCommand({ Bucket, Key: 'foreign', Body: 'foreign' }));

for (const { stage, action, own, attempt } of foreign) {
  const credentials = await assumed(stage);
  await withDynamo(credentials).send(new GetItemCommand({ TableName: table, Key: keyOf(own) }));
  await assert.rejects(
    () => attempt(credentials),
    (error: Error) => /AccessDenied|not authorized/i.test(`${error.name} ${error.message}`),
    `${stage} may do ${action}`,
  );
  console.log(`  ok  ${stage} is refused ${action} with its role's own credentials`);
}
