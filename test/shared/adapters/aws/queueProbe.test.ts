import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sqsQueue } from '../../../../shared/adapters/aws/queue.ts';
import { queueProbe, unfinished } from '../../../../shared/adapters/aws/queueProbe.ts';
import { queueAndObjectEmulator } from '../../../support/emulators.ts';

let emulator: Awaited<ReturnType<typeof queueAndObjectEmulator>>;

beforeAll(async () => {
  emulator = await queueAndObjectEmulator();
});

afterAll(() => emulator.stop());

it('tells how many messages wait', async () => {
  const url = await emulator.newQueue();
  const waiting = queueProbe({ ...emulator.connection, url });
  expect(await waiting()).toBe(0);
  const queue = sqsQueue({ ...emulator.connection, url });
  await queue.send([1, 2, 3].map((body) => ({ body: String(body), attributes: {} })));
  queue.close();
  expect(await waiting()).toBe(3);
});

it('counts those too that somebody works on, when all are asked for', async () => {
  const url = await emulator.newQueue();
  const queue = sqsQueue({ ...emulator.connection, url });
  await queue.send([1, 2, 3].map((body) => ({ body: String(body), attributes: {} })));
  queue.close();
  const client = new SQSClient(emulator.connection);
  await client.send(new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 2, VisibilityTimeout: 60 }));
  client.destroy();
  expect(await queueProbe({ ...emulator.connection, url })()).toBe(1);
  expect(await queueProbe({ ...emulator.connection, url }, unfinished)()).toBe(3);
});

it('throws when the queue cannot be asked', async () => {
  const url = await emulator.newQueue();
  await expect(queueProbe({ ...emulator.connection, url: `${url}-gone` })()).rejects.toThrow();
});
