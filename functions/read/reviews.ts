import type { AnswerWithoutBody } from '../../shared/edge/request.ts';
import type { TableStore } from '../../shared/ports/ports.ts';
import { renderReview } from '../../shared/reviews/render.ts';
import { reviewFromItem } from '../../shared/reviews/review.ts';
import { reviewKey } from '../../shared/store/names.ts';
import { itemPage } from '../../shared/store/pages.ts';
import { pageBody, pageRequest } from './pages.ts';

/** A page of reviews may be cut short by its size in bytes: so many queries fill one. */
const queriesMax = 20;

/** `GET /reviews?state=`: the last opened first. */
export const getReviews =
  (table: TableStore): AnswerWithoutBody =>
  async (request) => {
    const { limit, after } = pageRequest(request, () => true);
    const { pk } = reviewKey(request.tenant, request.query.state === 'closed' ? 'closed' : 'open', '');
    const query = { pk, descending: true, limit: limit + 1, consistent: true, ...(after !== null && { after }) };
    const page = await itemPage(table, { query, count: limit, queriesMax });
    return { status: 200, body: pageBody(request, page.items.map(reviewFromItem).map(renderReview), page.after) };
  };
