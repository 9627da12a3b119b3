import { createHash } from 'node:crypto';
import { dayMs } from '../domain/durations.ts';
import { graver, type Outcome } from '../domain/outcome.ts';
import { formatInstant } from '../domain/time.ts';
import type { Item, Key } from '../ports/ports.ts';
import { prefixes, reviewKey } from '../store/names.ts';
import type { LabelDisposition } from './labels.ts';

/**
 * Reviews: one open per account. Its item stands among the tenant's open reviews and moves among the closed ones; beside it stand pointers
 * at it by account and by rank while it is open, by its name for ever, and for ever a member item for each transaction in it.
 */
export interface Review {
  readonly reviewId: string;
  readonly userId: string;
  readonly accountId: string;
  readonly state: 'open' | 'closed';
  /** When the first of its transactions was decided. */
  readonly openedAtMs: number;
  /** The most severe outcome of its transactions. */
  readonly outcome: Outcome;
  /** In the order they joined; of more than `listedMax` the last ones. */
  readonly transactionIds: readonly string[];
  /** Goes up by one with every change. */
  readonly revision: number;
  /** What closed it; null while it is open. */
  readonly closed: { readonly disposition: LabelDisposition; readonly transactionId: string; readonly atMs: number } | null;
  /** What ranks it; absent in a review of 0.1 until something happens to it. */
  readonly work?: Work;
  /** Who looks at it, or looked at it last. */
  readonly claim?: { readonly assignee: string; readonly atMs: number };
}

/** A type and no interface, since it is an attribute of the item. */
export type Work = {
  /** The highest of its transactions. */
  readonly score: number;
  /** Sum in base currency, of what has a rate; null in a review that 0.1 opened, whose first amounts are not known. */
  readonly amountMinor: number | null;
  /** Names of its transactions' reasons, each once, in the order they came; at most `reasonsMax`. */
  readonly reasons: readonly string[];
  /** The part of its priority that does not grow with time: 0 to `scoreWeight` + `amountWeight`. */
  readonly urgency: number;
};

/** A decision that asks for a person. */
export interface Flagged {
  readonly transactionId: string;
  readonly outcome: Outcome;
  readonly decidedAtMs: number;
  readonly score: number;
  /** In base currency; null without a rate. */
  readonly amountMinor: number | null;
  readonly reasons: readonly string[];
  /** What amounts are usual: of ln(amount in base minor units), as the policy has it. */
  readonly population: { readonly mean: number; readonly sd: number };
}

export const reviewLimits = {
  /** Transactions named in a review: its item stays small however long an attack goes on. */
  listedMax: 1_000,
  reasonsMax: 30,
} as const;

/** An open review is due this long after it was opened. */
export const dueMs = dayMs;

/** Shares of a priority of 100: half for the score, 30 for the amount at risk, 20 for each time of `dueMs` that the review waits. */
const scoreWeight = 50;
const amountWeight = 30;
const ageWeight = 20;

/** The amount weighs nothing at this many standard deviations above what is usual, and all at the other. */
const amountZ = { none: -1, all: 3 } as const;

const urgencyOf = (score: number, amountMinor: number | null, { mean, sd }: Flagged['population']): number => {
  const z = amountMinor === null || amountMinor <= 0 ? amountZ.none : (Math.log(amountMinor) - mean) / sd;
  const share = Math.min(1, Math.max(0, (z - amountZ.none) / (amountZ.all - amountZ.none)));
  return Math.round(100 * ((scoreWeight * score) / 100 + amountWeight * share)) / 100;
};

/** 0 to 100, higher as it waits; a closed review keeps that of its closing. */
export function priorityOf({ work, openedAtMs, closed }: Review, nowMs: number): number {
  const ageMs = Math.max(0, (closed?.atMs ?? nowMs) - openedAtMs);
  return Math.min(100, Math.round((work?.urgency ?? 0) + (ageWeight * ageMs) / dueMs));
}

/**
 * Sorts open reviews as text by falling priority. Every priority grows equally with time, so that their order stays: that of the time at
 * which a review without urgency would have to be opened to be as urgent.
 */
