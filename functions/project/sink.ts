import type { Decision } from '../../shared/domain/decision.ts';
import type { Item } from '../../shared/ports/ports.ts';
import type { StoredEntry } from '../../shared/proof/entry.ts';
import type { Label } from '../../shared/reviews/labels.ts';
import type { Review } from '../../shared/reviews/review.ts';

/** A decision as it was committed. */
export interface CommittedDecision {
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
export interface CommittedEntry {
  readonly position: number;
  readonly entry: StoredEntry;
  /** The row it was read from. */
  readonly item: Item;
}

/** A review that was opened or closed. */
export interface CommittedReview {
  readonly position: number;
  readonly tenant: string;
  readonly review: Review;
}

/** A label that was set or replaced. */
export interface CommittedLabel {
  readonly position: number;
  readonly label: Label;
}

export interface Batch {
  readonly decisions: readonly CommittedDecision[];
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

/** The part of a batch at some positions. */
export const partOf = (batch: Batch, isWanted: (position: number) => boolean): Batch => {
  const wanted = ({ position }: { readonly position: number }): boolean => isWanted(position);
  const { decisions, entries, reviews = [], labels = [] } = batch;
  return {
    decisions: decisions.filter(wanted),
    entries: entries.filter(wanted),
    reviews: reviews.filter(wanted),
    labels: labels.filter(wanted),
  };
};

export const positionsOf = ({ decisions, entries, reviews = [], labels = [] }: Batch): number[] =>
  [...decisions, ...entries, ...reviews, ...labels].map(({ position }) => position);
