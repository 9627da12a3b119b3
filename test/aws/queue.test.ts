import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { batches, batchRequest, sqsQueue } from '../../shared/aws/queue.ts';
import { queueAndObjectEmulator } from '../support/emulators.ts';

const sized = (bytes: number) => ({ body: 'x'.repeat(bytes), attributes: {} });

describe('batches to the queue', () => {
  it.each([
    ['nothing', [], []],
    ['ten small ones', Array(10).fill(1), [10]],
    ['eleven small ones', Array(11).fill(1), [10, 1]],
    ['two that fill a call to the byte', [131_072, 131_072], [2]],
    ['two that are one byte too many', [131_072, 131_073], [1, 1]],
    ['one beyond a call, alone', [1, 300_000, 1], [1, 1, 1]],
  ])('sends %s', (_, bytes: number[], counts: number[]) => {
    expect(batches(bytes.map(sized)).map((batch) => batch.length)).toEqual(counts);
  });

  it('counts attributes by name, type and value in UTF-8', () => {
    const message = { body: 'x'.repeat(131_072 - 2 - 6 - 2), attributes: { é: 'é' } };
    expect(batches([message, message])).toHaveLength(1);
    expect(batches([message, { ...message, body: `${message.body}x` }])).toHaveLength(2);
  });

  it('writes body and attributes, and group and fingerprint only where a group is given', () => {
    const messages = [
      { body: '{}', attributes: { tenant: 'dev' } },
      { body: '{}', attributes: { tenant: 'dev' }, group: 'g' },
    ];
    const fingerprint = createHash('sha256').update('["g","{}",[["tenant","dev"]]]').digest('hex');
    const attributes = { MessageBody: '{}', MessageAttributes: { tenant: { DataType: 'String', StringValue: 'dev' } } };
    expect(batchRequest('url', messages)).toEqual({
      QueueUrl: 'url',
      Entries: [
        { Id: '0', ...attributes },
        { Id: '1', ...attributes, MessageGroupId: 'g', MessageDeduplicationId: fingerprint },
      ],
    });
  });
});

describe('a queue that refuses', () => {
  it('names the cause for each message, the good ones going in all the same', async () => {
    const emulator = await queueAndObjectEmulator();
    const queue = sqsQueue({ ...emulator.connection, url: await emulator.newQueue() });
    const missing = sqsQueue({ ...emulator.connection, url: `${await emulator.newQueue()}-missing` });
    try {
      const results = await queue.send([sized(10), sized(2_000_000), sized(10)]);
      expect(results.map(({ sent }) => sent)).toEqual([true, false, true]);
      expect(results[1]).toMatchObject({ cause: expect.stringMatching(/\S/) });
      expect(await missing.send([sized(1), sized(1)])).toEqual([
        { sent: false, cause: expect.stringMatching(/QueueDoesNotExist/) },
        { sent: false, cause: expect.stringMatching(/QueueDoesNotExist/) },
      ]);
    } finally {
      queue.close();
      missing.close();
      await emulator.stop();
    }
  });
});
