import { aboutAccount, quietMs } from '../../shared/alerts/gate.ts';
import { dayMs } from '../../shared/domain/durations.ts';
import { ConditionFailed, type Item, type TableStore, TransactionCancelled } from '../../shared/ports/ports.ts';
import {
  type Feed,
  feedDayKey,
  feedRetentionDays,
  pageEntries,
  pageItem,
  slotBounds,
  slotStartMs,
} from '../../shared/projection/feed.ts';
import { type Review, reviewFromItem, reviewPlace } from '../../shared/reviews/review.ts';
import { forgetWrites } from '../../shared/reviews/reviewItems.ts';
import { alertKey, openReviewKey, reviewKey, reviewMemberKey, stateKey, userAccountKey } from '../../shared/store/names.ts';
import { queryItems } from '../../shared/store/pages.ts';
import { inParallel } from '../../shared/store/parallel.ts';
import type { Owner, Payment } from './owners.ts';

interface Place {
  readonly table: TableStore;
  readonly tenant: string;
  readonly nowMs: number;
}

const readsAtOnce = 16;
const keysPerRead = 100;
const pagesPerQuery = 50;
const feeds: readonly Feed[] = ['all', 'flagged'];

/** Erases what the table holds of dead payments beside their decisions: in feeds, in reviews, in the notes of alerts. Throws store errors. */
export const sweepTraces = async (
  place: Place,
  { accountId, userId }: Owner,
  payments: ReadonlyMap<string, Payment>,
): Promise<{ readonly feedPages: number; readonly reviews: number; readonly alerts: number; readonly users: number }> => ({
  feedPages: await sweepFeeds(place, payments),
  reviews: await sweepReviews(place, payments),
  alerts: await sweepAlerts(place, accountId, userId),
  users: await sweepUsers(place, accountId, userId),
});

/** A payment is on one of the pages of its slot from its own time on. */
const sweepFeeds = async ({ table, tenant, nowMs }: Place, payments: ReadonlyMap<string, Payment>): Promise<number> => {
  const keptFromMs = nowMs - (feedRetentionDays + 2) * dayMs;
  const oldestOfSlots = new Map<number, number>();
  for (const { decidedAtMs } of payments.values()) {
    if (decidedAtMs < keptFromMs) continue;
    const slot = slotStartMs(decidedAtMs);
    oldestOfSlots.set(slot, Math.min(decidedAtMs, oldestOfSlots.get(slot) ?? Infinity));
  }
  const places = [...oldestOfSlots.values()].flatMap((oldestMs) => feeds.map((feed) => ({ feed, oldestMs })));
  const changed = await inParallel(places, readsAtOnce, async ({ feed, oldestMs }) => {
    const query = { pk: feedDayKey(tenant, feed, oldestMs), ...slotBounds(oldestMs), limit: pagesPerQuery, consistent: true };
    let pages = 0;
    for await (const item of queryItems(table, query)) if (await eraseFeedPage(table, tenant, feed, item, payments)) pages += 1;
    return pages;
  });
  return sum(changed);
};

const eraseFeedPage = async (
  table: TableStore,
  tenant: string,
  feed: Feed,
  item: Item,
  payments: ReadonlyMap<string, Payment>,
): Promise<boolean> => {
  const entries = pageEntries(item);
  const isGone = ({ transactionId, accountId }: { readonly transactionId: string; readonly accountId: string }): boolean =>
    accountId !== '' && payments.has(transactionId);
  if (!entries.some(({ transaction }) => isGone(transaction))) return false;
  const kept = entries.map((entry) =>
    isGone(entry.transaction) ? { ...entry, transaction: { ...entry.transaction, accountId: '', userId: '' } } : entry,
  );
  return quietly(table.put(pageItem(tenant, feed, kept), { kind: 'present' }));
};

const sweepReviews = async ({ table, tenant }: Place, payments: ReadonlyMap<string, Payment>): Promise<number> => {
  const flagged = [...payments.values()].filter(({ outcome }) => outcome !== 'ALLOW');
  const places = new Set<string>();
  for (let from = 0; from < flagged.length; from += keysPerRead) {
    const members = await table.getMany(
      flagged.slice(from, from + keysPerRead).map(({ transactionId }) => reviewMemberKey(tenant, transactionId)),
      { consistent: true },
    );
    for (const member of members) if (member !== null) places.add(String(member.place));
  }
  const erased = await inParallel([...places], readsAtOnce, async (place) => {
    const read = (state: Review['state']) => table.get(reviewKey(tenant, state, place), { consistent: true });
    const item = (await read('open')) ?? (await read('closed'));
    if (item === null) return 0;
    const review = reviewFromItem(item);
    if (review.accountId === '' || !review.transactionIds.every((id) => payments.has(id))) return 0;
    return Number(await eraseReview(table, tenant, item, review));
  });
  return sum(erased);
};

/** A closed review stays without its person; an open one asks for what nobody can give any more, and goes. */
const eraseReview = (table: TableStore, tenant: string, item: Item, review: Review): Promise<boolean> => {
  const asRead = { kind: 'equals', attribute: 'revision', value: review.revision } as const;
  if (review.state === 'closed') return quietly(table.put({ ...item, accountId: '', userId: '' }, asRead));
  const pointer = openReviewKey(tenant, review.accountId, review.userId);
  const place = reviewPlace(review);
  return quietly(
    table.transact([
      { kind: 'delete', key: pointer, condition: { kind: 'equals', attribute: 'place', value: place } },
      { kind: 'delete', key: { pk: item.pk, sk: item.sk }, condition: asRead },
      ...forgetWrites(tenant, review),
    ]),
  );
};

const sweepAlerts = async ({ table, tenant }: Place, accountId: string, userId: string): Promise<number> => {
  const kinds = Object.keys(quietMs);
  const gone = await inParallel(kinds, readsAtOnce, async (kind) => {
    const key = alertKey(tenant, kind, aboutAccount(accountId, userId));
    if ((await table.get(key, { consistent: true })) === null) return 0;
    await table.delete(key);
    return 1;
  });
  return sum(gone);
};

/** The note of whose account it was; one that lives began after the erasure. */
const sweepUsers = async ({ table, tenant }: Place, accountId: string, userId: string): Promise<number> => {
  const key = userAccountKey(tenant, userId, accountId);
  if ((await table.get(key, { consistent: true })) === null) return 0;
  if ((await table.get(stateKey(tenant, accountId, userId), { consistent: true })) !== null) return 0;
  await table.delete(key);
  return 1;
};

const sum = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0);

/** An item that moved or went since it was read counts as changed: the next sweep finds it as it is then. */
const quietly = async (write: Promise<unknown>): Promise<boolean> => {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof ConditionFailed || error instanceof TransactionCancelled) return true;
    throw error;
  }
};
