import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ReceiveMessageCommand, SendMessageBatchCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { moveMessages, redrive } from '../../../tools/aws/redrive.ts';
import { queueAndObjectEmulator } from '../../support/emulators.ts';

let emulator: Awaited<ReturnType<typeof queueAndObjectEmulator>>;
let client: SQSClient;

beforeAll(async () => {
  emulator = await queueAndObjectEmulator();
  client = new SQSClient(emulator.connection);
});
afterAll(async () => {
  client.destroy();
  await emulator.stop();
});

const bodiesOf = async (url: string): Promise<[string, string[]][]> => {
  const found: [string, string[]][] = [];
  for (;;) {
    const { Messages = [] } = await client.send(
      new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'] }),
    );
    if (Messages.length === 0) return found.sort();
    found.push(
      ...Messages.map(({ Body, MessageAttributes = {} }): [string, string[]] => [Body!, Object.keys(MessageAttributes)]),
    );
  }
};

describe('moving messages between queues', () => {
  it('takes those that are wanted, with the attributes that are kept, and leaves the others to be seen at once', async () => {
    const [fromUrl, toUrl] = [await emulator.newQueue(), await emulator.newQueue()];
    for (let i = 0; i < 12; i++) {
      const attribute = { DataType: 'String', StringValue: 'x' };
      await client.send(
        new SendMessageCommand({
          QueueUrl: fromUrl,
          MessageBody: `m${String(i).padStart(2, '0')}`,
          MessageAttributes: { tenant: attribute, reason: attribute },
        }),
      );
    }
    const moving = { ...emulator.connection, fromUrl, toUrl };
    const result = await moveMessages({
      ...moving,
      isWanted: ({ body, attributes }) => attributes.tenant === 'x' && body !== 'm03',
      isKept: (name) => name === 'tenant',
    });
    expect(result).toEqual({ moved: 11, left: 1 });
    const moved = await bodiesOf(toUrl);
    expect(moved.map(([body]) => body)).toEqual(
      Array.from({ length: 12 }, (_, i) => `m${String(i).padStart(2, '0')}`).filter((body) => body !== 'm03'),
    );
    expect(new Set(moved.map(([, names]) => names.join()))).toEqual(new Set(['tenant']));
    expect(await bodiesOf(fromUrl)).toEqual([['m03', expect.any(Array)]]);
  });

  it('moves more than one batch at a time, all of it', async () => {
    const [fromUrl, toUrl] = [await emulator.newQueue(), await emulator.newQueue()];
    const bodies = Array.from({ length: 250 }, (_, i) => `n${String(i).padStart(3, '0')}`);
    for (let from = 0; from < bodies.length; from += 10)
      await client.send(
        new SendMessageBatchCommand({
          QueueUrl: fromUrl,
          Entries: bodies.slice(from, from + 10).map((MessageBody, i) => ({ Id: String(i), MessageBody })),
        }),
      );
    expect(await moveMessages({ ...emulator.connection, fromUrl, toUrl })).toEqual({ moved: 250, left: 0 });
    expect((await bodiesOf(toUrl)).map(([body]) => body)).toEqual(bodies);
    expect(await bodiesOf(fromUrl)).toEqual([]);
  });

  it('moves messages that are together larger than one call may be', async () => {
    const [fromUrl, toUrl] = [await emulator.newQueue(), await emulator.newQueue()];
    for (const letter of ['a', 'b', 'c'])
      await client.send(new SendMessageCommand({ QueueUrl: fromUrl, MessageBody: letter.repeat(200_000) }));
    expect(await moveMessages({ ...emulator.connection, fromUrl, toUrl })).toEqual({ moved: 3, left: 0 });
    expect(await bodiesOf(toUrl)).toHaveLength(3);
  });

  it('moves nothing from an empty queue', async () => {
    const moving = { ...emulator.connection, fromUrl: await emulator.newQueue(), toUrl: await emulator.newQueue() };
    expect(await moveMessages({ ...moving, isWanted: () => true })).toEqual({ moved: 0, left: 0 });
  });
});

/** SQS as far as a move task needs it: the answers to the looks at the task, one after the other. */
const withTasks = async <Result>(
  looks: readonly object[],
  use: (endpoint: string, asked: readonly [string, unknown][]) => Promise<Result>,
) => {
  const asked: [string, unknown][] = [];
  const left = [...looks];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const action = String(request.headers['x-amz-target']).replace('AmazonSQS.', '');
      const body = JSON.parse(Buffer.concat(chunks).toString()) as { readonly QueueUrl?: string };
      asked.push([action, body]);
      const answers: Readonly<Record<string, () => object>> = {
        GetQueueAttributes: () => ({ Attributes: { QueueArn: `arn:${body.QueueUrl!.split('/').at(-1)}` } }),
        StartMessageMoveTask: () => ({ TaskHandle: 'handle' }),
        ListMessageMoveTasks: () => ({ Results: [left.shift()] }),
      };
      response.setHeader('content-type', 'application/x-amz-json-1.0');
      response.end(JSON.stringify(answers[action]!()));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked);
  } finally {
    server.closeAllConnections();
    server.close();
  }
};

describe('putting all dead letters back', () => {
  const queues = (endpoint: string) => ({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 's' },
    fromUrl: `${endpoint}/1/dead`,
    toUrl: `${endpoint}/1/queue`,
    sleep: async () => undefined,
  });
  const running = { Status: 'RUNNING', ApproximateNumberOfMessagesMoved: 40 };

  it('is left to SQS where it offers that, and ends with the task', async () => {
    const seen: number[] = [];
    await withTasks([running, { Status: 'COMPLETED', ApproximateNumberOfMessagesMoved: 90 }], async (endpoint, asked) => {
      const result = await redrive({ ...queues(endpoint), onProgress: (moved) => seen.push(moved) });
      expect(result).toEqual({ moved: 90, left: 0, by: 'task' });
      expect(asked.find(([action]) => action === 'StartMessageMoveTask')?.[1]).toEqual({
        SourceArn: 'arn:dead',
        DestinationArn: 'arn:queue',
      });
      expect(asked.map(([action]) => action)).not.toContain('ReceiveMessage');
    });
    expect(seen).toEqual([40]);
  });

  it('says why and how far when the task fails', async () => {
    const failed = { Status: 'FAILED', ApproximateNumberOfMessagesMoved: 3, FailureReason: 'AccessDenied' };
    await withTasks([failed], async (endpoint) => {
      await expect(redrive(queues(endpoint))).rejects.toThrow('the move ended as FAILED after 3 messages: AccessDenied');
    });
  });

  it('is done by batches where SQS is an emulator without such tasks', async () => {
    const [fromUrl, toUrl] = [await emulator.newQueue(), await emulator.newQueue()];
    for (const MessageBody of ['a', 'b']) await client.send(new SendMessageCommand({ QueueUrl: fromUrl, MessageBody }));
    const result = await redrive({ ...emulator.connection, fromUrl, toUrl, sleep: async () => undefined });
    expect(result).toEqual({ moved: 2, left: 0, by: 'batches' });
    expect((await bodiesOf(toUrl)).map(([body]) => body)).toEqual(['a', 'b']);
  });
});
