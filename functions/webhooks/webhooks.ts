import type { SQSBatchResponse, SQSRecord } from 'aws-lambda';
import type { Log } from '../../shared/edge/log.ts';
import { type DeliverDependencies, deliver, pauseSeconds } from './deliver.ts';

export interface WebhooksDependencies extends DeliverDependencies {
  /** Keeps a received message hidden for so long. */
  readonly hide: (receiptHandle: string, seconds: number) => Promise<void>;
  readonly log: Log;
}

/** Sends a batch of the webhook queue. What failed stays on the queue, hidden for longer each time, until the queue gives it up. */
export async function deliverBatch(records: readonly SQSRecord[], dependencies: WebhooksDependencies): Promise<SQSBatchResponse> {
  const failed = await Promise.all(
    records.map(async (record) => ((await isDone(record, dependencies)) ? [] : [record.messageId])),
  );
  return { batchItemFailures: failed.flat().map((itemIdentifier) => ({ itemIdentifier })) };
}

async function isDone(record: SQSRecord, dependencies: WebhooksDependencies): Promise<boolean> {
  const { log, hide, randomness } = dependencies;
  const tries = Number(record.attributes.ApproximateReceiveCount);
  try {
    const result = await deliver(dependencies, record.body, tries);
    if (result.kind !== 'failed') return true;
    log('warn', 'webhook failed', { messageId: record.messageId, tries, cause: result.cause });
    await hide(record.receiptHandle, pauseSeconds(tries, randomness));
  } catch (error) {
    // Without the longer pause the message comes back after the queue's own.
    log('error', 'webhook not tried', { messageId: record.messageId, tries, error });
  }
  return false;
}
