import { beforeEach, describe, expect, it } from 'vitest';
import { type Sent, send } from '../../support/http.ts';
import { newKey } from '../../support/stores.ts';
import { type EchoEdge, echoEdge, problem } from './echoEdge.ts';

let edge: EchoEdge;
beforeEach(async () => {
  edge = await echoEdge();
});

describe('the order of tests', () => {
  /** Each request fails the named test and every later one that it can. */
  const wrong: Sent = {
    headers: { 'Content-Type': 'text/plain' },
    query: { nonsense: ['1', '2'] },
    body: '{"a":',
  };

  it.each<[string, number, () => Sent]>([
    ['no key', 401, () => ({ ...wrong, method: 'PATCH', path: '/nowhere' })],
    ['an unknown route', 404, () => ({ ...wrong, key: edge.key, method: 'PATCH', path: '/nowhere' })],
    ['a method the route does not take', 405, () => ({ ...wrong, key: edge.key, method: 'PATCH', path: '/policy' })],
  ])('answers %s first with %i', async (_, status, sent) => {
    expect((await send(edge.read(), sent())).status).toBe(status);
  });

  it('answers a missing scope before the throttle', async () => {
    const weak = await newKey(edge.stores, ['ingest']);
    const handler = edge.read({ throttle: { ratePerSecond: 1, burst: 0 } });
    expect((await send(handler, { ...wrong, key: weak, method: 'PUT', path: '/policy' })).status).toBe(403);
  });

  it('answers the throttle before the size', async () => {
    const handler = edge.read({ throttle: { ratePerSecond: 1, burst: 0 } });
    expect(
      (await send(handler, { ...wrong, key: edge.key, method: 'PUT', path: '/policy', body: 'x'.repeat(300_000) })).status,
    ).toBe(429);
  });

  it('answers the size before the media type', async () => {
    expect(
      (await send(edge.read(), { ...wrong, key: edge.key, method: 'PUT', path: '/policy', body: 'x'.repeat(262_145) })).status,
    ).toBe(413);
  });

  it('answers the media type before the JSON', async () => {
    expect((await send(edge.read(), { ...wrong, key: edge.key, method: 'PUT', path: '/policy' })).status).toBe(415);
  });

  it('answers the JSON before the fields', async () => {
    const received = await send(edge.read(), { ...wrong, headers: {}, key: edge.key, method: 'PUT', path: '/policy' });
    expect(received.status).toBe(400);
    expect(problem(received).errors?.map((fault) => fault.pointer)).toEqual(['']);
  });

  it('answers every fault of path and query at once', async () => {
    const received = await send(edge.read(), {
      key: edge.key,
      path: '/decisions/a%20b',
      query: { explain: ['half'], limit: ['1'] },
    });
    expect(received.status).toBe(400);
    expect(problem(received).errors?.map((fault) => fault.pointer)).toEqual(['/transactionId', '?explain', '?limit']);
    expect(edge.requests).toEqual([]);
  });
});

