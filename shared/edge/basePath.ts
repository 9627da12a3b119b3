import type { APIGatewayProxyEvent } from 'aws-lambda';

/**
 * The request's path without what a custom domain maps the API under. API Gateway leaves that in `path`, but names the resource within
 * the API: what the path has more of than the resource is the domain's.
 */
export function pathWithinApi({ path, resource, pathParameters }: APIGatewayProxyEvent): string {
  if (typeof resource !== 'string') return path;
  const mapped = segmentsOf(path).length - segmentCount(resource, pathParameters);
  return mapped > 0 ? path.replace(new RegExp(`^(?:/+[^/]+){${mapped}}`), '') : path;
}

const segmentsOf = (path: string): string[] => path.split('/').filter((segment) => segment !== '');

/** Of a path at this resource; a last `{name+}` counts as much as it took. */
function segmentCount(resource: string, parameters: APIGatewayProxyEvent['pathParameters']): number {
  const segments = segmentsOf(resource);
  const greedy = /^\{(.+)\+\}$/.exec(segments.at(-1) ?? '')?.[1];
  if (greedy === undefined) return segments.length;
  const taken = parameters?.[greedy];
  return taken === undefined ? Number.POSITIVE_INFINITY : segments.length - 1 + segmentsOf(taken).length;
}
