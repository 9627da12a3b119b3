import { setTimeout as sleep } from 'node:timers/promises';
import { DeleteMessageBatchCommand, type Message, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { SQSRecord } from 'aws-lambda';
import { leanClient } from '../../shared/adapters/aws/client.ts';
import { emulatorCredentials, emulatorRegion } from './emulatorConnection.ts';
import type { QueueSourceModel } from './model.ts';
import { messageOf } from './problem.ts';

const longPollSeconds = 20;
/** SQS hands out at most so many messages at a time. */
const maxReceive = 10;
const errorPauseMs = 1_000;
/** An answer to a long poll that is later than this is lost. */
const receiveMsMax = (longPollSeconds + 5) * 1_000;

export interface QueueSourceOptions {
  readonly model: QueueSourceModel;
  readonly endpoint: string;
  /** Batches at a time. */
  readonly concurrency: number;
  readonly invoke: (functionId: string, event: unknown) => Promise<unknown>;
  readonly onFailure: (text: string) => void;
}

export interface Source {
  /** Takes nothing more, waits for what is under way. */
  stop(): Promise<void>;
}

/**
 * Polls a queue as Lambda's event source does: batches go to the function, what it did not name as failed is deleted, the rest comes back
 * after the queue's visibility timeout and, after its last receive, goes to the dead letters.
 */
export const startQueueSource = (options: QueueSourceOptions): Source => {
  const { model, onFailure } = options;
  const client = leanClient(
    new SQSClient({
      region: emulatorRegion,
      credentials: emulatorCredentials,
      endpoint: options.endpoint,
      maxAttempts: 1,
      // The emulator is on this machine.
      md5: false,
      requestHandler: {
        requestTimeout: receiveMsMax,
        socketTimeout: receiveMsMax,
        throwOnRequestTimeout: true,
        // Each batch at a time waits in one connection, while what came before it is deleted in another.
        httpAgent: { keepAlive: true, maxSockets: 2 * options.concurrency },
      },
    }),
  );
  const stopping = new AbortController();
  const receive = {
    QueueUrl: model.queueUrl,
    MaxNumberOfMessages: Math.min(model.batchSize, maxReceive),
    WaitTimeSeconds: longPollSeconds,
    MessageSystemAttributeNames: ['All' as const],
    MessageAttributeNames: ['All'],
  };

  const poll = async (): Promise<void> => {
    /** Of the batch before: it goes on while the next one is received and decided. */
    let deleted: Promise<void> = Promise.resolve();
    while (!stopping.signal.aborted) {
      try {
        const reply = await client.send(new ReceiveMessageCommand(receive), { abortSignal: stopping.signal });
        const messages = reply.Messages ?? [];
        if (messages.length === 0) continue;
        const done = await handle(messages);
        await deleted;
        deleted = remove(done).catch((error: unknown) => onFailure(`queue source: ${messageOf(error)}`));
      } catch (error) {
        if (stopping.signal.aborted) break;
        onFailure(`queue source: ${messageOf(error)}`);
        await sleep(errorPauseMs);
      }
    }
    await deleted;
  };

  /** Those the function is done with. */
  const handle = async (messages: readonly Message[]): Promise<readonly SQSRecord[]> => {
    const records = messages.map((message) => toRecord(message, model.queueArn));
    try {
      const answer = await options.invoke(model.functionId, { Records: records });
      if (!model.partialFailures) return records;
      const sent = records.map((record) => record.messageId);
      const failed = failedIdentifiers(answer, sent);
      return failed === 'all' ? [] : records.filter((record) => !failed.has(record.messageId));
    } catch (error) {
      onFailure(`queue source: ${messageOf(error)}`);
      return [];
    }
  };

  const remove = async (done: readonly SQSRecord[]): Promise<void> => {
    if (done.length === 0) return;
    const Entries = done.map((record, i) => ({ Id: String(i), ReceiptHandle: record.receiptHandle }));
    const { Failed = [] } = await client.send(new DeleteMessageBatchCommand({ QueueUrl: model.queueUrl, Entries }));
    for (const { Id, Message } of Failed) onFailure(`queue source: ${done[Number(Id)]?.messageId} is not deleted: ${Message}`);
  };

  const polls = Array.from({ length: options.concurrency }, poll);
  return {
    stop: async () => {
      stopping.abort();
      await Promise.all(polls);
      client.destroy();
    },
  };
};

/**
 * The identifiers that a partial-batch answer names. As on Lambda, an answer that names none that were sent, an empty or a null one, or that
 * is not of the form, fails the whole batch; no list or an empty one means that all are done.
 */
export const failedIdentifiers = (answer: unknown, sent: readonly string[]): ReadonlySet<string> | 'all' => {
  if (answer === null || answer === undefined) return new Set();
  const failures = (answer as { batchItemFailures?: unknown }).batchItemFailures ?? [];
  if (!Array.isArray(failures)) return 'all';
  const named = failures.map((failure: { itemIdentifier?: unknown } | null) => failure?.itemIdentifier);
  return named.every((identifier) => typeof identifier === 'string' && sent.includes(identifier))
    ? new Set(named as string[])
    : 'all';
};

const toRecord = (message: Message, queueArn: string): SQSRecord => ({
  messageId: message.MessageId!,
  receiptHandle: message.ReceiptHandle!,
  body: message.Body ?? '',
  attributes: { ...message.Attributes } as unknown as SQSRecord['attributes'],
  messageAttributes: Object.fromEntries(
    Object.entries(message.MessageAttributes ?? {}).map(([name, { DataType, StringValue, BinaryValue }]) => [
      name,
      {
        ...(StringValue === undefined ? {} : { stringValue: StringValue }),
        ...(BinaryValue === undefined ? {} : { binaryValue: Buffer.from(BinaryValue).toString('base64') }),
        stringListValues: [],
        binaryListValues: [],
        dataType: DataType ?? 'String',
      },
    ]),
  ) as SQSRecord['messageAttributes'],
  md5OfBody: message.MD5OfBody ?? '',
  eventSource: 'aws:sqs',
  eventSourceARN: queueArn,
  awsRegion: emulatorRegion,
});
