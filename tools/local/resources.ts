import { CreateTableCommand, type CreateTableCommandInput, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateTopicCommand, SNSClient } from '@aws-sdk/client-sns';
import { CreateQueueCommand, GetQueueUrlCommand, SetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { emulatorCredentials, emulatorRegion } from './emulatorConnection.ts';
import { bucketName, queueName, type Resolver, tableName } from './intrinsics.ts';
import type { CloudFormationTemplate } from './template.ts';

export interface Endpoints {
  readonly dynamodb: string;
  /** SQS and S3. */
  readonly sqsAndS3: string;
}

type Properties = Readonly<Record<string, unknown>>;

/** Attributes of a queue that the emulator can honour. */
const queueAttributes = [
  'VisibilityTimeout',
  'MessageRetentionPeriod',
  'DelaySeconds',
  'FifoQueue',
  'ContentBasedDeduplication',
  'RedrivePolicy',
];

/**
 * Creates the template's tables, queues, topics and buckets in the emulators; what is there already stays as it is, its queues' attributes are set
 * again. The table gets no stream: the emulator slows down with every record in one.
 */
export const createResources = async (
  template: CloudFormationTemplate,
  resolver: Resolver,
  endpoints: Endpoints,
): Promise<void> => {
  const of = (type: string): [string, Properties][] =>
    Object.entries(template.Resources)
      .filter(([, resource]) => resource.Type === type)
      .map(([logicalId, { Properties = {} }]) => [logicalId, resolver.resolve(Properties) as Properties]);
  const connection = { region: emulatorRegion, credentials: emulatorCredentials };
  const dynamodb = new DynamoDBClient({ ...connection, endpoint: endpoints.dynamodb });
  const sqs = new SQSClient({ ...connection, endpoint: endpoints.sqsAndS3 });
  const s3 = new S3Client({ ...connection, endpoint: endpoints.sqsAndS3, forcePathStyle: true });
  const sns = new SNSClient({ ...connection, endpoint: endpoints.sqsAndS3 });
  try {
    for (const [logicalId, properties] of of('AWS::DynamoDB::Table'))
      await createTable(dynamodb, tableName(logicalId), properties);
    const queues = of('AWS::SQS::Queue').toSorted(([, a], [, b]) => Number('RedrivePolicy' in a) - Number('RedrivePolicy' in b));
    for (const [logicalId, properties] of queues) await createQueue(sqs, queueName(logicalId, properties), properties);
    for (const [logicalId] of of('AWS::SNS::Topic')) await sns.send(new CreateTopicCommand({ Name: logicalId }));
    for (const [logicalId] of of('AWS::S3::Bucket')) {
      await unlessThere(['BucketAlreadyOwnedByYou', 'BucketAlreadyExists'], () =>
        s3.send(new CreateBucketCommand({ Bucket: bucketName(logicalId) })),
      );
    }
  } finally {
    for (const client of [dynamodb, sqs, s3, sns]) client.destroy();
  }
};

const createTable = (client: DynamoDBClient, name: string, properties: Properties): Promise<void> =>
  unlessThere(['ResourceInUseException'], () =>
    client.send(
      new CreateTableCommand({
        TableName: name,
        KeySchema: properties.KeySchema,
        AttributeDefinitions: properties.AttributeDefinitions,
        BillingMode: properties.BillingMode,
        ...('GlobalSecondaryIndexes' in properties ? { GlobalSecondaryIndexes: properties.GlobalSecondaryIndexes } : {}),
      } as CreateTableCommandInput),
    ),
  );

const createQueue = async (client: SQSClient, name: string, properties: Properties): Promise<void> => {
  const attributes = Object.fromEntries(
    queueAttributes
      .filter((attribute) => attribute in properties)
      .map((attribute) => {
        const value = properties[attribute];
        return [attribute, typeof value === 'object' ? JSON.stringify(value) : String(value)];
      }),
  );
  try {
    const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName: name }));
    const { FifoQueue: _, ...changeable } = attributes;
    await client.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: changeable }));
  } catch (error) {
    if (!['QueueDoesNotExist', 'AWS.SimpleQueueService.NonExistentQueue'].includes((error as Error).name)) throw error;
    await client.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }));
  }
};

const unlessThere = async (names: readonly string[], create: () => Promise<unknown>): Promise<void> => {
  try {
    await create();
  } catch (error) {
    if (!names.includes((error as Error).name)) throw error;
  }
};
