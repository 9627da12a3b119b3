import { randomUUID } from 'node:crypto';
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { emulatorCredentials, emulatorRegion, startDynoxide, startSqsAndS3 } from '../../local/emulators.ts';

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
  newQueue(options?: { readonly fifo?: boolean }): string;
  newBucket(): string;
  stop(): Promise<void>;
}> {
  const emulator = await startSqsAndS3();
  return {
    connection: connection(emulator.endpoint),
    newQueue({ fifo = false } = {}) {
      const name = `aegis-${randomUUID()}${fifo ? '.fifo' : ''}`;
      return emulator.server.createQueue(name, fifo ? { attributes: { FifoQueue: 'true' } } : {}).queueUrl;
    },
    newBucket: () => emulator.server.createBucket(`aegis-${randomUUID()}`).bucketName,
    stop: () => emulator.stop(),
  };
}
