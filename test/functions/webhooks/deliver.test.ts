import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { afterEach, describe, expect, it } from 'vitest';
import { deliver, pauseSeconds } from '../../../functions/webhooks/deliver.ts';
import { guardedPost } from '../../../functions/webhooks/post.ts';
import { systemClock, systemRandomness } from '../../../shared/adapters/aws/system.ts';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import { readSystemChain } from '../../../shared/ledger/systemChain.ts';
import { addEndpoint, listEndpoints, removeEndpoint, rotateSecret } from '../../../shared/webhooks/endpoints.ts';

const loopback = { allowsLoopback: true };
let server: Server | null = null;

afterEach(() => server?.close());

interface Taken {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

async function receiver(statuses: readonly number[]): Promise<{ readonly url: string; readonly taken: Taken[] }> {
  const taken: Taken[] = [];
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    taken.push({ path: request.url!, headers: request.headers, body });
    response.writeHead(statuses[taken.length - 1] ?? 200, { location: '/elsewhere' }).end('ok');
  });
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?a=1`, taken };
}

const store = () => ({ table: memoryTable(), clock: systemClock, randomness: systemRandomness });

async function withEndpoint(url: string) {
  const dependencies = { ...store(), post: guardedPost(loopback) };
  const endpoint = await addEndpoint(dependencies, { tenant: 'acme', url, events: ['*'], createdBy: 'cli' }, loopback);
  const payload = JSON.stringify({
    type: 'decision.block',
    timestamp: '2026-11-20T13:45:00.000Z',
    data: { transactionId: 't1', note: 'ü' },
  });
  const { endpointId } = endpoint;
  const queued = JSON.stringify({ tenant: 'acme', endpointId, messageId: 'msg_1', type: 'decision.block', payload });
  return { dependencies, endpoint, payload, queued };
}

describe('a webhook', () => {
  it('arrives signed as the Standard Webhooks convention says', async () => {
    const { url, taken } = await receiver([204]);
    const { dependencies, endpoint, payload, queued } = await withEndpoint(url);
    expect(await deliver(dependencies, queued)).toEqual({ kind: 'delivered' });
    const [{ path, headers, body }] = taken as [Taken];
    expect(path).toBe('/hook?a=1');
    expect(body).toBe(payload);
    expect(headers['webhook-id']).toBe('msg_1');
    const key = Buffer.from(endpoint.secret.replace('whsec_', ''), 'base64');
    const signed = createHmac('sha256', key).update(`msg_1.${headers['webhook-timestamp']}.${payload}`).digest('base64');
    expect(headers['webhook-signature']).toBe(`v1,${signed}`);
    const verifier = new Webhook(endpoint.secret);
    expect(verifier.verify(body, headers as Record<string, string>)).toEqual(JSON.parse(payload));
    expect(() => verifier.verify(body.replace('t1', 't2'), headers as Record<string, string>)).toThrow('signature');
  });

  it.each([
    ['a server error', [500], 'answered 500'],
    ['a redirect, which is not followed', [302], 'answered 302'],
    ['a refusal', [404], 'answered 404'],
  ])('fails on %s', async (_, statuses, cause) => {
    const { url, taken } = await receiver(statuses);
    const { dependencies, queued } = await withEndpoint(url);
    expect(await deliver(dependencies, queued)).toEqual({ kind: 'failed', cause });
    expect(taken).toHaveLength(1);
  });

  it('fails where nobody listens', async () => {
    const { url } = await receiver([]);
    await new Promise((resolve) => server!.close(resolve));
    const { dependencies, queued } = await withEndpoint(url);
    expect(await deliver(dependencies, queued)).toMatchObject({ kind: 'failed', cause: expect.stringContaining('ECONNREFUSED') });
  });

  it('is not sent to an address that is not public, though its name was once', async () => {
    const { url, taken } = await receiver([]);
    const { dependencies, queued } = await withEndpoint(url);
    const strict = guardedPost({ allowsLoopback: false });
    expect(await deliver({ ...dependencies, post: strict }, queued)).toMatchObject({ kind: 'failed' });
    const rebound = guardedPost({ allowsLoopback: false }, async () => [{ address: '127.0.0.1', family: 4 }]);
    await expect(rebound({ url: 'https://hooks.example.com/', headers: {}, body: '' })).rejects.toThrow('127.0.0.1');
    expect(taken).toEqual([]);
  });

  it('connects to the very address that was checked', async () => {
    const { url, taken } = await receiver([200]);
    const named = guardedPost(loopback, async () => [{ address: '127.0.0.1', family: 4 }]);
    expect(await named({ url: url.replace('127.0.0.1', 'localhost'), headers: {}, body: '{}' })).toBe(200);
    expect(taken[0]?.headers.host).toContain('localhost');
  });

  it('is dropped once its endpoint is removed', async () => {
    const { url, taken } = await receiver([]);
    const { dependencies, endpoint, queued } = await withEndpoint(url);
    expect(await removeEndpoint(dependencies, 'acme', endpoint.endpointId, 'cli')).toBe(true);
    expect(await removeEndpoint(dependencies, 'acme', endpoint.endpointId, 'cli')).toBe(false);
    expect(await deliver(dependencies, queued)).toEqual({ kind: 'dropped' });
    expect(taken).toEqual([]);
  });

  it('is signed by the old and the new secret while one is rotated, then by the new one alone', async () => {
    const { url, taken } = await receiver([200, 200]);
    const { dependencies, endpoint, queued, payload } = await withEndpoint(url);
    const old = endpoint.secret;
    const rotated = await rotateSecret(dependencies, 'acme', { endpointId: endpoint.endpointId, by: 'cli', overlapMs: 60_000 });
    expect(rotated!.secret).not.toBe(old);
    await deliver(dependencies, queued);
    const overMs = Date.parse(rotated!.previous!.until);
    await deliver({ ...dependencies, clock: { ...dependencies.clock, nowMs: () => overMs } }, queued);
    const verifies = (secret: string, at: number): boolean => {
      const { headers } = taken[at]!;
      const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
      const signed = createHmac('sha256', key).update(`msg_1.${headers['webhook-timestamp']}.${payload}`).digest('base64');
      return String(headers['webhook-signature']).split(' ').includes(`v1,${signed}`);
    };
    expect([old, rotated!.secret].map((secret) => verifies(secret, 0))).toEqual([true, true]);
    expect([old, rotated!.secret].map((secret) => verifies(secret, 1))).toEqual([false, true]);
    new Webhook(old).verify(taken[0]!.body, taken[0]!.headers as Record<string, string>);
  });

  it('waits longer after each try, and for what the queue can hide at most', () => {
    const pauses = [1, 2, 3, 4, 5, 6, 7, 8, 20].map((tries) => pauseSeconds(tries, { fraction: () => 0 }));
    expect(pauses).toEqual([...pauses].sort((a, b) => a - b));
    expect(pauses[0]).toBe(5);
    expect(pauseSeconds(20, { fraction: () => 0.999 })).toBeLessThanOrEqual(12 * 3_600);
  });
});

describe('webhook endpoints', () => {
  it('belong to their tenant, and its system chain says who added and removed them, without the secret', async () => {
    const world = store();
    const wanted = { tenant: 'acme', url: 'https://hooks.example.com/a', events: ['review.*'], createdBy: 'ana' };
    const endpoint = await addEndpoint(world, wanted, { allowsLoopback: false });
    expect(await listEndpoints(world.table, 'acme')).toEqual([endpoint]);
    expect(await listEndpoints(world.table, 'other')).toEqual([]);
    await removeEndpoint(world, 'acme', endpoint.endpointId, 'ana');
    expect(await listEndpoints(world.table, 'acme')).toEqual([]);
    const chain = await readSystemChain(world.table, 'acme', 1, 10);
    expect(chain.map(({ body }) => [body.event, body.by, body.endpointId])).toEqual([
      ['WEBHOOK_ADDED', 'ana', endpoint.endpointId],
      ['WEBHOOK_REMOVED', 'ana', endpoint.endpointId],
    ]);
    expect(JSON.stringify(chain)).not.toContain(endpoint.secret);
  });

  it('are rotated in their own tenant, and its system chain says by whom, without a secret', async () => {
    const world = store();
    const wanted = { tenant: 'acme', url: 'https://hooks.example.com/a', events: ['*'], createdBy: 'ana' };
    const { endpointId, secret } = await addEndpoint(world, wanted, { allowsLoopback: false });
    const change = { endpointId, by: 'bob', overlapMs: 1_000 };
    expect(await rotateSecret(world, 'other', change)).toBeNull();
    const rotated = await rotateSecret(world, 'acme', change);
    expect(await listEndpoints(world.table, 'acme')).toEqual([rotated]);
    const again = await rotateSecret(world, 'acme', change);
    expect(again!.previous!.secret).toBe(rotated!.secret);
    const chain = await readSystemChain(world.table, 'acme', 1, 10);
    expect(chain.map(({ body }) => [body.event, body.by])).toEqual([
      ['WEBHOOK_ADDED', 'ana'],
      ['WEBHOOK_ROTATED', 'bob'],
      ['WEBHOOK_ROTATED', 'bob'],
    ]);
    for (const one of [secret, rotated!.secret, again!.secret]) expect(JSON.stringify(chain)).not.toContain(one);
  });

  it.each([
    ['an unknown event', { events: ['decision.made'] }, 'events must be some of'],
    ['no event', { events: [] }, 'events must be some of'],
    ['a private address', { url: 'https://192.168.0.1/' }, '192.168.0.1'],
    ['a tenant that is none', { tenant: 'Acme' }, 'tenant'],
  ])('are refused with %s', async (_, given, message) => {
    const wanted = { tenant: 'acme', url: 'https://hooks.example.com/', events: ['*'], createdBy: 'ana', ...given };
    await expect(addEndpoint(store(), wanted, { allowsLoopback: false })).rejects.toThrow(message);
  });

  it('are at most 20 of a tenant', async () => {
    const world = store();
    const add = (i: number) =>
      addEndpoint(
        world,
        { tenant: 'acme', url: `https://hooks.example.com/${i}`, events: ['*'], createdBy: 'ana' },
        { allowsLoopback: false },
      );
    for (let i = 0; i < 20; i++) await add(i);
    await expect(add(20)).rejects.toThrow('20 webhooks');
  });
});
