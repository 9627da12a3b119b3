import { beforeAll, describe, expect, it } from 'vitest';
import { buildConsole } from '../../../console/build.ts';
import { consoleAnswers } from '../../../functions/read/console.ts';
import { httpHandler } from '../../../shared/edge/http.ts';
import { withoutBody } from '../../../shared/edge/request.ts';
import type { TokenIssuer } from '../../../shared/edge/tokens.ts';
import { send } from '../../support/http.ts';
import { testStores } from '../../support/stores.ts';

const dependencies = testStores();
const handler = httpHandler('read', withoutBody(consoleAnswers(null)), dependencies);
const issuer: TokenIssuer = {
  issuer: 'https://login.example/tenant',
  audience: 'aegis',
  jwksUri: 'https://login.example/keys',
  tenantClaim: 'tenant',
  scopeClaim: 'scope',
  scopes: { analyst: ['read', 'review'] },
  consoleClientId: 'aegis-console',
};

describe('the console', () => {
  beforeAll(async () => {
    await buildConsole();
  });

  it.each(['/', '/console'])('is open to everyone at %s', async (path) => {
    const received = await send(handler, { path });
    expect(received.status).toBe(200);
    expect(received.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    });
  });

  it('links only to what it serves, relative to itself, under a stage path or not', async () => {
    for (const [path, base] of [
      ['/', 'https://host/v1/'],
      ['/console', 'https://host/v1/console'],
    ] as const) {
      const { result } = await send(handler, { path });
      const links = [...result.body.matchAll(/<(?:link|script)[^>]*(?:href|src)="([^"]+)"/g)].map(([, link]) => link!);
      expect(links).toHaveLength(3);
      for (const link of links) {
        const { pathname } = new URL(link, base);
        const file = await send(handler, { path: pathname.slice('/v1'.length) });
        expect(file.status, link).toBe(200);
        expect(file.headers['content-type']).toMatch(/^(text\/(javascript|css); charset=utf-8|image\/svg\+xml)$/);
      }
    }
  });

  it('lets files whose names say what is in them be kept for good', async () => {
    const { result } = await send(handler, { path: '/' });
    const script = /src="([^"]+)"/.exec(result.body)![1]!;
    const received = await send(handler, { path: `/${script}` });
    expect(received.headers['cache-control']).toBe('public, max-age=31536000, immutable');
  });

  it('leads from its folder to its page', async () => {
    const received = await send(handler, { path: '/console/' });
    expect(received.status).toBe(308);
    expect(new URL(received.headers.location!, 'https://host/v1/console/').pathname).toBe('/v1/console');
  });

  it.each([
    '../build.ts',
    '..%2Fbuild.ts',
    'assets/..%2f..%2fbuild.ts',
    '.built-from',
    'index.html',
    'assets',
    'assets/none.js',
    '%00.js',
  ])('has no file %s', async (name) => {
    expect((await send(handler, { path: `/console/${name}` })).status).toBe(404);
  });

  it('may connect to nobody else when no issuer is configured, and asks for no token', async () => {
    const page = await send(handler, { path: '/' });
    expect(page.headers['content-security-policy']).toContain("connect-src 'self';");
    expect((await send(handler, { path: '/console/settings.json' })).body).toEqual({ signIn: null });
  });

  it('may connect to the configured issuer and to no path of another', async () => {
    const configured = httpHandler('read', withoutBody(consoleAnswers(issuer)), dependencies);
    const page = await send(configured, { path: '/' });
    expect(page.headers['content-security-policy']).toContain("connect-src 'self' https://login.example;");
    expect((await send(configured, { path: '/console/settings.json' })).body).toEqual({
      signIn: { issuer: 'https://login.example/tenant', clientId: 'aegis-console', audience: 'aegis' },
    });
  });

  it('offers no sign-in by an issuer that knows no client of that kind', async () => {
    const { consoleClientId: _, ...others } = issuer;
    const configured = httpHandler('read', withoutBody(consoleAnswers(others)), dependencies);
    expect((await send(configured, { path: '/console/settings.json' })).body).toEqual({ signIn: null });
  });
});
