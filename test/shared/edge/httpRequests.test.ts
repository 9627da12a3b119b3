import { beforeEach, describe, expect, it } from 'vitest';
import { httpHandler } from '../../../shared/edge/http.ts';
import { conflict, notFound } from '../../../shared/edge/problem.ts';
import { OutcomeUnknown, Throttled, Unavailable } from '../../../shared/ports/ports.ts';
import { eventOf, type Received, type Sent, send } from '../../support/http.ts';
import { newKey } from '../../support/stores.ts';
import { type EchoEdge, echoEdge, problem } from './echoEdge.ts';

const visa = '4111111111111111';

const utf8 = new TextEncoder();
let edge: EchoEdge;
beforeEach(async () => {
  edge = await echoEdge();
});

describe('bodies', () => {
  const put = async (sent: Sent): Promise<Received> =>
    send(edge.admin(), { key: edge.key, method: 'PUT', path: '/policy', ...sent });

  it('reach the endpoint parsed, with the text of their numbers', async () => {
    const { status, body } = await put({ body: '{"a":[1.50,"x"]}' });
    expect([status, body]).toEqual([200, { read: { a: [1.5, 'x'] } }]);
    expect(edge.requests[0]?.json).toEqual(new Map([['a', [{ text: '1.50' }, 'x']]]));
  });

  it('are decoded when the gateway sends them as base64', async () => {
    await put({ body: utf8.encode('{"a":"\u00e9"}') });
    expect(edge.requests[0]?.json).toEqual(new Map([['a', '\u00e9']]));
  });

  it.each<[string, number, Sent]>([
    ['of the largest size', 200, { body: `"${'x'.repeat(262_142)}"` }],
    ['of one byte more', 413, { body: `"${'x'.repeat(262_143)}"` }],
    ['of one byte more, counted in UTF-8', 413, { body: `"${'\u00e9'.repeat(131_072)}"` }],
    ['of one byte more in base64', 413, { body: utf8.encode(`"${'x'.repeat(262_143)}"`) }],
    ['with a parameter of the media type', 200, { body: '{}', headers: { 'Content-Type': 'application/json; charset=utf-8' } }],
    ['with a media type in capitals', 200, { body: '{}', headers: { 'Content-Type': 'Application/JSON' } }],
    ['of another media type', 415, { body: '{}', headers: { 'Content-Type': 'text/json' } }],
    ['of a media type that begins like JSON', 415, { body: '{}', headers: { 'Content-Type': 'application/json-seq' } }],
    ['of two media types', 415, { body: '{}', headers: { 'Content-Type': 'application/json, text/plain' } }],
    ['without a media type', 415, { body: '{}', headers: { 'Content-Type': '' } }],
    ['with a content encoding', 415, { body: '{}', headers: { 'Content-Encoding': 'gzip' } }],
    ['that are absent', 400, { headers: { 'Content-Type': 'application/json' } }],
    ['that are not JSON', 400, { body: '{]' }],
    ['with a byte order mark', 400, { body: utf8.encode('\ufeff{}') }],
    ['that are not UTF-8', 400, { body: Uint8Array.of(0x22, 0xc3, 0x28, 0x22) }],
    ['with an overlong form', 400, { body: Uint8Array.of(0x22, 0xc0, 0xaf, 0x22) }],
    ['with an encoded surrogate', 400, { body: Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22) }],
    ['in UTF-16', 400, { body: new Uint8Array(Buffer.from('{}', 'utf16le')) }],
    ['with a card number', 400, { body: `{"a":["${visa}"]}` }],
    ['with a card number as a key', 400, { body: `{"${visa}":1}` }],
  ])('%s answer %i', async (_, status, sent) => {
    const received = await put(sent);
    expect(received.status).toBe(status);
    expect(edge.requests).toHaveLength(status === 200 ? 1 : 0);
    if (status !== 200) expect(problem(received)).toMatchObject({ type: 'about:blank', status });
    expect(received.result.body).not.toContain('1111111');
  });

  it('may be 4 MiB for a batch', async () => {
    const writer = await newKey(edge.stores, ['ingest']);
    const handler = httpHandler('ingest', edge.endpoints, edge.stores);
    const post = async (body: string) =>
      (await send(handler, { key: writer, method: 'POST', path: '/transactions/batch', body })).status;
    expect(await post(`"${'x'.repeat(4 * 1024 * 1024 - 2)}"`)).toBe(200);
    expect(await post(`"${'x'.repeat(4 * 1024 * 1024 - 1)}"`)).toBe(413);
  });

  it('of a GET are not read', async () => {
    expect((await send(edge.read(), { key: edge.key, path: '/policy', body: '{]' })).status).toBe(200);
    expect(edge.requests[0]?.json).toBeUndefined();
  });
});

