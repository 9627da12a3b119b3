import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import { prefixes } from '../../shared/aws/keys.ts';
import type { Decision } from '../../shared/domain/decision.ts';
import type { Item } from '../../shared/ports.ts';
import { type AttributeImage, itemFromImage } from './image.ts';

/** A decision as it was committed. */
export interface Committed {
  /** Index of its record in the batch. */
  readonly position: number;
  readonly tenant: string;
  readonly decision: Decision;
  /** Age of its message when received from the queue; null when it did not come by the queue. */
  readonly queueAgeMs: number | null;
}

export interface Failure {
  readonly position: number;
  readonly cause: unknown;
}

/**
 * Something made from committed decisions: a feed, reviews, alerts, an archive. A sink meets the same decision any number of times, in
 * any company and order, and has its effect once. It returns what it could not do; it throws nothing.
 */
export interface Sink {
  readonly name: string;
  project(batch: readonly Committed[]): Promise<readonly Failure[]>;
}

export interface ProjectDependencies {
  readonly sinks: readonly Sink[];
  /** Reads a DECISION item; throws when it is none. */
  readonly decode: (item: Item) => Omit<Committed, 'position'>;
  /** Told of everything that will come again. */
  readonly report: (failure: { readonly sink: string; readonly sequenceNumber: string; readonly cause: unknown }) => void;
}

/**
 * Hands the new decisions of a stream batch to every sink. The answer names the first record that is not provably done: the stream
 * comes back with it and all that follow. Whatever can be done is done, so that one bad record holds nothing else up.
 */
export const projector =
  ({ sinks, decode, report }: ProjectDependencies) =>
  async (event: Pick<DynamoDBStreamEvent, 'Records'>): Promise<DynamoDBBatchResponse> => {
    const records = event.Records as readonly StreamRecord[];
    const failed = new Set<number>();
    const fail = (sink: string, { position, cause }: Failure): void => {
      failed.add(position);
      report({ sink, sequenceNumber: sequenceNumberOf(records[position]!), cause });
    };

    const committed: Committed[] = [];
    for (const [position, record] of records.entries()) {
      if (!isNewDecision(record)) continue;
      try {
        committed.push({ position, ...decode(newImage(record)) });
      } catch (cause) {
        fail('decode', { position, cause });
      }
    }
    for (const sink of sinks) {
      for (const failure of await sink.project(committed)) fail(sink.name, failure);
    }
    const first = records.find((_, position) => failed.has(position));
    return { batchItemFailures: first === undefined ? [] : [{ itemIdentifier: sequenceNumberOf(first) }] };
  };

interface StreamRecord {
  readonly eventName?: string;
  readonly dynamodb?: {
    readonly SequenceNumber?: string;
    readonly Keys?: Readonly<Record<string, AttributeImage>>;
    readonly NewImage?: Readonly<Record<string, AttributeImage>>;
  };
}

/** A decision is written once; a later change of its item (an erasure) is none. */
const isNewDecision = ({ eventName, dynamodb }: StreamRecord): boolean =>
  eventName === 'INSERT' && (dynamodb?.Keys?.pk?.S?.startsWith(prefixes.decision) ?? false);

const newImage = ({ dynamodb }: StreamRecord): Item => {
  if (dynamodb?.NewImage === undefined)
    throw new Error('the stream record has no new image: its view type must include new images');
  return itemFromImage(dynamodb.NewImage);
};

/** An answer with an empty identifier would bring the whole batch back, which is right for a record without a number. */
const sequenceNumberOf = ({ dynamodb }: StreamRecord): string => dynamodb?.SequenceNumber ?? '';
