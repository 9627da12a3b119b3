import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { DynamoDBRecord } from 'aws-lambda';
import { itemSizeBytes } from '../../shared/adapters/memory/itemSize.ts';
import type { Item, Key, TableStore } from '../../shared/ports/ports.ts';
import { scanItems } from '../../shared/store/pages.ts';
import { emulatorCredentials, emulatorRegion } from './emulatorConnection.ts';
import type { TableSourceModel } from './model.ts';
import { messageOf } from './problem.ts';
import { failedIdentifiers, type Source } from './queueSource.ts';
import { streamImage } from './streamImage.ts';
import type { ToldWrite } from './threadMessages.ts';

const retryPauseMs = 200;
const maxRetryPauseMs = 5_000;
const scanPage = 500;

export interface TableSourceOptions {
  readonly model: TableSourceModel;
  /** Reads what an update left behind. */
  readonly table: TableStore;
  readonly sqsEndpoint: string;
  readonly invoke: (functionId: string, event: unknown) => Promise<unknown>;
  readonly onFailure: (text: string) => void;
}

export interface TableSource extends Source {
  /** What was committed, in the order of the commits. */
  committed(writes: readonly ToldWrite[]): void;
  /** Hands over every item of the table as new: for what a kill left undelivered. Returns how many. */
  deliverAll(): Promise<number>;
  /** Resolves once nothing waits any more. */
  drained(): Promise<void>;
  /** False once something was left undelivered by a stop. */
  readonly complete: boolean;
}

/**
 * The table's stream, made from the writes that the functions acknowledge, delivered as Lambda's event source does: in order, in batches,
 * repeated on failure (from the first record named as failed on, or halved after a failed call if the template says so), and given up after the template's number of attempts.
 */
