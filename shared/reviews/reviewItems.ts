import type { Key, TableStore, Write } from '../ports/ports.ts';
import { claimedReviewKey, openReviewKey, reviewIdKey, reviewKey, reviewMemberKey, reviewQueueKey } from '../store/names.ts';
import { isReviewId, type Review, rankOf, reviewFromItem, reviewItem, reviewPlace } from './review.ts';

/** Finding reviews in the table, and the writes that open, change and close them together with what points at them. */

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

/** The review that a pointer's place leads to; `moved` when it was closed while being read. */
async function reviewAt(table: TableStore, tenant: string, place: string): Promise<Review | 'moved'> {
  for (const state of ['open', 'closed'] as const) {
    const item = await table.get(reviewKey(tenant, state, place), { consistent: true });
    if (item !== null) return reviewFromItem(item);
  }
  return 'moved';
}

/** Open reviews of 0.1 among which one is looked for: a page of the table has 1 MB. */
const earlierPagesMax = 20;
const earlierPerPage = 1_000;

/**
 * The review of a name; null for none, `moved` when it was closed while being read. A review of 0.1 that nothing points at by its name is
 * looked for among the open ones.
 */
export async function reviewNamed(table: TableStore, tenant: string, reviewId: string): Promise<Review | null | 'moved'> {
  const pointer = await table.get(reviewIdKey(tenant, reviewId), { consistent: true });
  if (pointer !== null) return reviewAt(table, tenant, String(pointer.place));
  if (!isReviewId(reviewId)) return null;
  const { pk } = reviewKey(tenant, 'open', '');
  let after: string | undefined;
  for (let pages = 0; pages < earlierPagesMax; pages++) {
    const page = await table.query({ pk, limit: earlierPerPage, ...(after !== undefined && { after }) });
    const found = page.items.find((item) => item.reviewId === reviewId);
    if (found !== undefined) return reviewAt(table, tenant, found.sk);
    after = page.after;
    if (after === undefined) return null;
  }
  return null;
}

/** The review that a transaction is in, open or closed; null for none; `moved` when it was closed while being read. */
export async function reviewOf(table: TableStore, tenant: string, transactionId: string): Promise<Review | null | 'moved'> {
  const member = await table.get(reviewMemberKey(tenant, transactionId), { consistent: true });
  return member === null ? null : reviewAt(table, tenant, String(member.place));
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
  idWrite(tenant, review),
  ...pointerWrites([], pointersOf(tenant, review), reviewPlace(review)),
];

/** Replaces a review's item, provided that it is still as read, and moves what points at it: at most 8 writes. */
export function changeWrites(tenant: string, before: Review, after: Review): Write[] {
  const [old, now] = [pointersOf(tenant, before), pointersOf(tenant, after)];
  const put: Write = { kind: 'put', item: reviewItem(tenant, after), condition: unchanged(before) };
  const moved = pointerWrites(old, now, reviewPlace(after));
  // Of a review of 0.1 it is not known what points at it.
  return before.work === undefined
    ? [
        put,
        idWrite(tenant, after),
        ...moved.filter(({ kind }) => kind === 'delete'),
        ...pointerWrites([], now, reviewPlace(after)),
      ]
    : [put, ...moved];
}

const idWrite = (tenant: string, review: Review): Write => ({
  kind: 'put',
  item: { ...reviewIdKey(tenant, review.reviewId), place: reviewPlace(review) },
});

function pointerWrites(before: readonly Key[], after: readonly Key[], place: string): Write[] {
  const isIn = (keys: readonly Key[], { pk, sk }: Key): boolean => keys.some((key) => key.pk === pk && key.sk === sk);
  return [
    ...before.filter((key) => !isIn(after, key)).map((key): Write => ({ kind: 'delete', key })),
    ...after.filter((key) => !isIn(before, key)).map((key): Write => ({ kind: 'put', item: { ...key, place } })),
  ];
}

/** The keys by which an open review is found in an order. */
function pointersOf(tenant: string, review: Review): readonly Key[] {
  if (review.state !== 'open') return [];
  const rank = rankOf(review);
  const queued = reviewQueueKey(tenant, rank);
  if (review.claim === undefined) return [queued];
  const { assignee } = review.claim;
  return [
    queued,
    claimedReviewKey(tenant, assignee, 'rank', rank),
    claimedReviewKey(tenant, assignee, 'place', reviewPlace(review)),
  ];
}

/** Writes that let a review of 0.1, still as read, be found by its name and by rank, and change nothing else. */
export const findableWrites = (tenant: string, review: Review): Write[] => [
  { kind: 'check', key: reviewKey(tenant, review.state, reviewPlace(review)), condition: unchanged(review) },
  idWrite(tenant, review),
  ...pointerWrites([], pointersOf(tenant, review), reviewPlace(review)),
];

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
  ...pointerWrites(pointersOf(tenant, before), [], ''),
];

/** Writes that leave nothing that leads to a review. */
export const forgetWrites = (tenant: string, review: Review): Write[] => [
  { kind: 'delete', key: reviewIdKey(tenant, review.reviewId) },
  ...pointerWrites(pointersOf(tenant, review), [], ''),
];

const unchanged = ({ revision }: Review) => ({ kind: 'equals', attribute: 'revision', value: revision }) as const;
