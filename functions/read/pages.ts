import { invalid } from '../../shared/edge/problem.ts';
import type { ApiRequest } from '../../shared/edge/request.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';

export interface PageRequest {
  readonly limit: number;
  /** Where the page before ended; null for the first page. */
  readonly after: string | null;
}

/** What a cursor is bound to: everything in the request but the cursor and the limit. */
const boundTo = ({ tenant, operationId, parameters, query }: ApiRequest): readonly string[] => {
  const filters = { ...parameters, ...query };
  const names = Object.keys(filters).filter((name) => name !== 'cursor' && name !== 'limit');
  return [tenant, operationId, ...names.sort().map((name) => `${name}=${filters[name]}`)];
};

/**
 * Returns the page that a request asks for. Throws a 400 for a cursor that is too old, that was not given by this route for this tenant
 * and these filters, or whose place is none of the route's.
 */
export function pageRequest(request: ApiRequest, isPlace: (after: string) => boolean): PageRequest {
  const { cursor, limit } = request.query;
  if (cursor === undefined) return { limit: Number(limit), after: null };
  const after = decodeCursor(boundTo(request), cursor, request.receivedAtMs);
  if (after === null || !isPlace(after)) {
    throw invalid([
      {
        pointer: '?cursor',
        detail: 'cursor must be one that this route gave for the same filters in the last days; start without one',
      },
    ]);
  }
  return { limit: Number(limit), after };
}

/** Returns the page on the wire. Without `after` it is the last page. */
export const pageBody = (
  request: ApiRequest,
  items: readonly unknown[],
  after: string | undefined,
): { readonly items: readonly unknown[]; readonly cursor?: string } =>
  after === undefined ? { items } : { items, cursor: encodeCursor(boundTo(request), after, request.receivedAtMs) };

/** Returns the page on the wire of items read with one more than `limit`: the extra item shows that there is a next page. */
export const cutPageBody = <Found>(
  request: ApiRequest,
  limit: number,
  found: readonly Found[],
  placeOf: (last: Found) => unknown,
) => {
  const items = found.slice(0, limit);
  return pageBody(request, items, found.length > limit ? String(placeOf(items.at(-1)!)) : undefined);
};
