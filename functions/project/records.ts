import type { Item, Key } from '../../shared/ports/ports.ts';
import type { StoredEntry } from '../../shared/proof/entry.ts';
import { labelFromItem } from '../../shared/reviews/labels.ts';
import { reviewFromItem, reviewOfKey } from '../../shared/reviews/review.ts';
import { prefixes, type projectedItems } from '../../shared/store/names.ts';
import { type AttributeImage, itemFromImage } from './image.ts';
import type { Batch, CommittedDecision, CommittedEntry, CommittedLabel, CommittedReview, Failure } from './sink.ts';

export interface StreamRecord {
  /** The record's own, the same however often it is delivered. */
  readonly eventID?: string;
  readonly eventName?: string;
  readonly dynamodb?: {
    readonly SequenceNumber?: string;
    readonly Keys?: Readonly<Record<string, AttributeImage>>;
    readonly NewImage?: Readonly<Record<string, AttributeImage>>;
  };
}

export interface Decoders {
  /** Reads a DECISION item; throws when it is none. An erased one, delivered once more, is given to no sink. */
  readonly decode: (item: Item) => Omit<CommittedDecision, 'position'> & { readonly erased?: boolean };
  /** Reads an AUDIT item; left out while no sink takes entries. */
  readonly decodeEntry?: (item: Item) => StoredEntry;
}

/** What sinks take of the records, by their positions, and the records that cannot be decoded. */
export const readRecords = (
  records: readonly StreamRecord[],
  { decode, decodeEntry }: Decoders,
): { readonly batch: Batch; readonly unreadable: readonly Failure[] } => {
  const decisions: CommittedDecision[] = [];
  const entries: CommittedEntry[] = [];
  const reviews: CommittedReview[] = [];
  const labels: CommittedLabel[] = [];
  const unreadable: Failure[] = [];
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
      unreadable.push({ position, cause });
    }
  }
  return { batch: { decisions, entries, reviews, labels }, unreadable };
};

export const keyOf = ({ dynamodb }: StreamRecord): Key => ({
  pk: dynamodb?.Keys?.pk?.S ?? '',
  sk: dynamodb?.Keys?.sk?.S ?? '',
});

/** An answer with an empty identifier would bring the whole batch back, which is right for a record without a number. */
export const sequenceNumberOf = ({ dynamodb }: StreamRecord): string => dynamodb?.SequenceNumber ?? '';

/** No other kind is delivered: the event source filters by them. */
type ProjectedItem = (typeof projectedItems)[number];

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
