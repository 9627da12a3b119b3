/** Every route of the API. The stack, the router and the OpenAPI document are made from this table. */

export const scopes = ['ingest', 'decide', 'read', 'review', 'admin'] as const;
export type Scope = (typeof scopes)[number];

/** The function that serves a route; `read` also gets every path that no route has. */
export type Stage = 'ingest' | 'decide' | 'read' | 'review' | 'admin';

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

export interface Route {
  readonly method: Method;
  /** As API Gateway and OpenAPI write it: `/decisions/{transactionId}`; a last `{name+}` takes the rest of the path. */
  readonly path: string;
  /** What the key must hold; null = open, no key needed. */
  readonly scope: Scope | null;
  readonly stage: Stage;
  readonly operationId: OperationId;
}

const table = [
  ['POST', '/transactions', 'ingest', 'ingest', 'postTransaction'],
  ['POST', '/transactions/batch', 'ingest', 'ingest', 'postTransactionBatch'],
  ['POST', '/decisions', 'decide', 'decide', 'postDecision'],
  ['GET', '/decisions/latest', 'read', 'read', 'getLatestDecisions'],
  ['GET', '/decisions/{transactionId}', 'read', 'read', 'getDecision'],
  ['GET', '/decisions/{transactionId}/evidence', 'read', 'read', 'getEvidence'],
  ['POST', '/decisions/{transactionId}/review', 'review', 'review', 'postReview'],
  ['GET', '/signals/recent', 'read', 'read', 'getRecentSignals'],
  ['GET', '/accounts/{accountId}/decision', 'read', 'read', 'getAccountStanding'],
  ['GET', '/accounts/{accountId}/decisions', 'read', 'read', 'getAccountTimeline'],
  ['GET', '/accounts/{accountId}/audit', 'read', 'read', 'getAccountAudit'],
  ['GET', '/users/{userId}/accounts', 'read', 'read', 'getUserAccounts'],
  ['GET', '/entities/{kind}/{id}', 'read', 'read', 'getEntity'],
  ['GET', '/entities/{kind}/{id}/decisions', 'read', 'read', 'getEntityDecisions'],
  ['GET', '/entities/{kind}/{id}/accounts', 'read', 'read', 'getEntityAccounts'],
  ['GET', '/search', 'read', 'read', 'getSearch'],
  ['GET', '/reviews', 'read', 'read', 'getReviews'],
  ['POST', '/reviews/{reviewId}/claim', 'review', 'review', 'claimReview'],
  ['POST', '/reviews/{reviewId}/release', 'review', 'review', 'releaseReview'],
  ['POST', '/reviews/{reviewId}/dispose', 'review', 'review', 'disposeReview'],
  ['GET', '/metrics/overview', 'read', 'read', 'getOverview'],
  ['GET', '/policy', 'read', 'read', 'getPolicy'],
  ['PUT', '/policy', 'admin', 'admin', 'putPolicy'],
  ['POST', '/policy/lint', 'read', 'admin', 'lintPolicy'],
  ['GET', '/policy/versions', 'read', 'read', 'getPolicyVersions'],
  ['GET', '/policy/versions/{version}', 'read', 'read', 'getPolicyVersion'],
  ['POST', '/policy/versions/{version}/approval', 'admin', 'admin', 'approvePolicyVersion'],
  ['GET', '/lists', 'read', 'read', 'getLists'],
  ['GET', '/lists/{list}', 'read', 'read', 'getListEntries'],
  ['PUT', '/lists/{list}/{entry}', 'admin', 'admin', 'putListEntry'],
  ['DELETE', '/lists/{list}/{entry}', 'admin', 'admin', 'deleteListEntry'],
  ['GET', '/model', 'read', 'read', 'getModel'],
  ['GET', '/model/versions', 'read', 'read', 'getModelVersions'],
  ['GET', '/audit/system', 'admin', 'read', 'getSystemAudit'],
  ['GET', '/caller', 'read', 'read', 'getCaller'],
  ['GET', '/health', null, 'read', 'getHealth'],
  ['GET', '/openapi.json', null, 'read', 'getOpenApi'],
  ['GET', '/docs', null, 'read', 'getDocs'],
  ['GET', '/docs/{path+}', null, 'read', 'getDocsFile'],
  ['GET', '/', null, 'read', 'getHome'],
  ['GET', '/console', null, 'read', 'getConsole'],
  ['GET', '/console/{path+}', null, 'read', 'getConsoleFile'],
] as const satisfies readonly (readonly [Method, string, Scope | null, Stage, string])[];

export type OperationId = (typeof table)[number][4];

export const routes: readonly Route[] = table.map(([method, path, scope, stage, operationId]) => ({
  method,
  path,
  scope,
  stage,
  operationId,
}));

export interface Match {
  /** All routes at the path, one per method. */
  readonly routes: readonly Route[];
  readonly parameters: Readonly<Record<string, string>>;
}

interface Pattern {
  readonly path: string;
  readonly segments: readonly string[];
  readonly routes: readonly Route[];
}

const segmentsOf = (path: string): string[] => path.split('/').filter((segment) => segment !== '');

const isParameter = (segment: string): boolean => segment.startsWith('{');

/** Static segments sort before parameters, so that `/decisions/latest` is tried before `/decisions/{transactionId}`. */
const patterns: readonly Pattern[] = [...Map.groupBy(routes, (route) => route.path)]
  .map(([path, group]) => ({ path, segments: segmentsOf(path), routes: group }))
  .sort((a, b) => inOrder(rank(a), rank(b)));

/** By code unit: a comparison by language would load the collation tables at every cold start. */
function inOrder(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function rank(pattern: Pattern): string {
  return pattern.segments.map((segment) => (segment.endsWith('+}') ? '2' : isParameter(segment) ? '1' : '0')).join('');
}

/**
 * The routes at a request's path, percent-decoded once per segment; null when there is none. A trailing slash is ignored, but where
 * the rest of a path is a parameter: there it names the empty rest.
 */
export function matchPath(path: string): Match | null {
  const given = segmentsOf(path);
  const match = path.endsWith('/') ? matchSegmentsOf([...given, ''], isGreedy) : null;
  return match ?? matchSegmentsOf(given, () => true);
}

function matchSegmentsOf(given: readonly string[], isWanted: (pattern: Pattern) => boolean): Match | null {
  for (const pattern of patterns) {
    if (!isWanted(pattern)) continue;
    const parameters = matchSegments(pattern.segments, given);
    if (parameters !== null) return { routes: pattern.routes, parameters };
  }
  return null;
}

const isGreedy = (pattern: Pattern): boolean => pattern.path.endsWith('+}');

function matchSegments(pattern: readonly string[], given: readonly string[]): Record<string, string> | null {
  const greedy = pattern.at(-1)?.endsWith('+}') ?? false;
  if (greedy ? given.length < pattern.length : given.length !== pattern.length) return null;
  const parameters: Record<string, string> = {};
  for (let i = 0; i < pattern.length; i++) {
    const expected = pattern[i]!;
    if (expected.endsWith('+}')) {
      parameters[expected.slice(1, -2)] = given.slice(i).map(decodeSegment).join('/');
    } else if (isParameter(expected)) {
      parameters[expected.slice(1, -1)] = decodeSegment(given[i]!);
    } else if (expected !== given[i]) {
      return null;
    }
  }
  return parameters;
}

/** A segment that does not decode stays as it is: no identifier may hold `%`, so it is refused as one. */
function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
