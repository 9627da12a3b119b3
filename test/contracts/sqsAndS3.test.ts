import { DeleteMessageCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll } from 'vitest';
import { s3Objects } from '../../shared/adapters/aws/objects.ts';
import { sqsQueue } from '../../shared/adapters/aws/queue.ts';
import type { QueueMessage } from '../../shared/ports/ports.ts';
import { queueAndObjectEmulator } from '../support/emulators.ts';
import { objectStoreBehaviour } from './objects.ts';
import { queueBehaviour } from './queue.ts';

let emulator: Awaited<ReturnType<typeof queueAndObjectEmulator>>;
let client: SQSClient;
const opened: { close(): void }[] = [];
const receivesMax = 100;

beforeAll(async () => {
  emulator = await queueAndObjectEmulator();
  client = new SQSClient(emulator.connection);
});

afterAll(async () => {
  for (const one of opened) one.close();
  client.destroy();
  await emulator.stop();
});

// The emulator has no versions: what S3 answers of them is in test/shared/adapters/aws/objectVersions.test.ts.
objectStoreBehaviour('S3', async () => {
  const store = s3Objects({ ...emulator.connection, bucket: await emulator.newBucket() });
  opened.push(store);
  return store;
});

queueBehaviour('SQS', async ({ fifo }) => {
  const url = await emulator.newQueue({ fifo });
  const queue = sqsQueue({ ...emulator.connection, url });
  opened.push(queue);
  return {
    queue,
    async drain() {
      const found: QueueMessage[] = [];
      for (let receives = 0; receives < receivesMax; receives += 1) {
        const { Messages = [] } = await client.send(
          new ReceiveMessageCommand({
            QueueUrl: url,
            MaxNumberOfMessages: 10,
            MessageAttributeNames: ['All'],
            MessageSystemAttributeNames: ['MessageGroupId'],
          }),
        );
        if (Messages.length === 0) return found;
        for (const message of Messages) {
          const attributes = Object.fromEntries(
            Object.entries(message.MessageAttributes ?? {}).map(([name, { StringValue }]) => [name, StringValue ?? '']),
          );
          const group = message.Attributes?.MessageGroupId;
          found.push({ body: message.Body ?? '', attributes, ...(group === undefined ? {} : { group }) });
          await client.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: message.ReceiptHandle }));
        }
      }
      throw new Error(`the queue was not empty after ${receivesMax} receives`);
    },
  };
});
