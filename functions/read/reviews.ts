import type { AnswerWithoutBody } from '../../shared/edge/request.ts';
import type { TableStore } from '../../shared/ports/ports.ts';
import { renderReview } from '../../shared/reviews/render.ts';
import { reviewFromItem } from '../../shared/reviews/review.ts';
import { reviewKey } from '../../shared/store/names.ts';
import { itemPage } from '../../shared/store/pages.ts';
import { pageBody, pageRequest } from './pages.ts';

/** Queries that may be needed to fill a page: a query ends early at its size in bytes. */
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
