import { describe, expect, it } from 'vitest';
import { routeFinder, startGateway } from '../../local/gateway.ts';

const methods = [
  ['/', 'ANY', 'root'],
  ['/{proxy+}', 'ANY', 'rest'],
  ['/decisions', 'POST', 'decide'],
  ['/decisions/latest', 'GET', 'latest'],
  ['/decisions/{id}', 'ANY', 'any-decision'],
  ['/decisions/{id}', 'PUT', 'put-decision'],
  ['/docs/{path+}', 'GET', 'docs'],
].map(([path, method, functionId]) => ({ path: path!, method: method!, functionId: functionId! }));

describe('the gateway’s choice of a route', () => {
  it.each([
    ['takes the root', 'GET', '/', 'root', null],
    ['takes fixed text before a parameter', 'GET', '/decisions/latest', 'latest', null],
    ['decodes a parameter', 'GET', '/decisions/a%2Fb', 'any-decision', { id: 'a/b' }],
    ['takes the method’s own entry before ANY', 'PUT', '/decisions/x', 'put-decision', { id: 'x' }],
    ['takes a parameter before the rest of a path', 'DELETE', '/decisions/x', 'any-decision', { id: 'x' }],
    ['takes the rest of a path', 'GET', '/docs/a/b', 'docs', { path: 'a/b' }],
    ['falls back to the root’s rest', 'GET', '/decisions/x/y', 'rest', { proxy: 'decisions/x/y' }],
    ['keeps what does not decode', 'GET', '/decisions/%zz', 'any-decision', { id: '%zz' }],
  ])('%s', (_, method, path, functionId, parameters) => {
    const found = routeFinder(methods)(method, path);
    expect([found?.method.functionId, found?.parameters]).toEqual([functionId, parameters]);
  });

  it('finds nothing for a method that the most specific path lacks', () => {
    expect(routeFinder(methods)('POST', '/decisions/latest')).toBeNull();
  });
});

describe('the gateway', () => {
  it('keeps connections open over a pause of two minutes, and ends them at once when it stops', async () => {
    let answer = (): void => undefined;
    const invoked = Promise.withResolvers<void>();
    const gateway = await startGateway({
      api: { methods, responses: [] },
      port: 0,
      host: '127.0.0.1',
      invoke: () =>
        new Promise((resolve) => {
          answer = () => resolve({ statusCode: 200, body: '' });
          invoked.resolve();
        }),
      onFailure: () => undefined,
    });
    const response = fetch(gateway.url);
    await invoked.promise;
    const stopped = gateway.stop();
    answer();
    expect((await response).headers.get('keep-alive')).toBe('timeout=120');
    await stopped;
  });
});
