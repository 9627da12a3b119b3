import { randomUUID } from 'node:crypto';
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  ListMessageMoveTasksCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SQSClient,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs';
import { type Connection, clientOptions } from '../../shared/adapters/aws/client.ts';
import { inParallel } from '../../shared/store/parallel.ts';

export interface MoveOptions extends Connection {
  readonly fromUrl: string;
  readonly toUrl: string;
  /** Others stay where they are. Left out: every message is wanted. */
  readonly isWanted?: (message: { readonly body: string; readonly attributes: Readonly<Record<string, string>> }) => boolean;
  /** By name; left out: every attribute goes along. */
  readonly isKept?: (attribute: string) => boolean;
}

export interface Moved {
  readonly moved: number;
  readonly left: number;
}

const attemptsMax = 3;
const receiveMax = 10;
/** Hidden this long while others are looked through, so that none is seen twice. */
const hiddenSeconds = 600;
const messagesMax = 100_000;
/** Batches on their way at a time, where no message has to come before another. */
const lanesMax = 8;
/** Of one call, attributes included: older queues stop at this. */
const batchBytesMax = 262_144;
const fifoSuffix = '.fifo';

/**
 * Moves messages from one queue to another, batches in parallel, each sent before it is deleted: one may be there twice after a failure,
 * none is lost. Ends after as many as waited when it began, so that it does not chase what fails again.
 */
export async function moveMessages(options: MoveOptions): Promise<Moved> {
  const client = new SQSClient(clientOptions('sqs', options, attemptsMax));
  const { fromUrl, toUrl, isWanted = () => true, isKept = () => true } = options;
  const isFifo = toUrl.endsWith(fifoSuffix);
  const kept: string[] = [];
  let moved = 0;
  let begun = 0;

  const lane = async (waiting: number): Promise<void> => {
    while (begun < waiting) {
      const { Messages = [] } = await client.send(
        new ReceiveMessageCommand({
          QueueUrl: fromUrl,
          MaxNumberOfMessages: receiveMax,
          VisibilityTimeout: hiddenSeconds,
          MessageAttributeNames: ['All'],
          MessageSystemAttributeNames: ['MessageGroupId', 'MessageDeduplicationId'],
        }),
      );
      if (Messages.length === 0) return;
      begun += Messages.length;
      const wanted: Message[] = [];
      for (const message of Messages) {
        const attributes = Object.fromEntries(
          Object.entries(message.MessageAttributes ?? {}).map(([name, { StringValue }]) => [name, StringValue ?? '']),
        );
        if (isWanted({ body: message.Body ?? '', attributes })) wanted.push(message);
        else kept.push(message.ReceiptHandle!);
      }
      for (const batch of batchesOf(wanted)) {
        const arrived = await moveBatch(batch);
        moved += arrived;
      }
    }
  };

  /** How many of them arrived and are gone from where they were. */
  const moveBatch = async (batch: readonly Message[]): Promise<number> => {
    const sent = await client.send(
      new SendMessageBatchCommand({
        QueueUrl: toUrl,
        Entries: batch.map(({ Body = '', MessageAttributes = {}, Attributes: system = {} }, i) => ({
          Id: String(i),
          MessageBody: Body,
          MessageAttributes: Object.fromEntries(Object.entries(MessageAttributes).filter(([name]) => isKept(name))),
          ...(!isFifo && system.MessageGroupId !== undefined && { MessageGroupId: system.MessageGroupId }),
          ...(isFifo && {
            MessageGroupId: system.MessageGroupId ?? 'redriven',
            // Another than before: within SQS's 5 minutes the same one would be swallowed.
            MessageDeduplicationId: `${system.MessageDeduplicationId ?? ''}${randomUUID()}`.slice(-128),
          }),
        })),
      }),
    );
    const arrived = (sent.Successful ?? []).map(({ Id }) => batch[Number(Id)]!);
    if (arrived.length > 0) {
      await client.send(
        new DeleteMessageBatchCommand({
          QueueUrl: fromUrl,
          Entries: arrived.map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle })),
        }),
      );
    }
    const [failed] = sent.Failed ?? [];
    if (failed !== undefined)
      throw new Error(`${sent.Failed!.length} messages could not be moved: ${failed.Code} ${failed.Message}`);
    return arrived.length;
  };

  try {
    const { Attributes } = await client.send(
      new GetQueueAttributesCommand({ QueueUrl: fromUrl, AttributeNames: ['ApproximateNumberOfMessages'] }),
    );
    const waiting = Math.min(messagesMax, Number(Attributes?.ApproximateNumberOfMessages ?? 0));
    const lanes = isFifo ? 1 : Math.min(lanesMax, Math.ceil(waiting / receiveMax));
    await Promise.all(Array.from({ length: lanes }, () => lane(waiting)));
    await inParallel(kept, lanesMax, (ReceiptHandle) =>
      client.send(new ChangeMessageVisibilityCommand({ QueueUrl: fromUrl, ReceiptHandle, VisibilityTimeout: 0 })),
    );
    return { moved, left: kept.length };
  } finally {
    client.destroy();
  }
}

