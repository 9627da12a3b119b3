import { setTimeout as sleep } from 'node:timers/promises';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { SQSRecord } from 'aws-lambda';
import { jsonWire } from '../../shared/adapters/aws/wire.ts';
import { emulatorCredentials, emulatorRegion } from './emulators.ts';
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
  const client = new SQSClient({ region: emulatorRegion, credentials: emulatorCredentials, endpoint: options.endpoint });
  const wire = jsonWire(client.config, { name: 'sqs', target: 'AmazonSQS' });
  const stopping = new AbortController();
  const receive = JSON.stringify({
    QueueUrl: model.queueUrl,
    MaxNumberOfMessages: Math.min(model.batchSize, maxReceive),
    WaitTimeSeconds: longPollSeconds,
    MessageSystemAttributeNames: ['All'],
    MessageAttributeNames: ['All'],
  });

  const poll = async (): Promise<void> => {
    /** Of the batch before: it goes on while the next one is received and decided. */
    let deleted: Promise<void> = Promise.resolve();
    while (!stopping.signal.aborted) {
      try {
        const reply = await wire.send('ReceiveMessage', receive, { waitMs: receiveMsMax, signal: stopping.signal });
        const messages: readonly WireMessage[] = reply.Messages ?? [];
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
  const handle = async (messages: readonly WireMessage[]): Promise<readonly SQSRecord[]> => {
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
    const reply = await wire.send('DeleteMessageBatch', JSON.stringify({ QueueUrl: model.queueUrl, Entries }));
    const failures: readonly { readonly Id: string; readonly Message?: string }[] = reply.Failed ?? [];
    for (const { Id, Message } of failures) onFailure(`queue source: ${done[Number(Id)]?.messageId} is not deleted: ${Message}`);
  };

  const polls = Array.from({ length: options.concurrency }, poll);
  return {
    stop: async () => {
      stopping.abort();
      await Promise.all(polls);
      wire.close();
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

/** A message as SQS's JSON has it; bytes are base64 text. */
interface WireMessage {
  readonly MessageId: string;
  readonly ReceiptHandle: string;
  readonly Body?: string;
  readonly MD5OfBody?: string;
  readonly Attributes?: Readonly<Record<string, string>>;
  readonly MessageAttributes?: Readonly<
    Record<string, { readonly DataType?: string; readonly StringValue?: string; readonly BinaryValue?: string }>
  >;
}

const toRecord = (message: WireMessage, queueArn: string): SQSRecord => ({
  messageId: message.MessageId,
  receiptHandle: message.ReceiptHandle,
  body: message.Body ?? '',
  attributes: { ...message.Attributes } as unknown as SQSRecord['attributes'],
  messageAttributes: Object.fromEntries(
    Object.entries(message.MessageAttributes ?? {}).map(([name, { DataType, StringValue, BinaryValue }]) => [
      name,
      {
        ...(StringValue === undefined ? {} : { stringValue: StringValue }),
        ...(BinaryValue === undefined ? {} : { binaryValue: BinaryValue }),
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
