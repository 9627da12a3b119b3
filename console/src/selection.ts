import type { ReviewItem } from './wire.ts';

/**
 * Which review the page shows. It is pinned by its id: a list that changes never moves it, and a review that leaves the list stays
 * selected until the analyst chooses another.
 */
export interface Selection {
  /** As last listed; null while none is selected. */
  readonly review: ReviewItem | null;
  /** Its place in the list, or the place it had when it left. */
  readonly index: number;
}

export const nothingSelected: Selection = { review: null, index: -1 };

export const isListed = ({ review }: Selection, items: readonly ReviewItem[]): boolean =>
  items.some(({ reviewId }) => reviewId === review?.reviewId);

/** The selection after the list was read again: the same review, in its newest state. */
export const refreshed = (selection: Selection, items: readonly ReviewItem[]): Selection => {
  const index = items.findIndex(({ reviewId }) => reviewId === selection.review?.reviewId);
  if (index < 0) return selection;
  const review = items[index]!;
  return review === selection.review && index === selection.index ? selection : { review, index };
};

export const selected = (review: ReviewItem, items: readonly ReviewItem[]): Selection => ({
  review,
  index: items.findIndex(({ reviewId }) => reviewId === review.reviewId),
});

/** The selection moved down (1) or up (-1), past the reviews that `isDone`. The same selection when there is none to move to. */
export const moved = (
  selection: Selection,
  items: readonly ReviewItem[],
  by: 1 | -1,
  isDone: (review: ReviewItem) => boolean = () => false,
): Selection => {
  if (selection.review === null) return items[0] === undefined ? selection : selected(items[0], items);
  // Once a review has left the list, the next one is at its place, or is the last.
  const hasLeft = !isListed(selection, items);
  let index = hasLeft && by === 1 ? Math.min(selection.index, items.length - 1) : selection.index + by;
  while (items[index] !== undefined && isDone(items[index]!)) index += by;
  const review = items[index];
  return review === undefined ? selection : { review, index };
};
