import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import type { Decision } from '../../shared/domain/decision.ts';
import type { StoredEntry } from '../../shared/ledger/items.ts';
import type { Item } from '../../shared/ports/ports.ts';
import { type Label, labelFromItem } from '../../shared/reviews/labels.ts';
import { type Review, reviewFromItem, reviewOfKey } from '../../shared/reviews/review.ts';
import { prefixes, type projectedItems } from '../../shared/store/names.ts';
import { type AttributeImage, itemFromImage } from './image.ts';

/** A decision as it was committed. */
export interface Committed {
  /** Index of its record in the batch. */
  readonly position: number;
  readonly tenant: string;
  readonly decision: Decision;
  /** Age of its message when received from the queue; null when it did not come by the queue. */
  readonly queueAgeMs: number | null;
  /** The caller's, from the API on; null or left out where none is known. */
  readonly correlationId?: string | null;
}

/** A new entry of any chain, a tenant's system chain included. */
interface CommittedEntry {
  readonly position: number;
  readonly entry: StoredEntry;
  /** The row it was read from. */
  readonly item: Item;
}

/** A review that was opened or closed. */
interface CommittedReview {
  readonly position: number;
  readonly tenant: string;
  readonly review: Review;
}

/** What a transaction turned out to be, said for the first time or anew. */
interface CommittedLabel {
  readonly position: number;
  readonly label: Label;
}

interface Batch {
  readonly decisions: readonly Committed[];
  /** Empty unless the projector was given a `decodeEntry`. */
  readonly entries: readonly CommittedEntry[];
  readonly reviews?: readonly CommittedReview[];
  readonly labels?: readonly CommittedLabel[];
}

export interface Failure {
  readonly position: number;
  readonly cause: unknown;
}

/**
 * Something made from what was committed: a feed, reviews, alerts, an archive. A sink meets the same record any number of times, in
 * any company and order, and has its effect once. It returns what it could not do; it throws nothing.
 */
export interface Sink {
  readonly name: string;
  project(batch: Batch): Promise<readonly Failure[]>;
}

export interface ProjectDependencies {
  readonly sinks: readonly Sink[];
  /** Reads a DECISION item; throws when it is none. An erased one, delivered once more, is given to no sink. */
  readonly decode: (item: Item) => Omit<Committed, 'position'> & { readonly erased?: boolean };
  /** Reads an AUDIT item; left out while no sink takes entries. */
  readonly decodeEntry?: (item: Item) => StoredEntry;
  /** Told of everything that will come again. */
  readonly report: (failure: { readonly sink: string; readonly sequenceNumber: string; readonly cause: unknown }) => void;
}

/**
 * Hands the new decisions of a stream batch to every sink. The answer names the first record that is not provably done: the stream
 * comes back with it and all that follow. Whatever can be done is done, so that one bad record holds nothing else up.
 */
export const projector =
  ({ sinks, decode, decodeEntry, report }: ProjectDependencies) =>
  async (event: Pick<DynamoDBStreamEvent, 'Records'>): Promise<DynamoDBBatchResponse> => {
    const records = event.Records as readonly StreamRecord[];
    const failed = new Set<number>();
    const fail = (sink: string, { position, cause }: Failure): void => {
      failed.add(position);
      report({ sink, sequenceNumber: sequenceNumberOf(records[position]!), cause });
    };

    const decisions: Committed[] = [];
    const entries: CommittedEntry[] = [];
    const reviews: CommittedReview[] = [];
    const labels: CommittedLabel[] = [];
    for (const [position, record] of records.entries()) {
      try {
        if (isNew(record, 'decision')) {
          const decided = decode(newImage(record));
          if (decided.erased !== true) decisions.push({ position, ...decided });
        } else if (decodeEntry && isNew(record, 'audit')) {
          const item = newImage(record);
          entries.push({ position, entry: decodeEntry(item), item });
        } else if (isPut(record, 'label')) labels.push({ position, label: labelFromItem(newImage(record)) });
        else if (isNew(record, 'review')) {
          const item = newImage(record);
          const place = reviewOfKey(item);
          if (place !== null) reviews.push({ position, tenant: place.tenant, review: reviewFromItem(item) });
        }
      } catch (cause) {
        fail('decode', { position, cause });
      }
    }
    for (const sink of sinks) {
      for (const failure of await sink.project({ decisions, entries, reviews, labels })) fail(sink.name, failure);
    }
    const first = records.find((_, position) => failed.has(position));
    return { batchItemFailures: first === undefined ? [] : [{ itemIdentifier: sequenceNumberOf(first) }] };
  };

/** No other kind is delivered: the event source filters by them. */
type ProjectedItem = (typeof projectedItems)[number];

interface StreamRecord {
  readonly eventName?: string;
  readonly dynamodb?: {
    readonly SequenceNumber?: string;
    readonly Keys?: Readonly<Record<string, AttributeImage>>;
    readonly NewImage?: Readonly<Record<string, AttributeImage>>;
  };
}

/** Decisions and entries are written once; a later change of their items (an erasure) is no new one. */
const isNew = (record: StreamRecord, item: ProjectedItem): boolean => record.eventName === 'INSERT' && isOf(record, item);

const isPut = (record: StreamRecord, item: ProjectedItem): boolean => record.eventName !== 'REMOVE' && isOf(record, item);

const isOf = ({ dynamodb }: StreamRecord, item: ProjectedItem): boolean =>
  dynamodb?.Keys?.pk?.S?.startsWith(prefixes[item]) ?? false;

const newImage = ({ dynamodb }: StreamRecord): Item => {
  if (dynamodb?.NewImage === undefined)
    throw new Error('the stream record has no new image: its view type must include new images');
  return itemFromImage(dynamodb.NewImage);
};

/** An answer with an empty identifier would bring the whole batch back, which is right for a record without a number. */
const sequenceNumberOf = ({ dynamodb }: StreamRecord): string => dynamodb?.SequenceNumber ?? '';
