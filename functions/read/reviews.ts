import type { Endpoint } from '../../shared/edge/http.ts';
import type { TableStore } from '../../shared/ports/ports.ts';
import { renderReview } from '../../shared/reviews/render.ts';
import { type Review, reviewFromItem } from '../../shared/reviews/review.ts';
import { reviewKey } from '../../shared/store/names.ts';
import { pageBody, pageRequest } from './pages.ts';

/** A page of reviews may be cut short by its size in bytes: so many queries fill one. */
const queriesMax = 20;

/** `GET /reviews?state=`: the last opened first. */
export const getReviews =
  (table: TableStore): Endpoint =>
  async (request) => {
    const { limit, after } = pageRequest(request, () => true);
    const { pk } = reviewKey(request.tenant, request.query.state === 'closed' ? 'closed' : 'open', '');
    const found: Review[] = [];
    let place = after ?? undefined;
    for (let queries = 0; queries < queriesMax && found.length < limit; queries += 1) {
      const page = await table.query({
        pk,
        descending: true,
        limit: limit - found.length,
        consistent: true,
        ...(place !== undefined && { after: place }),
      });
      found.push(...page.items.map(reviewFromItem));
      place = page.after;
      if (place === undefined) break;
    }
    return { status: 200, body: pageBody(request, found.map(renderReview), place) };
  };