describe('keys', () => {
  it.each<[string, (key: string) => Record<string, string>]>([
    ['no header', () => ({})],
    ['another scheme', (given) => ({ Authorization: `Basic ${given}` })],
    ['the key without scheme', (given) => ({ Authorization: given })],
    ['an unknown secret', (given) => ({ Authorization: `Bearer ${given.slice(0, -1)}${given.endsWith('0') ? '1' : '0'}` })],
    ['another tenant in the key', (given) => ({ Authorization: `Bearer ${given.replace('acme', 'other')}` })],
    ['two headers in one', (given) => ({ Authorization: `Bearer ${given}, Bearer ${given}` })],
    ['an unsigned token', () => ({ Authorization: 'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.' })],
    ['a very long header', () => ({ Authorization: `Bearer ${'a'.repeat(100_000)}` })],
  ])('are refused with %s', async (_, headers) => {
    const received = await send(edge.read(), { path: '/policy', headers: headers(edge.key) });
    expect(received.status).toBe(401);
    expect(received.headers['www-authenticate']).toBe('Bearer');
    expect(edge.requests).toEqual([]);
  });

  it('tell the endpoint who asks', async () => {
    await send(edge.read(), { key: edge.key, path: '/policy' });
    expect(edge.requests[0]).toMatchObject({ tenant: 'acme', scopes: ['read', 'admin'], keyId: expect.stringMatching(/^key_/) });
  });

  it('are not needed on open routes', async () => {
    expect((await send(edge.read(), { path: '/health' })).status).toBe(200);
    expect(edge.requests[0]).toMatchObject({ tenant: '', keyId: '', scopes: [] });
    expect(edge.stores.counts.gets).toBe(0);
  });

  it('are looked at on an open route that asks for them, and not needed there', async () => {
    const wrong = 'aegis_acme_000000000000000000000000';
    for (const given of [edge.key, wrong]) await send(edge.read(), { key: given, path: '/health' });
    expect(edge.requests.map(({ tenant, scopes }) => [tenant, scopes])).toEqual([
      ['acme', ['read', 'admin']],
      ['', []],
    ]);
    edge.stores.state.isDown = true;
    expect((await send(edge.read(), { key: edge.key, path: '/health' })).status).toBe(200);
    expect(edge.requests[2]).toMatchObject({ tenant: '', scopes: [] });
  });

  it('answer 503 when they cannot be looked up', async () => {
    edge.stores.state.isDown = true;
    const received = await send(edge.read(), { key: edge.key, path: '/policy' });
    expect(received.status).toBe(503);
    expect(received.headers['retry-after']).toBe('1');
  });
});

describe('routing', () => {
  it('names the methods a path takes', async () => {
    const received = await send(edge.read(), { key: edge.key, method: 'DELETE', path: '/policy' });
    expect(received.status).toBe(405);
    expect(received.headers.allow).toBe('GET, PUT');
  });

  it('answers 405 without a key on an open path', async () => {
    expect((await send(edge.read(), { method: 'POST', path: '/health' })).status).toBe(405);
  });

  it('answers 404 for a route of the contract that has no endpoint yet', async () => {
    expect((await send(edge.read(), { key: edge.key, path: '/signals/recent' })).status).toBe(404);
  });

  it('answers 404 for a route that another function serves', async () => {
    expect((await send(edge.read(), { key: edge.key, method: 'POST', path: '/transactions', body: '{}' })).status).toBe(404);
  });

  it('prefers a static segment', async () => {
    await send(edge.read(), { key: edge.key, path: '/decisions/latest' });
    expect(edge.requests[0]?.operationId).toBe('getLatestDecisions');
  });

  it('decodes an escaped identifier', async () => {
    await send(edge.read(), { key: edge.key, path: '/decisions/a%3Ab' });
    expect(edge.requests[0]?.parameters).toEqual({ transactionId: 'a:b' });
  });
});

describe('throttling', () => {
  it('refuses beyond the burst and lets on again after Retry-After', async () => {
    const handler = edge.read({ throttle: { ratePerSecond: 1, burst: 2 } });
    const get = async () => send(handler, { key: edge.key, path: '/policy' });
    expect([(await get()).status, (await get()).status]).toEqual([200, 200]);
    const refused = await get();
    expect(refused.status).toBe(429);
    edge.stores.clock.advance(Number(refused.headers['retry-after']) * 1000);
    expect((await get()).status).toBe(200);
  });

  it('counts each key for itself', async () => {
    const other = await newKey(edge.stores, ['read']);
    const handler = edge.read({ throttle: { ratePerSecond: 1, burst: 1 } });
    expect((await send(handler, { key: edge.key, path: '/policy' })).status).toBe(200);
    expect((await send(handler, { key: edge.key, path: '/policy' })).status).toBe(429);
    expect((await send(handler, { key: other, path: '/policy' })).status).toBe(200);
  });

  it('leaves open routes alone', async () => {
    const handler = edge.read({ throttle: { ratePerSecond: 1, burst: 0 } });
    expect((await send(handler, { path: '/health' })).status).toBe(200);
    expect((await send(handler, { key: edge.key, path: '/health' })).status).toBe(429);
  });
});
