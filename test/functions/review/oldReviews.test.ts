import { beforeEach, describe, expect, it } from 'vitest';
import { reviewFromItem } from '../../../shared/reviews/review.ts';
import { claimedReviewKey, reviewIdKey, reviewKey, reviewQueueKey } from '../../../shared/store/names.ts';
import { restorePointers } from '../../../tools/rebuild/reviews.ts';
import { act, ana, api, beginWork, ben, dispose, pay, reviewOf, reviewsOf } from './reviewers.ts';

/** What of a review is found by anything but its place: none of it in 0.1. */
const asOf01 = async (accountId: string) => {
  const { reviewId, openedAt } = await reviewOf(accountId);
  const key = reviewKey('acme', 'open', `${openedAt}#${reviewId}`);
  const { work: _, ...old } = (await api.table.get(key))!;
  await api.table.put(old as typeof old & { pk: string; sk: string });
  await api.table.delete(reviewIdKey('acme', reviewId));
  const { items } = await api.table.query({ pk: reviewQueueKey('acme', '').pk, limit: 100 });
  for (const item of items) if (item.sk.endsWith(reviewId)) await api.table.delete({ pk: item.pk, sk: item.sk });
  return { reviewId, key };
};

beforeEach(() => beginWork());

describe('a review of 0.1', () => {
  it('is claimed, found by priority from then on, and its amount stays unknown', async () => {
    await pay('a_1', 'REVIEW');
    const { reviewId } = await asOf01('a_1');
    expect(await reviewOf('a_1')).toMatchObject({ reviewId, amountMinor: null, reasons: [], assignee: null });
    expect(await reviewsOf({ sort: 'priority' })).toEqual([]);
    expect((await act(ana, 'claim', reviewId)).status).toBe(200);
    expect(await reviewsOf({ sort: 'priority', assignee: 'ana' })).toHaveLength(1);
    await pay('a_1', 'BLOCK');
    expect(await reviewsOf({ sort: 'priority' })).toMatchObject([{ reviewId, amountMinor: null, assignee: 'ana' }]);
    const { items } = await api.table.query({ pk: claimedReviewKey('acme', 'ana', 'rank', '').pk, limit: 10 });
    expect(items).toHaveLength(1);
    expect((await dispose(ana, reviewId, { disposition: 'LEGITIMATE' })).body).toMatchObject({ remaining: 0 });
    expect(await reviewsOf({ sort: 'priority' })).toEqual([]);
  });

  it('is listed once, and under nobody, after a function of 0.1 changed what it knows of', async () => {
    await pay('a_1', 'REVIEW');
    const { reviewId, openedAt } = await reviewOf('a_1');
    await act(ana, 'claim', reviewId);
    const { work: _, claim: __, ...old } = (await api.table.get(reviewKey('acme', 'open', `${openedAt}#${reviewId}`)))!;
    await api.table.put({ ...(old as typeof old & { pk: string; sk: string }), revision: 9 });
    await act(ben, 'claim', reviewId);
    expect(await reviewsOf({ assignee: 'ana' })).toEqual([]);
    for (const query of [{ sort: 'priority' }, { assignee: 'ben' }, { assignee: 'ben', sort: 'priority' }])
      expect((await reviewsOf(query)).map((review) => review.reviewId)).toEqual([reviewId]);
  });

  it('is found by priority after a rebuild, which leaves it as it is', async () => {
    await pay('a_1', 'REVIEW');
    const { key } = await asOf01('a_1');
    const item = (await api.table.get(key))!;
    const reviews = [{ tenant: 'acme', review: reviewFromItem(item) }];
    expect(await restorePointers(api.table, reviews)).toBe(1);
    expect(await restorePointers(api.table, reviews)).toBe(0);
    expect(await api.table.get(key)).toEqual(item);
    expect(await reviewsOf({ sort: 'priority' })).toHaveLength(1);
  });
});