export const rankOf = ({ work, openedAtMs, reviewId }: Review): string => {
  const virtualMs = Math.round(openedAtMs - ((work?.urgency ?? 0) * dueMs) / ageWeight);
  return `${String(virtualMs).padStart(15, '0')}#${reviewId}`;
};

/** Where a review stands among its tenant's, the same while open and when closed. */
export const reviewPlace = ({ openedAtMs, reviewId }: Pick<Review, 'openedAtMs' | 'reviewId'>): string =>
  `${formatInstant(openedAtMs)}#${reviewId}`;

export const isReviewId = (text: string): boolean => /^rev_[0-9a-f]{24}$/.test(text);

/** The review that a first transaction opens: its name follows from the transaction, so that no second one can be. */
export function newReview(
  tenant: string,
  accountId: string,
  userId: string,
  first: Pick<Flagged, 'transactionId' | 'outcome' | 'decidedAtMs'>,
): Review {
  const digest = createHash('sha256').update(`${tenant}#${first.transactionId}`).digest('hex');
  return {
    reviewId: `rev_${digest.slice(0, 24)}`,
    userId,
    accountId,
    state: 'open',
    openedAtMs: first.decidedAtMs,
    outcome: first.outcome,
    transactionIds: [],
    revision: 0,
    closed: null,
  };
}

export const joined = (review: Review, flagged: readonly Flagged[]): Review => ({
  ...review,
  outcome: flagged.reduce((gravest, { outcome }) => graver(gravest, outcome), review.outcome),
  transactionIds: [...review.transactionIds, ...flagged.map(({ transactionId }) => transactionId)].slice(-reviewLimits.listedMax),
  revision: review.revision + 1,
  work: flagged.reduce(workWith, review.work ?? (review.transactionIds.length === 0 ? noWork : workOfEarlier)),
});

const noWork: Work = { score: 0, amountMinor: 0, reasons: [], urgency: 0 };
const workOfEarlier: Work = { ...noWork, amountMinor: null };

function workWith(work: Work, { score, amountMinor, reasons, population }: Flagged): Work {
  const sum = work.amountMinor === null ? null : Math.min(work.amountMinor + (amountMinor ?? 0), Number.MAX_SAFE_INTEGER);
  const highest = Math.max(work.score, score);
  return {
    score: highest,
    amountMinor: sum,
    reasons: [...new Set([...work.reasons, ...reasons])].slice(0, reviewLimits.reasonsMax),
    urgency: urgencyOf(highest, sum, population),
  };
}

export const reviewItem = (tenant: string, { closed, ...review }: Review): Item => ({
  ...reviewKey(tenant, review.state, reviewPlace(review)),
  ...review,
  ...(closed !== null && { disposition: closed.disposition, closedBy: closed.transactionId, closedAtMs: closed.atMs }),
});

/** Throws a RangeError for an item that is no review. */
export function reviewFromItem(item: Item): Review {
  const { reviewId, userId, accountId, state, openedAtMs, outcome, transactionIds, revision, work, claim } =
    item as unknown as Review;
  if (typeof reviewId !== 'string' || typeof revision !== 'number')
    throw new RangeError(`the item ${item.pk} / ${item.sk} is no review`);
  const { disposition, closedBy, closedAtMs } = item;
  const closed =
    state === 'open'
      ? null
      : { disposition: disposition as LabelDisposition, transactionId: String(closedBy), atMs: Number(closedAtMs) };
  return {
    reviewId,
    userId,
    accountId,
    state,
    openedAtMs,
    outcome,
    transactionIds,
    revision,
    closed,
    ...(work !== undefined && { work }),
    ...(claim !== undefined && { claim }),
  };
}

/** The tenant and the state of a review's item by its key; null for any other item. */
export function reviewOfKey({ pk }: Pick<Key, 'pk'>): { readonly tenant: string; readonly state: 'open' | 'closed' } | null {
  if (!pk.startsWith(prefixes.review)) return null;
  const [, tenant, state, ...others] = pk.split('#');
  if (!tenant || others.length > 0 || (state !== 'open' && state !== 'closed')) return null;
  return { tenant, state };
}
