import { ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { moveMessages } from '../../../tools/aws/redrive.ts';
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

  it('moves nothing from an empty queue', async () => {
    const moving = { ...emulator.connection, fromUrl: await emulator.newQueue(), toUrl: await emulator.newQueue() };
    expect(await moveMessages({ ...moving, isWanted: () => true })).toEqual({ moved: 0, left: 0 });
  });
});
