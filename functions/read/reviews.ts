import { invalid } from '../../shared/edge/problem.ts';
import type { AnswerWithoutBody, ApiRequest } from '../../shared/edge/request.ts';
import type { Item, TableStore } from '../../shared/ports/ports.ts';
import { renderReview } from '../../shared/reviews/render.ts';
import { type Review, reviewFromItem } from '../../shared/reviews/review.ts';
import { claimedReviewKey, reviewKey, reviewQueueKey } from '../../shared/store/names.ts';
import { itemPage } from '../../shared/store/pages.ts';
import { pageBody, pageRequest } from './pages.ts';

/** A page of reviews may be cut short by its size in bytes, or by a filter: so many queries fill one. */
const queriesMax = 20;
const keysPerRead = 100;

/**
 * `GET /reviews?state=&assignee=&sort=`: the last opened first; `priority`: by falling priority; `age`: the oldest first. Every order of open
 * reviews is stored, so that a page costs the same however many are open. Closed ones of an assignee are looked for, and a page of them may be
 * short with a cursor that goes on.
 */
export const getReviews =
  (table: TableStore): AnswerWithoutBody =>
  async (request) => {
    const { limit, after } = pageRequest(request, () => true);
    const page = await reviewsOf(table, request, limit, after);
    const items = page.reviews.map((review) => renderReview(review, request.receivedAtMs));
    return { status: 200, body: pageBody(request, items, page.after) };
  };

interface ReviewPage {
  readonly reviews: readonly Review[];
  readonly after?: string;
}

async function reviewsOf(table: TableStore, request: ApiRequest, limit: number, after: string | null): Promise<ReviewPage> {
  const { tenant, query } = request;
  const { state, assignee, sort } = query;
  const from = { limit: limit + 1, consistent: true, ...(after !== null && { after }) };
  const isClosed = state === 'closed';
  if (isClosed && sort === 'priority')
    throw invalid([{ pointer: '?sort', detail: 'sort may be priority for open reviews alone; given for closed ones' }]);
  if (!isClosed && (assignee !== undefined || sort === 'priority')) {
    const byRank = sort === 'priority';
    const { pk } =
      assignee === undefined ? reviewQueueKey(tenant, '') : claimedReviewKey(tenant, assignee, byRank ? 'rank' : 'place', '');
    const descending = !byRank && sort !== 'age';
    const pointers = await itemPage(table, { query: { pk, descending, ...from }, count: limit, queriesMax });
    const found = await pointedAt(table, tenant, pointers.items);
    const reviews = found.filter(({ claim }) => assignee === undefined || claim?.assignee === assignee);
    return { reviews, ...(pointers.after !== undefined && { after: pointers.after }) };
  }
  const { pk } = reviewKey(tenant, isClosed ? 'closed' : 'open', '');
  const isWanted = (item: Item): boolean => assignee === undefined || reviewFromItem(item).claim?.assignee === assignee;
  const page = await itemPage(table, {
    query: { pk, descending: sort !== 'age', ...from },
    count: limit,
    queriesMax,
    isWanted,
  });
  return { reviews: page.items.map(reviewFromItem), ...(page.after !== undefined && { after: page.after }) };
}

/**
 * The reviews that pointers lead to, each once, in their order; those that were closed meanwhile are left out. While an upgrade runs, functions
 * of 0.1 change reviews and not what points at them.
 */
async function pointedAt(table: TableStore, tenant: string, pointers: readonly Item[]): Promise<Review[]> {
  const reviews: Review[] = [];
  for (let i = 0; i < pointers.length; i += keysPerRead) {
    const keys = pointers.slice(i, i + keysPerRead).map(({ place }) => reviewKey(tenant, 'open', String(place)));
    const items = await table.getMany(keys, { consistent: true });
    reviews.push(...items.filter((item) => item !== null).map(reviewFromItem));
  }
  return [...new Map(reviews.map((review) => [review.reviewId, review])).values()];
}