/** Consecutive runs of a call's bytes at most; a message above that goes alone. */
function batchesOf(messages: readonly Message[]): Message[][] {
  const runs: Message[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const message of messages) {
    const size = Buffer.byteLength((message.Body ?? '') + JSON.stringify(message.MessageAttributes ?? {}));
    if (bytes + size > batchBytesMax) {
      runs.push([]);
      bytes = 0;
    }
    runs.at(-1)!.push(message);
    bytes += size;
  }
  return runs;
}

export interface RedriveOptions extends MoveOptions {
  readonly sleep: (ms: number) => Promise<void>;
  /** Told of each look at the task: how many were moved so far. */
  readonly onProgress?: (moved: number) => void;
}

const looksMax = 4_320;
const lookEveryMs = 10_000;

/**
 * Puts all dead letters back. SQS itself moves them where it offers that, for 12 hours at most that are waited for; elsewhere, in emulators,
 * `moveMessages` does. Throws when the task does not end, or ends in a failure.
 */
export async function redrive(options: RedriveOptions): Promise<Moved & { readonly by: 'task' | 'batches' }> {
  const client = new SQSClient(clientOptions('sqs', options, attemptsMax));
  const arnOf = async (QueueUrl: string): Promise<string> => {
    const { Attributes } = await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
    return Attributes!.QueueArn!;
  };
  try {
    const [SourceArn, DestinationArn] = await Promise.all([arnOf(options.fromUrl), arnOf(options.toUrl)]);
    try {
      // The destination is named since score itself sends most of them: such a message has no source to go back to.
      await client.send(new StartMessageMoveTaskCommand({ SourceArn, DestinationArn }));
    } catch (error) {
      if (!isNotOffered(error)) throw error;
      return { ...(await moveMessages(options)), by: 'batches' };
    }
    for (let look = 0; look < looksMax; look++) {
      const { Results = [] } = await client.send(new ListMessageMoveTasksCommand({ SourceArn, MaxResults: 1 }));
      const { Status, ApproximateNumberOfMessagesMoved: moved = 0, FailureReason } = Results[0] ?? {};
      if (Status === 'COMPLETED') return { moved, left: 0, by: 'task' };
      if (Status !== 'RUNNING')
        throw new Error(`the move ended as ${Status} after ${moved} messages: ${FailureReason ?? 'no reason given'}`);
      options.onProgress?.(moved);
      await options.sleep(lookEveryMs);
    }
    throw new Error(`the move is not done after ${(looksMax * lookEveryMs) / 3_600_000} hours; it goes on in SQS`);
  } finally {
    client.destroy();
  }
}

/** What services say to an action that they do not know. */
const notOffered = [
  'UnsupportedOperation',
  'AWS.SimpleQueueService.UnsupportedOperation',
  'InvalidAction',
  'UnknownOperationException',
  'NotImplemented',
];

const isNotOffered = (error: unknown): boolean => {
  const { name, message } = error as Error;
  return notOffered.some((one) => name === one || name.endsWith(`#${one}`) || message.includes(one));
};