export const startTableSource = (options: TableSourceOptions): TableSource => {
  const { model, table, onFailure } = options;
  const takes = ({ pk }: Key): boolean => model.keyPrefixes?.some((prefix) => pk.startsWith(prefix)) ?? true;
  const waiting: Change[] = [];
  const sqs = new SQSClient({ region: emulatorRegion, credentials: emulatorCredentials, endpoint: options.sqsEndpoint });
  let sequence = 0;
  let stopping = false;
  let complete = true;
  let wake: () => void = () => undefined;
  let idle = Promise.withResolvers<void>();
  idle.resolve();

  const push = (all: readonly Change[]): void => {
    const changes = all.filter(({ key }) => takes(key));
    if (changes.length === 0) return;
    if (waiting.length === 0 && !busy) idle = Promise.withResolvers();
    waiting.push(...changes);
    wake();
  };

  const toRecord = async ({ eventName, key, item }: Change): Promise<DynamoDBRecord | null> => {
    const image = item === 'unknown' ? await table.get(key, { consistent: true }) : item;
    if ((image === null) !== (eventName === 'REMOVE')) return null;
    sequence++;
    return {
      eventID: randomUUID(),
      eventName,
      eventVersion: '1.1',
      eventSource: 'aws:dynamodb',
      awsRegion: emulatorRegion,
      eventSourceARN: model.streamArn,
      dynamodb: {
        ApproximateCreationDateTime: Math.floor(Date.now() / 1_000),
        Keys: { pk: { S: key.pk }, sk: { S: key.sk } },
        ...(image === null ? {} : { NewImage: streamImage(image) }),
        SequenceNumber: String(sequence).padStart(21, '0'),
        SizeBytes: itemSizeBytes({ ...key }) + (image === null ? 0 : itemSizeBytes(image)),
        StreamViewType: 'NEW_AND_OLD_IMAGES',
      },
    };
  };

  /** Delivers all of them, or as many as the template's attempts allow. */
  const deliver = async (records: readonly DynamoDBRecord[], attempt = 0): Promise<void> => {
    let rest = records;
    let hasThrown = false;
    for (let tries = attempt; rest.length > 0; tries++) {
      // The store that failed a record before this one, while ending, fails this one as slowly.
      if (stopping && !complete) return;
      try {
        rest = remaining(rest, await options.invoke(model.functionId, { Records: rest }), model.partialFailures);
        if (rest.length === 0) return;
        onFailure(`table source: the function gave back ${rest.length} of ${records.length} records`);
        hasThrown = false;
      } catch (error) {
        onFailure(`table source: ${messageOf(error)}`);
        hasThrown = true;
      }
      if (tries >= model.retries) return giveUp(rest);
      await sleep(Math.min(retryPauseMs * 2 ** tries, maxRetryPauseMs));
      if (stopping) {
        complete = false;
        return;
      }
      if (hasThrown && model.bisect && rest.length > 1) {
        const half = Math.ceil(rest.length / 2);
        await deliver(rest.slice(0, half), tries + 1);
        await deliver(rest.slice(half), tries + 1);
        return;
      }
    }
  };

  const giveUp = async (records: readonly DynamoDBRecord[]): Promise<void> => {
    onFailure(`table source: gave up on ${records.length} records after ${model.retries + 1} attempts`);
    if (model.failureQueueUrl === null) return;
    await sqs.send(
      new SendMessageCommand({
        QueueUrl: model.failureQueueUrl,
        MessageBody: JSON.stringify({
          requestContext: { functionArn: model.functionId, condition: 'RetryAttemptsExhausted' },
          DDBStreamBatchInfo: {
            streamArn: model.streamArn,
            batchSize: records.length,
            startSequenceNumber: records[0]?.dynamodb?.SequenceNumber,
            endSequenceNumber: records.at(-1)?.dynamodb?.SequenceNumber,
          },
        }),
      }),
    );
  };

  let busy = false;
  const run = async (): Promise<void> => {
    while (!stopping || waiting.length > 0) {
      if (waiting.length === 0) {
        busy = false;
        idle.resolve();
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      busy = true;
      if (waiting.length < model.batchSize && !stopping) await sleep(model.windowMs);
      const changes = waiting.splice(0, model.batchSize);
      try {
        const records = await Promise.all(changes.map(toRecord));
        await deliver(records.filter((record) => record !== null));
      } catch (error) {
        complete = false;
        onFailure(`table source: ${messageOf(error)}`);
      }
      // What a stop could not deliver is delivered by the next start; the batches behind it would fail as slowly.
      if (stopping && !complete) break;
    }
    idle.resolve();
  };
  const running = run();

  return {
    committed: (writes) => push(writes.flatMap(changeOf)),
    deliverAll: async () => {
      let count = 0;
      for await (const item of scanItems(table, scanPage)) {
        push([{ eventName: 'INSERT', key: { pk: item.pk, sk: item.sk }, item }]);
        count += 1;
      }
      return count;
    },
    drained: () => idle.promise,
    stop: async () => {
      stopping = true;
      wake();
      await running;
      sqs.destroy();
    },
    get complete() {
      return complete;
    },
  };
};

interface Change {
  readonly eventName: 'INSERT' | 'MODIFY' | 'REMOVE';
  readonly key: Key;
  /** The item after the write, null for none; `unknown`: it must be read, since the write names only its changes. */
  readonly item: Item | null | 'unknown';
}

const changeOf = (write: ToldWrite): Change[] => {
  const { isUnknown = false } = write;
  switch (write.kind) {
    case 'put':
      return [
        {
          eventName: write.condition?.kind === 'absent' ? 'INSERT' : 'MODIFY',
          key: { pk: write.item.pk, sk: write.item.sk },
          item: isUnknown ? 'unknown' : write.item,
        },
      ];
    case 'update':
      return [{ eventName: 'MODIFY', key: write.key, item: 'unknown' }];
    case 'delete':
      return [{ eventName: 'REMOVE', key: write.key, item: isUnknown ? 'unknown' : null }];
    case 'check':
      return [];
  }
};

/** What is left of a batch after an answer: from the first record named as failed on, since the order must hold. */
const remaining = (records: readonly DynamoDBRecord[], answer: unknown, partialFailures: boolean): readonly DynamoDBRecord[] => {
  if (!partialFailures) return [];
  const sequences = records.map((record) => record.dynamodb!.SequenceNumber!);
  const failed = failedIdentifiers(answer, sequences);
  if (failed === 'all') return records;
  const first = sequences.findIndex((number) => failed.has(number));
  return first < 0 ? [] : records.slice(first);
};
