import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { batches, batchRequest, sqsQueue } from '../../../../shared/adapters/aws/queue.ts';
import { queueAndObjectEmulator } from '../../../support/emulators.ts';

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

  it('writes body and attributes, and a group where one is given, and on a FIFO queue its fingerprint', () => {
    const messages = [
      { body: '{}', attributes: { tenant: 'dev' } },
      { body: '{}', attributes: { tenant: 'dev' }, group: 'g' },
    ];
    const fingerprint = createHash('sha256').update('["g","{}",[["tenant","dev"]]]').digest('hex');
    const attributes = { MessageBody: '{}', MessageAttributes: { tenant: { DataType: 'String', StringValue: 'dev' } } };
    expect(batchRequest('url', messages).Entries).toEqual([
      { Id: '0', ...attributes },
      { Id: '1', ...attributes, MessageGroupId: 'g' },
    ]);
    expect(batchRequest('url.fifo', messages)).toEqual({
      QueueUrl: 'url.fifo',
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

/** A queue whose service answers as the script says, then takes everything; `inFlightMax` calls of it overlapped. */
const scripted = async (script: ('cut' | { readonly status: number; readonly type: string })[], url = 'q') => {
  const seen = { calls: 0, inFlight: 0, inFlightMax: 0 };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    seen.calls++;
    seen.inFlightMax = Math.max(seen.inFlightMax, ++seen.inFlight);
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      // Long enough for calls that do not wait for each other to overlap.
      setTimeout(() => {
        seen.inFlight--;
        const answer = script.shift();
        if (answer === 'cut') return request.socket.destroy();
        const { Entries } = JSON.parse(Buffer.concat(chunks).toString()) as { Entries: { Id: string; MessageBody: string }[] };
        const Successful = Entries.map(({ Id, MessageBody }) => ({
          Id,
          MD5OfMessageBody: createHash('md5').update(MessageBody).digest('hex'),
        }));
        const body = answer === undefined ? { Successful } : { __type: answer.type, message: 'no' };
        response.writeHead(answer?.status ?? 200, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(body));
      }, 20);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const queue = sqsQueue({ endpoint, region: 'us-east-1', credentials: { accessKeyId: 'x', secretAccessKey: 'x' }, url });
  const stop = async () => {
    queue.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { queue, seen, stop };
};

describe('a call to the queue', () => {
  const throttled = { status: 400, type: 'com.amazonaws.sqs#ThrottlingException' };
  const broken = { status: 503, type: 'ServiceUnavailable' };
  const denied = { status: 403, type: 'com.amazonaws.sqs#AccessDeniedException' };

  it.each([
    ['is made once when it is taken', [], 1, true],
    ['is repeated after a cut connection', ['cut' as const], 2, true],
    ['is repeated after a fault of the service and a throttle', [broken, throttled], 3, true],
    ['is made three times at most', [broken, broken, broken], 3, false],
    ['is not repeated when it is refused', [denied], 1, false],
  ])('%s', async (_, script, calls, sent) => {
    const { queue, seen, stop } = await scripted([...script]);
    try {
      expect(await queue.send([sized(1)])).toMatchObject([{ sent }]);
      expect(seen.calls).toBe(calls);
    } finally {
      await stop();
    }
  });

  it.each([
    ['does not wait for the one before it', 'q', {}, 5],
    ['does not wait where groups are for fairness', 'q', { group: 'g' }, 5],
    ['waits for the one before it where messages have an order', 'q.fifo', { group: 'g' }, 1],
  ])('%s', async (_, url, group, inFlight) => {
    const { queue, seen, stop } = await scripted([], url);
    try {
      const results = await queue.send(Array.from({ length: 100 }, () => ({ ...sized(1), ...group })));
      expect(results.filter(({ sent }) => sent)).toHaveLength(100);
      expect(seen).toMatchObject({ calls: 10, inFlightMax: inFlight });
    } finally {
      await stop();
    }
  });
});