describe('queries', () => {
  const latest = async (query: Record<string, string[]>): Promise<Received> =>
    send(edge.read(), { key: edge.key, path: '/decisions/latest', query });

  it('have their defaults filled in', async () => {
    await latest({});
    expect({ ...edge.requests[0]?.query }).toEqual({ limit: '50' });
  });

  it('are taken at their limits', async () => {
    expect((await latest({ outcome: ['BLOCK'], limit: ['200'] })).status).toBe(200);
    expect({ ...edge.requests[0]?.query }).toEqual({ outcome: 'BLOCK', limit: '200' });
    expect((await latest({ limit: ['1'] })).status).toBe(200);
  });

  it.each<[string, Record<string, string[]>, string]>([
    ['an unknown name', { outcom: ['BLOCK'] }, '?outcom'],
    ['a name of Object.prototype', { constructor: ['x'] }, '?constructor'],
    ['a repeated name', { limit: ['1', '1'] }, '?limit'],
    ['an unknown value', { outcome: ['block'] }, '?outcome'],
    ['an empty value', { outcome: [''] }, '?outcome'],
    ['a limit of 0', { limit: ['0'] }, '?limit'],
    ['a limit of 201', { limit: ['201'] }, '?limit'],
    ['a limit with a sign', { limit: ['+5'] }, '?limit'],
    ['a limit with a leading zero', { limit: ['05'] }, '?limit'],
    ['a limit with an exponent', { limit: ['1e2'] }, '?limit'],
    ['a card number', { cursor: [visa] }, '?cursor'],
  ])('are refused with %s', async (_, query, pointer) => {
    const received = await latest(query);
    expect(received.status).toBe(400);
    expect(problem(received).errors?.map((fault) => fault.pointer)).toEqual([pointer]);
    expect(received.result.body).not.toContain('1111111');
  });

  it('may be anything on the pages of the console and the documentation', async () => {
    expect((await send(edge.read(), { path: '/docs', query: { theme: ['dark'] } })).status).toBe(200);
  });

  it('with a card number in the path are refused', async () => {
    const received = await send(edge.read(), { key: edge.key, path: `/decisions/${visa}` });
    expect(received.status).toBe(400);
    expect(received.result.body).not.toContain('1111111');
  });
});

describe('answers', () => {
  it('carry the correlation id of the request', async () => {
    const received = await send(edge.read(), { key: edge.key, path: '/policy', headers: { 'X-Correlation-Id': 'order-7' } });
    expect(received.headers['x-correlation-id']).toBe('order-7');
    expect(edge.requests[0]?.correlationId).toBe('order-7');
  });

  it('carry it when they refuse, too', async () => {
    const received = await send(edge.read(), { path: '/policy', headers: { 'x-correlation-id': 'order-7' } });
    expect(received.status).toBe(401);
    expect(received.headers['x-correlation-id']).toBe('order-7');
  });

  it.each([
    ['none', undefined],
    ['an empty one', ''],
    ['one of 129 characters', 'x'.repeat(129)],
    ['one with a space', 'a b'],
    ['one with a line break', 'a\r\nset-cookie: x'],
    ['one that is not ASCII', 'caf\u00e9'],
    ['one that is a card number', visa],
  ])('carry a new one for %s', async (_, given) => {
    const received = await send(edge.read(), {
      path: '/health',
      headers: given === undefined ? {} : { 'x-correlation-id': given },
    });
    expect(received.headers['x-correlation-id']).toMatch(/^[0-9a-f]{32}$/);
  });

  it('keep 128 visible characters', async () => {
    const given = '~!'.repeat(64);
    expect(
      (await send(edge.read(), { path: '/health', headers: { 'x-correlation-id': given } })).headers['x-correlation-id'],
    ).toBe(given);
  });

  it('may be bytes or text', async () => {
    const bytes = await send(edge.read(), { path: '/docs/logo.png' });
    expect(bytes.result).toMatchObject({ body: 'AQID', isBase64Encoded: true });
    expect(bytes.headers['content-type']).toBe('image/png');
    const text = await send(edge.read(), { path: '/docs' });
    expect(text.result).toMatchObject({ body: '<p>', isBase64Encoded: false });
    expect(text.headers['x-own']).toBe('1');
  });

  it.each([
    ['what an endpoint cannot find', notFound('no such decision'), 404, 'no such decision'],
    ['a conflict', conflict('another content', [{ pointer: '/currency', detail: 'differs' }]), 409, 'another content'],
    ['a store that is down', new Unavailable('table x'), 503, 'safe to repeat'],
    ['a store that throttles', new Throttled('slow'), 503, 'safe to repeat'],
    ['a write that is not sure', new OutcomeUnknown('lost'), 503, 'safe to repeat'],
    ['anything unforeseen', new TypeError('secret of the house'), 500, 'could not be answered'],
  ])('say %s as a problem', async (_, error, status, detail) => {
    edge.failure = error;
    const received = await send(edge.read(), { key: edge.key, path: '/policy' });
    expect(received.status).toBe(status);
    expect(received.headers['content-type']).toBe('application/problem+json');
    expect(problem(received)).toMatchObject({ type: 'about:blank', status, detail: expect.stringContaining(detail) });
    expect(received.result.body).not.toContain('secret of the house');
    expect(received.headers['retry-after']).toBe(status === 503 ? '1' : undefined);
  });

  it.each(['/policy', '/nowhere'])('of %s tell browsers to stay with TLS', async (path) => {
    expect((await send(edge.read(), { key: edge.key, path })).headers['strict-transport-security']).toBe('max-age=31536000');
  });

  it('log what failed, with its correlation id', async () => {
    edge.failure = new TypeError('broken');
    await send(edge.read(), { key: edge.key, path: '/policy', headers: { 'x-correlation-id': 'c-1' } });
    expect(edge.logged.map((text) => JSON.parse(text).level)).toEqual(['error', 'audit']);
    expect(JSON.parse(edge.logged[0]!)).toMatchObject({
      level: 'error',
      correlationId: 'c-1',
      operationId: 'getPolicy',
      status: 500,
    });
  });

  it('do not mix up requests under way together', async () => {
    const handler = edge.read();
    const ids = Array.from({ length: 50 }, (_, i) => `id-${i}`);
    const event = (id: string) => eventOf({ key: edge.key, path: `/decisions/${id}`, headers: { 'x-correlation-id': id } });
    const results = await Promise.all(ids.map((id) => handler(event(id))));
    expect(results.map((result) => result.headers?.['x-correlation-id'])).toEqual(ids);
    expect(edge.requests.map((request) => [request.correlationId, request.parameters.transactionId])).toEqual(
      ids.map((id) => [id, id]),
    );
  });
});
