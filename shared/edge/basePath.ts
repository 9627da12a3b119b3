import type { APIGatewayProxyEvent } from 'aws-lambda';

/**
 * Returns the request's path without the base path of a custom domain. API Gateway leaves the base path in `path`, but `resource` names only
 * the part within the API: what `path` has in front of that is the base path.
 */
export function pathWithinApi({ path, resource, pathParameters }: APIGatewayProxyEvent): string {
  if (typeof resource !== 'string') return path;
  const mapped = segmentsOf(path).length - segmentCount(resource, pathParameters);
  return mapped > 0 ? path.replace(new RegExp(`^(?:/+[^/]+){${mapped}}`), '') : path;
}

const segmentsOf = (path: string): string[] => path.split('/').filter((segment) => segment !== '');

/** Returns how many segments of the path belong to the resource. A last `{name+}` stands for any number of them. */
function segmentCount(resource: string, parameters: APIGatewayProxyEvent['pathParameters']): number {
  const segments = segmentsOf(resource);
  const greedy = /^\{(.+)\+\}$/.exec(segments.at(-1) ?? '')?.[1];
  if (greedy === undefined) return segments.length;
  const taken = parameters?.[greedy];
  return taken === undefined ? Number.POSITIVE_INFINITY : segments.length - 1 + segmentsOf(taken).length;
}
