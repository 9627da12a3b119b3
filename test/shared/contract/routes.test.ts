import { describe, expect, it } from 'vitest';
import { queryParameters } from '../../../shared/contract/queries.ts';
import { matchPath, routes } from '../../../shared/contract/routes.ts';

const found = (path: string): unknown => {
  const match = matchPath(path);
  return match && [match.routes.map((route) => route.operationId), { ...match.parameters }];
};

describe('routes', () => {
  it.each([
    ['a static path', '/transactions', ['postTransaction'], {}],
    ['a path with a parameter', '/decisions/txn_1', ['getDecision'], { transactionId: 'txn_1' }],
    ['a static segment before a parameter', '/decisions/latest', ['getLatestDecisions'], {}],
    ['every method of a path', '/policy', ['getPolicy', 'putPolicy'], {}],
    ['an escaped segment, decoded once', '/decisions/a%3Ab%2525', ['getDecision'], { transactionId: 'a:b%25' }],
    ['an escaped slash, which stays in its segment', '/decisions/a%2Fb', ['getDecision'], { transactionId: 'a/b' }],
    ['a segment that does not decode', '/decisions/%E0%A4%A', ['getDecision'], { transactionId: '%E0%A4%A' }],
    ['a trailing slash', '/health/', ['getHealth'], {}],
    ['the rest of a path', '/docs/a/b.css', ['getDocsFile'], { path: 'a/b.css' }],
    ['the empty rest of a path', '/docs/', ['getDocsFile'], { path: '' }],
    ['the path above it', '/docs', ['getDocs'], {}],
  ])('match %s', (_, path, operations, parameters) => {
    expect(found(path)).toEqual([operations, parameters]);
  });

  it.each(['/nothing', '/decisions/a/b/c', '/accounts/a', '/transactions/batch/x', '/Decisions/latest'])(
    'has nothing at %s',
    (path) => {
      expect(found(path)).toBeNull();
    },
  );

  it('have one operation each', () => {
    expect(new Set(routes.map((route) => route.operationId)).size).toBe(routes.length);
    expect(new Set(routes.map((route) => `${route.method} ${route.path}`)).size).toBe(routes.length);
  });

  it('are open only where nothing of a tenant is read', () => {
    const open = routes.filter((route) => route.scope === null).map((route) => route.path);
    expect(open).toEqual(['/health', '/openapi.json', '/docs', '/docs/{path+}', '/', '/console', '/console/{path+}']);
  });

  it('take queries only where the table of routes has them', () => {
    const known = new Set<string>(routes.map((route) => route.operationId));
    expect(Object.keys(queryParameters).filter((operation) => !known.has(operation))).toEqual([]);
  });
});
