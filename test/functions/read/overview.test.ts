import { describe, expect, it } from 'vitest';
import { routes } from '../../../shared/contract/routes.ts';
import type { Decision } from '../../../shared/domain/decision.ts';
import { world } from './world.ts';

describe('GET /metrics/overview', () => {
  it('counts every decision in its minute and lists every minute', async () => {
    const here = world();
    const decided: Decision[] = [];
    for (let i = 0; i < 45; i += 1) decided.push(await here.pay({ transactionId: `t${i}` }, { queueAgeMs: 1_000 + i }));
    here.advance(2 * 60_000);
    decided.push(await here.pay({ transactionId: 'last', accountId: 'a_8' }, { queueAgeMs: 77 }));
    const { status, body } = await here.get('/metrics/overview', { minutes: '4' });
    expect(status).toBe(200);
    const count = (outcome: string, minute?: string) =>
      decided.filter(
        (decision) =>
          decision.outcome === outcome &&
          (minute === undefined || new Date(decision.decidedAtMs).toISOString().startsWith(minute)),
      ).length;
    const minutes = ['2026-11-20T13:44', '2026-11-20T13:45', '2026-11-20T13:46', '2026-11-20T13:47'];
    expect(body).toMatchObject({
      from: '2026-11-20T13:44:00.000Z',
      to: '2026-11-20T13:48:00.000Z',
      totals: { ALLOW: count('ALLOW'), REVIEW: count('REVIEW'), BLOCK: count('BLOCK') },
      fraudRate: count('BLOCK') / 46,
      queueAgeMs: 77,
      modelVersion: null,
      policyVersion: 1,
    });
    expect(body.minutes).toEqual(
      minutes.map((minute) => ({
        minute: `${minute}:00.000Z`,
        ALLOW: count('ALLOW', minute),
        REVIEW: count('REVIEW', minute),
        BLOCK: count('BLOCK', minute),
      })),
    );
    const latencies = decided.map((decision) => decision.decidedAtMs - decision.receivedAtMs).sort((a, b) => a - b);
    expect(body.latencyMs).toEqual({ p50: latencies[22], p99: latencies[45] });
  });

  it('gives the age of the oldest message of the last batch', async () => {
    const here = world();
    await here.pay({ transactionId: 't1' }, { queueAgeMs: 9_000 });
    here.advance(1_000);
    await here.pay({ transactionId: 't2' }, { queueAgeMs: 30 });
    await here.pay({ transactionId: 't3' }, { queueAgeMs: 50 });
    await here.pay({ transactionId: 't4' }, { queueAgeMs: 40 });
    expect((await here.get('/metrics/overview')).body.queueAgeMs).toBe(50);
  });

  it('is all zero without a decision, an hour by default', async () => {
    const { body } = await world().get('/metrics/overview');
    expect(body).toMatchObject({
      totals: { ALLOW: 0, REVIEW: 0, BLOCK: 0 },
      fraudRate: 0,
      latencyMs: { p50: null, p99: null },
      queueAgeMs: null,
    });
    expect(body.minutes).toHaveLength(60);
  });

  it('reaches back a day, across midnight', async () => {
    const here = world();
    const { outcome } = await here.pay();
    here.advance(23 * 3_600_000);
    const { body } = await here.get('/metrics/overview', { minutes: '1440' });
    expect(body.minutes).toHaveLength(1440);
    expect(body.totals[outcome]).toBe(1);
    expect((await here.get('/metrics/overview', { minutes: '1441' })).status).toBe(400);
  });
});

describe('GET /caller', () => {
  it('gives the tenant and the scopes of the key that asks', async () => {
    const { status, body } = await world().get('/caller', {}, 'acme');
    expect([status, body]).toEqual([200, { tenant: 'acme', keyId: 'k', identity: 'k', scopes: ['read', 'admin'] }]);
  });
  it('needs a key', async () => {
    expect((await world().get('/caller', {}, null)).status).toBe(401);
  });
});

describe('the documentation', () => {
  it('is served without a key and describes every route that the read stage has', async () => {
    const here = world();
    const { status, body } = await here.get('/openapi.json', {}, null);
    expect([status, body.openapi, body.info.version]).toEqual([200, '3.1.0', '1.2.3']);
    for (const path of ['/decisions/latest', '/accounts/{accountId}/audit', '/metrics/overview']) {
      expect(Object.keys(body.paths)).toContain(path);
    }
    expect((await here.get('/docs', {}, null)).body).toContain('swagger-ui');
  });

  it('describes no route of the read stage that would answer that there is none', async () => {
    const here = world();
    const served = routes.filter((route) => route.stage === 'read' && route.method === 'GET');
    expect(served.length).toBeGreaterThan(10);
    for (const { path } of served) {
      const { body } = await here.get(path.replaceAll(/\{[^}]+\}/g, '1'));
      expect(`${path}: ${body.detail ?? 'answered'}`).not.toMatch(/no such route/i);
    }
  });
});
