import { describe, expect, it } from 'vitest';
import { docsEndpoints, swaggerFiles } from '../../../functions/read/docs.ts';
import { httpHandler } from '../../../shared/edge/http.ts';
import { send } from '../../support/http.ts';
import { testStores } from '../../support/stores.ts';

const handler = httpHandler('read', docsEndpoints({ version: '1.2.3', policySchema: {} }), testStores());

describe('the documentation', () => {
  it('is open to everyone', async () => {
    const received = await send(handler, { path: '/openapi.json' });
    expect(received).toMatchObject({ status: 200, body: { openapi: '3.1.0', info: { version: '1.2.3' } } });
    expect(received.headers['content-type']).toBe('application/json');
  });

  it('links only to what it serves, relative to itself', async () => {
    const { result } = await send(handler, { path: '/docs' });
    const links = [...result.body.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, link]) => link!);
    expect(links).toHaveLength(4);
    for (const link of links) {
      const { pathname } = new URL(link, 'https://host/v1/docs');
      expect(pathname.startsWith('/v1/docs/')).toBe(true);
      expect((await send(handler, { path: pathname.slice('/v1'.length) })).status).toBe(200);
    }
  });

  it('leads from its folder to its page', async () => {
    const received = await send(handler, { path: '/docs/' });
    expect(received.status).toBe(308);
    expect(new URL(received.headers.location!, 'https://host/v1/docs/').pathname).toBe('/v1/docs');
  });

  it.each(Object.entries(swaggerFiles))('sends %s as %s', async (name, type) => {
    const received = await send(handler, { path: `/docs/${name}` });
    expect(received.headers['content-type']).toBe(type);
    expect(Buffer.from(received.result.body, 'base64').length).toBeGreaterThan(100);
  });

  it.each(['package.json', '../package.json', '..%2Fpackage.json', 'constructor', 'swagger-ui.css/x', '%00'])(
    'has no file %s',
    async (name) => {
      expect((await send(handler, { path: `/docs/${name}` })).status).toBe(404);
    },
  );
});
