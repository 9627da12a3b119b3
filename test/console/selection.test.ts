import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isListed, moved, nothingSelected, refreshed, selected } from '../../console/src/selection.ts';
import type { ReviewItem } from '../../console/src/wire.ts';

const review = (reviewId: string, transactionIds: readonly string[] = [`t_${reviewId}`]): ReviewItem => ({
  reviewId,
  userId: 'u_1',
  accountId: `a_${reviewId}`,
  state: 'open',
  openedAt: '2026-11-20T13:45:00.000Z',
  outcome: 'REVIEW',
  transactionIds,
  assignee: null,
  claimedAt: null,
  priority: 40,
  amountMinor: 100,
  dueAt: '2026-11-21T13:45:00.000Z',
  reasons: [],
});
const list = (...ids: readonly string[]): readonly ReviewItem[] => ids.map((id) => review(id));
const at = (id: string, items: readonly ReviewItem[]) => selected(items.find(({ reviewId }) => reviewId === id)!, items);

describe('the selected review', () => {
  it('is none until the analyst selects one', () => {
    expect(refreshed(nothingSelected, list('c', 'b', 'a')).review).toBeNull();
    expect(isListed(nothingSelected, list('a'))).toBe(false);
  });

  it('stays the same when new reviews arrive above it', () => {
    const chosen = at('b', list('b', 'a'));
    const later = refreshed(chosen, list('d', 'c', 'b', 'a'));
    expect([later.review!.reviewId, later.index]).toEqual(['b', 2]);
  });

  it('shows what joined it since', () => {
    const chosen = at('b', list('b', 'a'));
    const grown = review('b', ['t_b', 't_b2']);
    expect(refreshed(chosen, [grown, review('a')]).review).toBe(grown);
  });

  it('stays selected when it leaves the list', () => {
    const chosen = at('b', list('c', 'b', 'a'));
    const later = refreshed(chosen, list('c', 'a'));
    expect(later).toBe(chosen);
    expect(isListed(later, list('c', 'a'))).toBe(false);
  });

  it.each([
    ['down, to the one below', 'b', list('c', 'b', 'a'), 1, 'a'],
    ['up, to the one above', 'b', list('c', 'b', 'a'), -1, 'c'],
    ['down from the last, nowhere', 'a', list('c', 'b', 'a'), 1, 'a'],
    ['up from the first, nowhere', 'c', list('c', 'b', 'a'), -1, 'c'],
  ] as const)('moves %s', (_, from, items, by, to) => {
    expect(moved(at(from, items), items, by).review!.reviewId).toBe(to);
  });

  it.each([
    ['down, to the one at its place', 1, ['c', 'a'], 'a'],
    ['up, to the one above its place', -1, ['c', 'a'], 'c'],
    ['down, to the last when it was the last', 1, ['c'], 'c'],
    ['nowhere in an empty list', 1, [], 'b'],
  ] as const)('moves from a review that has left the list %s', (_, by, ids, to) => {
    expect(moved(at('b', list('c', 'b', 'a')), list(...ids), by).review!.reviewId).toBe(to);
  });

  it('moves past reviews that are decided already, and stays when there is no other', () => {
    const items = list('d', 'c', 'b', 'a');
    expect(moved(at('d', items), items, 1, ({ reviewId }) => reviewId === 'c').review!.reviewId).toBe('b');
    expect(moved(at('d', items), items, 1, () => true).review!.reviewId).toBe('d');
  });

  it('is the first of the list after the first move, and none in an empty list', () => {
    expect(moved(nothingSelected, list('b', 'a'), 1).review!.reviewId).toBe('b');
    expect(moved(nothingSelected, [], 1)).toBe(nothingSelected);
  });

  it('is never changed by any list that is read', () => {
    const lists = fc.array(fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { maxLength: 5 }), { maxLength: 20 });
    fc.assert(
      fc.property(lists, (reads) => {
        const start = at('b', list('b', 'a'));
        expect(reads.reduce((selection, ids) => refreshed(selection, list(...ids)), start).review!.reviewId).toBe('b');
      }),
    );
  });
});
