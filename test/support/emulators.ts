import { randomUUID } from 'node:crypto';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { emulatorCredentials, emulatorRegion } from '../../tools/local/emulatorConnection.ts';
import { startDynoxide, startSqsAndS3 } from '../../tools/local/emulators.ts';

/** Options that point an adapter at an emulator. */
export interface EmulatorConnection {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: typeof emulatorCredentials;
}

const connection = (endpoint: string): EmulatorConnection => ({
  endpoint,
  region: emulatorRegion,
  credentials: emulatorCredentials,
});

/** A DynamoDB emulator on a free port, in memory; `newTable` makes an empty table of the project's shape and returns its name. */
export async function dynamoEmulator(): Promise<{
  readonly connection: EmulatorConnection;
  newTable(): Promise<string>;
  stop(): Promise<void>;
}> {
  const emulator = await startDynoxide();
  const client = new DynamoDBClient(connection(emulator.endpoint));
  return {
    connection: connection(emulator.endpoint),
    async newTable() {
      const name = `aegis-${randomUUID()}`;
      await client.send(
        new CreateTableCommand({
          TableName: name,
          BillingMode: 'PAY_PER_REQUEST',
          AttributeDefinitions: [
            { AttributeName: 'pk', AttributeType: 'S' },
            { AttributeName: 'sk', AttributeType: 'S' },
          ],
          KeySchema: [
            { AttributeName: 'pk', KeyType: 'HASH' },
            { AttributeName: 'sk', KeyType: 'RANGE' },
          ],
        }),
      );
      return name;
    },
    async stop() {
      client.destroy();
      await emulator.stop();
    },
  };
}

/** SQS and S3 emulators on one free port, in memory. */
export async function queueAndObjectEmulator(): Promise<{
  readonly connection: EmulatorConnection;
  /** Returns the queue's URL. */
  newQueue(options?: { readonly fifo?: boolean }): Promise<string>;
  newBucket(): Promise<string>;
  stop(): Promise<void>;
}> {
  const emulator = await startSqsAndS3();
  const sqs = new SQSClient(connection(emulator.endpoint));
  const s3 = new S3Client({ ...connection(emulator.endpoint), forcePathStyle: true });
  return {
    connection: connection(emulator.endpoint),
    async newQueue({ fifo = false } = {}) {
      const QueueName = `aegis-${randomUUID()}${fifo ? '.fifo' : ''}`;
      const command = new CreateQueueCommand({ QueueName, ...(fifo ? { Attributes: { FifoQueue: 'true' } } : {}) });
      return (await sqs.send(command)).QueueUrl!;
    },
    async newBucket() {
      const Bucket = `aegis-${randomUUID()}`;
      await s3.send(new CreateBucketCommand({ Bucket }));
      return Bucket;
    },
    async stop() {
      sqs.destroy();
      s3.destroy();
      await emulator.stop();
    },
  };
}
