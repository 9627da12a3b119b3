import { createHash } from 'node:crypto';
import { SendMessageBatchCommand, type SendMessageBatchCommandInput, SQSClient } from '@aws-sdk/client-sqs';
import type { Queue, QueueMessage } from '../../ports/ports.ts';
import { inParallel } from '../../store/parallel.ts';
import { type Connection, clientOptions, leanClient } from './client.ts';

export interface QueueOptions extends Connection {
  readonly url: string;
}

const batchMessagesMax = 10;
/**
 * Of one call, attributes included. SQS takes 1 MiB; older queues and some emulators stop at this. A larger single message goes
 * alone, and the queue's own limit judges it.
 */
const batchBytesMax = 262_144;
/** A repeat of a send can at worst duplicate a message, and duplicates are decided once. */
const attemptsMax = 3;
/** Calls of one send at a time, where no message has to come before another. */
const callsAtOnce = 5;

type Result = Awaited<ReturnType<Queue['send']>>[number];

/** An SQS queue. Never throws for a failed send: each message's result says whether it is known to be on the queue. */
export function sqsQueue(options: QueueOptions): Queue & { close(): void } {
  const client = leanClient(new SQSClient({ ...clientOptions('sqs', options, attemptsMax), cacheMiddleware: true }));

  const sendBatch = async (batch: readonly QueueMessage[]): Promise<Result[]> => {
    try {
      const reply = await client.send(new SendMessageBatchCommand(batchRequest(options.url, batch)));
      const sent = new Set((reply.Successful ?? []).map((entry) => entry.Id));
      const failed = new Map((reply.Failed ?? []).map((entry) => [entry.Id, `${entry.Code}: ${entry.Message ?? ''}`]));
      return batch.map((_, index) => {
        const id = String(index);
        return sent.has(id) ? { sent: true } : { sent: false, cause: failed.get(id) ?? 'the queue did not name it' };
      });
    } catch (error) {
      const cause = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      return batch.map(() => ({ sent: false, cause }));
    }
  };

  return {
    send: async (messages) => {
      const isOrdered = isFifo(options.url);
      return (await inParallel(batches(messages), isOrdered ? 1 : callsAtOnce, sendBatch)).flat();
    },
    close: () => client.destroy(),
  };
}

/** Consecutive runs of at most 10 messages and `batchBytesMax` bytes. */
export function batches(messages: readonly QueueMessage[]): QueueMessage[][] {
  const runs: QueueMessage[][] = [];
  let bytes = 0;
  for (const message of messages) {
    const size = messageBytes(message);
    const run = runs.at(-1);
    if (run === undefined || run.length >= batchMessagesMax || bytes + size > batchBytesMax) {
      runs.push([message]);
      bytes = size;
    } else {
      run.push(message);
      bytes += size;
    }
  }
  return runs;
}

const isFifo = (url: string): boolean => url.endsWith('.fifo');

/** A message on a FIFO queue is the same message within SQS's 5 minutes if group, body and attributes are the same. */
export const batchRequest = (url: string, messages: readonly QueueMessage[]): SendMessageBatchCommandInput => ({
  QueueUrl: url,
  Entries: messages.map((message, index) => ({
    Id: String(index),
    MessageBody: message.body,
    MessageAttributes: Object.fromEntries(
      Object.entries(message.attributes).map(([name, value]) => [name, { DataType: attributeType, StringValue: value }]),
    ),
    ...(message.group === undefined
      ? {}
      : { MessageGroupId: message.group, ...(isFifo(url) && { MessageDeduplicationId: fingerprint(message) }) }),
  })),
});

const attributeType = 'String';

/** As SQS counts: body, and each attribute's name, type and value, in UTF-8. */
function messageBytes(message: QueueMessage): number {
  let bytes = Buffer.byteLength(message.body);
  for (const [name, value] of Object.entries(message.attributes)) {
    bytes += Buffer.byteLength(name) + attributeType.length + Buffer.byteLength(value);
  }
  return bytes;
}

const fingerprint = (message: QueueMessage): string =>
  createHash('sha256')
    .update(JSON.stringify([message.group, message.body, Object.entries(message.attributes).sort()]))
    .digest('hex');
