import { describe, expect, it } from 'vitest';
import { pathWithinApi } from '../../../shared/edge/basePath.ts';
import { eventOf } from '../../support/http.ts';

const within = (path: string, resource: string, pathParameters: Record<string, string> | null = null): string =>
  pathWithinApi({ ...eventOf({ path }), resource, pathParameters });

describe('the path within the API', () => {
  it.each<[string, string, string, Record<string, string> | null, string]>([
    [
      'the stage address has nothing to strip',
      '/decisions/t1',
      '/decisions/{transactionId}',
      { transactionId: 't1' },
      '/decisions/t1',
    ],
    ['one level is stripped', '/fraud/decisions/t1', '/decisions/{transactionId}', { transactionId: 't1' }, '/decisions/t1'],
    ['two levels are stripped', '/pay/fraud/policy', '/policy', null, '/policy'],
    [
      'a level that is called as a route is stripped',
      '/decisions/decisions/latest',
      '/decisions/latest',
      null,
      '/decisions/latest',
    ],
    ['the root is left', '/fraud', '/', null, ''],
    ['the root of the stage address stays', '/', '/', null, '/'],
    ['a greedy rest is counted', '/fraud/docs/a/b.css', '/docs/{path+}', { path: 'a/b.css' }, '/docs/a/b.css'],
    ['a path without resource is counted', '/fraud/no/where', '/{proxy+}', { proxy: 'no/where' }, '/no/where'],
    ['a trailing slash stays', '/fraud/docs/', '/docs', null, '/docs/'],
    [
      'an escaped slash stays in its segment',
      '/fraud/decisions/a%2Fb',
      '/decisions/{transactionId}',
      { transactionId: 'a/b' },
      '/decisions/a%2Fb',
    ],
    ['a greedy rest that is not named strips nothing', '/no/where', '/{proxy+}', null, '/no/where'],
    ['fewer segments than the resource strip nothing', '/policy', '/policy/versions', null, '/policy'],
  ])('%s', (_, path, resource, parameters, expected) => {
    expect(within(path, resource, parameters)).toBe(expected);
  });
});
