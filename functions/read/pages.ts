import { type ApiRequest, invalid } from '../../shared/edge/http.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';

export interface PageRequest {
  readonly limit: number;
  /** Where the page before ended; null for the first page. */
  readonly after: string | null;
}

/** What a cursor is bound to: everything of the request but where it is and how much it takes. */
const boundTo = ({ tenant, operationId, parameters, query }: ApiRequest): readonly string[] => {
  const filters = { ...parameters, ...query };
  const names = Object.keys(filters).filter((name) => name !== 'cursor' && name !== 'limit');
  return [tenant, operationId, ...names.sort().map((name) => `${name}=${filters[name]}`)];
};

/**
 * The page that a request asks for; throws a 400 for a cursor that this route, tenant and filter did not give, that is too old or whose place
 * the route has none of.
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

/** The page on the wire; without `after` it is the last one. */
export const pageBody = (
  request: ApiRequest,
  items: readonly unknown[],
  after: string | undefined,
): { readonly items: readonly unknown[]; readonly cursor?: string } =>
  after === undefined ? { items } : { items, cursor: encodeCursor(boundTo(request), after, request.receivedAtMs) };
