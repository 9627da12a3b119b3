import { createHash } from 'node:crypto';
import { graver, type Outcome } from '../domain/outcome.ts';
import { formatInstant } from '../domain/time.ts';
import type { Item, Key, TableStore, Write } from '../ports/ports.ts';
import { openReviewKey, prefixes, reviewKey, reviewMemberKey } from '../store/names.ts';
import type { LabelDisposition } from './labels.ts';

/**
 * Reviews: at most one is open per account. Its item is among the tenant's open reviews, and moves to the closed ones. While it is open,
 * another item leads from the account to it; for each transaction in it, a member item is kept for good.
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
}

/** A decision that asks for a person. */
export interface Flagged {
  readonly transactionId: string;
  readonly outcome: Outcome;
  readonly decidedAtMs: number;
}

export const reviewLimits = {
  /** Transactions named in a review: its item stays small however long an attack goes on. */
  listedMax: 1_000,
} as const;

/** Returns the sort key of a review, the same among the open and the closed ones. */
export const reviewPlace = ({ openedAtMs, reviewId }: Pick<Review, 'openedAtMs' | 'reviewId'>): string =>
  `${formatInstant(openedAtMs)}#${reviewId}`;

/** The review that a first transaction opens: its name follows from the transaction, so that no second one can be. */
export function newReview(tenant: string, accountId: string, userId: string, first: Flagged): Review {
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
});

export const reviewItem = (tenant: string, { closed, ...review }: Review): Item => ({
  ...reviewKey(tenant, review.state, reviewPlace(review)),
  ...review,
  ...(closed !== null && { disposition: closed.disposition, closedBy: closed.transactionId, closedAtMs: closed.atMs }),
});

/** Throws a RangeError for an item that is no review. */
export function reviewFromItem(item: Item): Review {
  const { reviewId, userId, accountId, state, openedAtMs, outcome, transactionIds, revision } = item as unknown as Review;
  if (typeof reviewId !== 'string' || typeof revision !== 'number')
    throw new RangeError(`the item ${item.pk} / ${item.sk} is no review`);
  const { disposition, closedBy, closedAtMs } = item;
  const closed =
    state === 'open'
      ? null
      : { disposition: disposition as LabelDisposition, transactionId: String(closedBy), atMs: Number(closedAtMs) };
  return { reviewId, userId, accountId, state, openedAtMs, outcome, transactionIds, revision, closed };
}

/** The tenant and the state of a review's item by its key; null for any other item. */
export function reviewOfKey({ pk }: Pick<Key, 'pk'>): { readonly tenant: string; readonly state: 'open' | 'closed' } | null {
  if (!pk.startsWith(prefixes.review)) return null;
  const [, tenant, state, ...others] = pk.split('#');
  if (!tenant || others.length > 0 || (state !== 'open' && state !== 'closed')) return null;
  return { tenant, state };
}

/** The open review of an account; `moved` when it was closed or opened while being read. */
export async function openReviewOf(
  table: TableStore,
  tenant: string,
  accountId: string,
  userId: string,
): Promise<Review | null | 'moved'> {
  const pointer = await table.get(openReviewKey(tenant, accountId, userId), { consistent: true });
  if (pointer === null) return null;
  const item = await table.get(reviewKey(tenant, 'open', String(pointer.place)), { consistent: true });
  return item === null ? 'moved' : reviewFromItem(item);
}

/** The review that a transaction is in, open or closed; null for none; `moved` when it was closed while being read. */
export async function reviewOf(table: TableStore, tenant: string, transactionId: string): Promise<Review | null | 'moved'> {
  const member = await table.get(reviewMemberKey(tenant, transactionId), { consistent: true });
  if (member === null) return null;
  for (const state of ['open', 'closed'] as const) {
    const item = await table.get(reviewKey(tenant, state, String(member.place)), { consistent: true });
    if (item !== null) return reviewFromItem(item);
  }
  return 'moved';
}

export const memberWrite = (tenant: string, transactionId: string, review: Review): Write => ({
  kind: 'put',
  item: { ...reviewMemberKey(tenant, transactionId), place: reviewPlace(review) },
  condition: { kind: 'absent' },
});

export const openingWrites = (tenant: string, review: Review): Write[] => [
  {
    kind: 'put',
    item: { ...openReviewKey(tenant, review.accountId, review.userId), place: reviewPlace(review) },
    condition: { kind: 'absent' },
  },
  { kind: 'put', item: reviewItem(tenant, review), condition: { kind: 'absent' } },
];

/** Replaces a review's item, provided that it is still as read. */
export const changeWrite = (tenant: string, before: Review, after: Review): Write => ({
  kind: 'put',
  item: reviewItem(tenant, after),
  condition: unchanged(before),
});

/** Moves an open review, still as read, among the closed ones. */
export const closingWrites = (tenant: string, before: Review, closed: NonNullable<Review['closed']>): Write[] => [
  {
    kind: 'delete',
    key: openReviewKey(tenant, before.accountId, before.userId),
    condition: { kind: 'equals', attribute: 'place', value: reviewPlace(before) },
  },
  { kind: 'delete', key: reviewKey(tenant, 'open', reviewPlace(before)), condition: unchanged(before) },
  {
    kind: 'put',
    item: reviewItem(tenant, { ...before, state: 'closed', closed, revision: before.revision + 1 }),
    condition: { kind: 'absent' },
  },
];

const unchanged = ({ revision }: Review) => ({ kind: 'equals', attribute: 'revision', value: revision }) as const;
