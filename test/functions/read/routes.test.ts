import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { describe, expect, it } from 'vitest';
import { encodeCursor } from '../../../functions/read/cursor.ts';
import { routes } from '../../../shared/contract/routes.ts';
import type { Decision } from '../../../shared/domain/decision.ts';
import { signalNames } from '../../../shared/domain/signals/names.ts';
import { accountFromItem, stateItem } from '../../../shared/ledger/state.ts';
import { Unavailable } from '../../../shared/ports/ports.ts';
import { startMs, world } from './world.ts';

const dayMs = 86_400_000;
const zeros = '0'.repeat(64);

/** Follows cursors to the end. */
const walk = async (here: ReturnType<typeof world>, path: string, query: Record<string, string>) => {
  // biome-ignore lint/suspicious/noExplicitAny: bodies are JSON from outside
  const items: any[] = [];
  let cursor: string | undefined;
  do {
    const { status, body } = await here.get(path, cursor === undefined ? query : { ...query, cursor });
    expect(status).toBe(200);
    items.push(...body.items);
    cursor = body.cursor;
  } while (cursor !== undefined && items.length < 1_000);
  return items;
};

describe('GET /decisions/{transactionId}', () => {
  it('gives the decision as it was made', async () => {
    const here = world();
    const decision = await here.pay({ transactionId: 't1', amountMinor: 500, offsetMinutes: 330 });
    const { status, body } = await here.get('/decisions/t1');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      transactionId: 't1',
      userId: 'u_42',
      accountId: 'a_7',
      outcome: decision.outcome,
      score: decision.score,
      transition: 'NEW',
      duplicate: false,
      policyVersion: 1,
      modelVersion: null,
      audit: { sequence: 1, hash: decision.hash },
    });
    expect(body.occurredAt).toMatch(/\+05:30$/);
    expect(Object.keys(body.signals)).toEqual([...signalNames]);
    expect(body.signals.TOTAL_SPEND_24H).toEqual({ value: 500, triggered: false });
  });

  it('answers 404 for what is unknown and for what is another tenant’s', async () => {
    const here = world();
    await here.pay({ transactionId: 't1' });
    expect((await here.get('/decisions/t2')).status).toBe(404);
    expect((await here.get('/decisions/t1', {}, 'other')).status).toBe(404);
  });

  it('refuses a bad id and an unknown query', async () => {
    const here = world();
    expect((await here.get('/decisions/%20')).status).toBe(400);
    expect((await here.get('/decisions/t1', { verbose: '1' })).status).toBe(400);
  });

  it('explains in full what would have been allowed, and nothing for an ALLOW', async () => {
    const here = world();
    await here.pay({ transactionId: 'calm' });
    const outcomes: string[] = [];
    for (let i = 0; i < 60; i += 1) outcomes.push((await here.pay({ transactionId: `burst${i}` })).outcome);
    const flagged = outcomes.findIndex((outcome) => outcome !== 'ALLOW');
    expect(flagged).toBeGreaterThan(0);
    expect((await here.get('/decisions/calm', { explain: 'full' })).body.counterfactual).toBeNull();
    expect((await here.get('/decisions/calm')).body).not.toHaveProperty('counterfactual');
    const { counterfactual } = (await here.get(`/decisions/burst${flagged}`, { explain: 'full' })).body;
    expect(counterfactual).toMatchObject({ outcome: 'ALLOW' });
  });
});

describe('GET /decisions/latest', () => {
  it('lists newest first, page by page, each once', async () => {
    const here = world();
    for (let i = 0; i < 23; i += 1) await here.pay({ transactionId: `t${i}` });
    const ids = Array.from({ length: 23 }, (_, i) => `t${22 - i}`);
    for (const limit of ['1', '7', '23', '200']) {
      const items = await walk(here, '/decisions/latest', { limit });
      expect(items.map((item) => item.transactionId)).toEqual(ids);
    }
  });

  it('has items of the contract', async () => {
    const here = world();
    await here.pay({ transactionId: 't1', occurredAtMs: startMs - 1_000, offsetMinutes: -60, amountMinor: 700, currency: 'USD' });
    const { body } = await here.get('/decisions/latest');
    expect(body).toEqual({
      items: [
        {
          transactionId: 't1',
          userId: 'u_42',
          accountId: 'a_7',
          occurredAt: '2026-11-20T12:44:59.000-01:00',
          decidedAt: expect.stringMatching(/^2026-11-20T13:45:00\.\d{3}Z$/),
          amountMinor: 700,
          currency: 'USD',
          outcome: expect.stringMatching(/^(ALLOW|REVIEW|BLOCK)$/),
          score: expect.any(Number),
          signals: expect.any(Array),
          anomalyPercentile: null,
          travelKmh: 0,
          distanceKm: null,
        },
      ],
    });
  });

  it('says how far from its places before an account paid, and nothing without a place', async () => {
    const here = world();
    const home = { latitude: 10, longitude: 20 };
    await here.pay({ transactionId: 'first', location: home });
    await here.pay({ transactionId: 'north', location: { latitude: 20, longitude: 20 } });
    await here.pay({ transactionId: 'nowhere', location: null });
    const [nowhere, north, first] = await walk(here, '/decisions/latest', { limit: '3' });
    expect(first).toMatchObject({ transactionId: 'first', distanceKm: 0 });
    // A degree of latitude is 6,371 km times pi over 180.
    expect(north!.distanceKm).toBeCloseTo((10 * 6_371 * Math.PI) / 180, -1);
    expect(nowhere).toMatchObject({ transactionId: 'nowhere', distanceKm: null });
  });

  it('filters by outcome', async () => {
    const here = world();
    const decided: Decision[] = [];
    for (let i = 0; i < 40; i += 1) decided.push(await here.pay({ transactionId: `t${i}` }));
    for (const outcome of ['ALLOW', 'REVIEW', 'BLOCK']) {
      const expected = decided
        .filter((decision) => decision.outcome === outcome)
        .map((decision) => decision.transaction.transactionId);
      const items = await walk(here, '/decisions/latest', { outcome, limit: '3' });
      expect(items.map((item) => item.transactionId)).toEqual(expected.reverse());
    }
  });

  it('shows a tenant nothing of another', async () => {
    const here = world();
    await here.pay({ transactionId: 't1' });
    expect((await here.get('/decisions/latest', {}, 'other')).body).toEqual({ items: [] });
  });

  it.each([
    ['of another filter', { outcome: 'ALLOW' }, 'acme'],
    ['of another tenant', {}, 'other'],
  ])('refuses a cursor %s', async (_, query, tenant) => {
    const here = world();
    for (let i = 0; i < 3; i += 1) await here.pay({ transactionId: `t${i}` });
    const { cursor } = (await here.get('/decisions/latest', { limit: '1' })).body;
    const { status, body } = await here.get('/decisions/latest', { ...query, cursor }, tenant);
    expect([status, body.errors[0].pointer]).toEqual([400, '?cursor']);
  });

  it.each([
    ['/decisions/latest', 'getLatestDecisions', '+275760-09-13T00:00:00.000Z#t'],
    ['/decisions/latest', 'getLatestDecisions', 'x'],
    ['/signals/recent', 'getRecentSignals', '9999-12-31T00:00:00.000Z#t'],
    ['/model/versions', 'getModelVersions', '1e30'],
    ['/policy/versions', 'getPolicyVersions', '-1'],
    ['/audit/system', 'getSystemAudit', 'x'],
  ])('refuses a cursor of %s that was made by hand', async (path, operationId, place) => {
    const here = world();
    const cursor = encodeCursor(['acme', operationId], place, startMs);
    const { status, body } = await here.get(path, { cursor });
    expect([status, body.errors?.[0].pointer]).toEqual([400, '?cursor']);
  });

  it.each([
    ['decisions', 'getAccountTimeline'],
    ['audit', 'getAccountAudit'],
  ])('refuses a cursor of an account’s %s that was made by hand', async (what, operationId) => {
    const here = world();
    await here.pay({ transactionId: 't1' });
    const cursor = encodeCursor(['acme', operationId, 'accountId=a_7'], 'NaN', startMs);
    expect((await here.get(`/accounts/a_7/${what}`, { cursor })).status).toBe(400);
  });

  it('takes a cursor a day later, and refuses one of another route, a changed and a very old one', async () => {
    const here = world();
    for (let i = 0; i < 3; i += 1) await here.pay({ transactionId: `t${i}` });
    const { cursor } = (await here.get('/decisions/latest', { limit: '1' })).body;
    here.advance(dayMs);
    expect((await here.get('/decisions/latest', { cursor })).body.items).toHaveLength(2);
    expect((await here.get('/signals/recent', { cursor })).status).toBe(400);
    expect((await here.get('/decisions/latest', { cursor: `A${cursor.slice(1)}` })).status).toBe(400);
    here.advance(30 * dayMs);
    expect((await here.get('/decisions/latest', { cursor })).status).toBe(400);
  });
});

describe('GET /signals/recent', () => {
  it('lists each triggered signal of each payment, newest first, in the order of the signals', async () => {
    const here = world();
    const expected: string[] = [];
    for (let i = 0; i < 40; i += 1) {
      const { transaction, reasons } = await here.pay({ transactionId: `t${i}`, amountMinor: 90_000_000 });
      const names = reasons.map((reason) => reason.signal).filter((name) => (signalNames as readonly string[]).includes(name));
      expected.unshift(...names.map((name) => `${transaction.transactionId} ${name}`));
    }
    expect(new Set(expected.map((row) => row.split(' ')[1])).size).toBeGreaterThan(1);
    for (const limit of ['1', '2', '50']) {
      const items = await walk(here, '/signals/recent', { limit });
      expect(items.map((item) => `${item.transactionId} ${item.signal}`)).toEqual(expected);
    }
    const velocity = await walk(here, '/signals/recent', { signal: 'TXN_VELOCITY_1H', limit: '4' });
    expect(velocity.map((item) => `${item.transactionId} ${item.signal}`)).toEqual(
      expected.filter((row) => row.endsWith(' TXN_VELOCITY_1H')),
    );
    const newest = velocity[0]!;
    expect(newest).toEqual({
      transactionId: 't39',
      userId: 'u_42',
      accountId: 'a_7',
      signal: 'TXN_VELOCITY_1H',
      value: 40,
      threshold: expect.any(Number),
      decidedAt: expect.stringMatching(/Z$/),
    });
  });

  it('refuses a signal that does not exist', async () => {
    expect((await world().get('/signals/recent', { signal: 'NOPE' })).status).toBe(400);
  });
});

describe('GET /accounts/{accountId}/decision', () => {
  it('gives the last decision by sequence, its triggers those of its explanation', async () => {
    const here = world();
    for (let i = 0; i < 30; i += 1) await here.pay({ transactionId: `t${i}` });
    const standing = (await here.get('/accounts/a_7/decision')).body;
    const decision = (await here.get('/decisions/t29')).body;
    const { userId, accountId, transactionId, outcome, score, decidedAt, transition, explanation } = decision;
    expect(standing).toEqual({
      userId,
      accountId,
      transactionId,
      outcome,
      score,
      decidedAt,
      transition,
      explanation,
      triggers: expect.any(Object),
    });
    expect(explanation).not.toBe('');
    const counts = Object.entries(standing.triggers).map(
      ([name, count]) => `${name}: ${count} ${count === 1 ? 'trigger' : 'triggers'}`,
    );
    expect(counts.join(' | ')).toBe(explanation);
  });

  it('takes a late payment that was decided last', async () => {
    const here = world();
    await here.pay({ transactionId: 't1' });
    await here.pay({ transactionId: 'late', occurredAtMs: startMs - 3_600_000 });
    expect((await here.get('/accounts/a_7/decision')).body.transactionId).toBe('late');
  });

  it('without userId gives the newest among the account’s users', async () => {
    const here = world();
    await here.pay({ transactionId: 't1', userId: 'u_1' });
    await here.pay({ transactionId: 't2', userId: 'u_2' });
    await here.pay({ transactionId: 't3', userId: 'u_1', occurredAtMs: startMs - 10_000 });
    expect((await here.get('/accounts/a_7/decision')).body).toMatchObject({ transactionId: 't3', userId: 'u_1' });
    expect((await here.get('/accounts/a_7/decision', { userId: 'u_2' })).body).toMatchObject({
      transactionId: 't2',
      userId: 'u_2',
    });
  });

  it('answers 404 for an account, a user or a tenant that is unknown', async () => {
    const here = world();
    await here.pay();
    expect((await here.get('/accounts/a_8/decision')).status).toBe(404);
    expect((await here.get('/accounts/a_7/decision', { userId: 'u_1' })).status).toBe(404);
    expect((await here.get('/accounts/a_7/decision', {}, 'other')).status).toBe(404);
  });
});

describe('GET /accounts/{accountId}/decisions', () => {
  it('lists the chain’s decisions, newest sequence first, page by page', async () => {
    const here = world();
    for (let i = 0; i < 12; i += 1) await here.pay({ transactionId: `t${i}` });
    await here.pay({ transactionId: 'late', occurredAtMs: startMs - 3_600_000 });
    const ids = ['late', ...Array.from({ length: 12 }, (_, i) => `t${11 - i}`)];
    for (const limit of ['1', '5', '13', '200']) {
      const items = await walk(here, '/accounts/a_7/decisions', { limit });
      expect(items.map((item) => item.transactionId)).toEqual(ids);
    }
  });

  it('has the items of latest', async () => {
    const here = world();
    for (let i = 0; i < 30; i += 1) await here.pay({ transactionId: `t${i}` });
    const timeline = (await here.get('/accounts/a_7/decisions')).body;
    const latest = (await here.get('/decisions/latest')).body;
    const withoutDistance = latest.items.map(({ distanceKm: _, ...item }: Record<string, unknown>) => item);
    expect(timeline).toEqual({ ...latest, items: withoutDistance });
    expect(timeline.items.some((item: { signals: string[] }) => item.signals.length > 0)).toBe(true);
  });
});

describe('GET /accounts/{accountId}/audit', () => {
  it('lets anyone check the chain, oldest first, over pages', async () => {
    const here = world();
    for (let i = 0; i < 9; i += 1) await here.pay({ transactionId: `t${i}`, deviceId: 'd_9' });
    for (const limit of ['1', '4', '9', '200']) {
      const items = await walk(here, '/accounts/a_7/audit', { limit });
      let previousHash = zeros;
      for (const [index, { body, hash, inputs }] of items.entries()) {
        expect(body).toMatchObject({
          sequence: index + 1,
          previousHash,
          event: 'DECISION_MADE',
          transactionId: `t${index}`,
          chain: items[0].body.chain,
        });
        expect(hash).toBe(createHash('sha256').update(canonicalize(body)!).digest('hex'));
        expect(inputs).toMatchObject({
          transactionId: `t${index}`,
          userId: 'u_42',
          accountId: 'a_7',
          deviceId: 'd_9',
          channel: null,
        });
        previousHash = hash;
      }
      expect(items).toHaveLength(9);
    }
  });

  it('has no inputs once the salt is destroyed, and the same hashes', async () => {
    const here = world();
    await here.pay();
    const before = (await here.get('/accounts/a_7/audit')).body.items[0];
    const state = (await here.table.get({ pk: 'S#acme#a_7', sk: 'u_42' }))!;
    await here.table.put(stateItem('acme', 'a_7', 'u_42', { ...accountFromItem(state), salt: new Uint8Array(16) }));
    const after = (await here.get('/accounts/a_7/audit')).body.items[0];
    expect(after).toEqual({ ...before, inputs: null });
  });

  describe('says what proves each entry', () => {
    // biome-ignore lint/suspicious/noExplicitAny: bodies are JSON from outside
    const proofs = (items: readonly any[]) => items.map(({ proof }) => `${proof.state} ${proof.checkpoint}`);

    it('a checkpoint, or the chain alone after the last one', async () => {
      const here = world();
      const read = async () => (await here.get('/accounts/a_7/audit')).body.items;
      for (let i = 0; i < 3; i += 1) await here.pay({ transactionId: `t${i}` });
      expect(proofs(await read())).toEqual(Array(3).fill('CHAINED null'));
      await here.checkpoint(await read());
      for (let i = 3; i < 5; i += 1) await here.pay({ transactionId: `t${i}` });
      expect(proofs(await read())).toEqual([...Array(3).fill('CHECKPOINTED 1'), ...Array(2).fill('CHAINED null')]);
      await here.checkpoint((await read()).slice(0, 4));
      expect(proofs(await read())).toEqual([...Array(4).fill('CHECKPOINTED 2'), 'CHAINED null']);
      await here.checkpoint(await read());
      expect(proofs(await read())).toEqual(Array(5).fill('CHECKPOINTED 3'));
      const paged = await walk(here, '/accounts/a_7/audit', { limit: '2' });
      expect(proofs(paged)).toEqual([1, 1, 2, 2, 3].map((number) => `CHECKPOINTED ${number}`));
    });
    it('of this chain only: a checkpoint of another account proves nothing here', async () => {
      const here = world();
      await here.pay({ transactionId: 't1' });
      await here.pay({ transactionId: 't2', accountId: 'a_8' });
      await here.checkpoint((await here.get('/accounts/a_8/audit')).body.items);
      expect(proofs((await here.get('/accounts/a_7/audit')).body.items)).toEqual(['CHAINED null']);
    });
    it('or that the checkpoints cannot be read now', async () => {
      const here = world();
      await here.pay();
      await here.checkpoint((await here.get('/accounts/a_7/audit')).body.items);
      here.checkpoints.get = async () => {
        throw new Unavailable('down');
      };
      expect(proofs((await here.get('/accounts/a_7/audit')).body.items)).toEqual(['UNKNOWN null']);
    });
  });

  it('begins at the first row kept and says so, on the first page only', async () => {
    const here = world();
    for (let i = 0; i < 9; i += 1) await here.pay({ transactionId: `t${i}` });
    const rows = here.table.all().filter(({ pk }) => pk.startsWith('A#'));
    const expiredS = Math.floor(startMs / 1_000);
    // TTL removes in any order and late: the first three are gone, of the next two one is still there.
    for (const row of rows.slice(0, 4)) await here.table.delete(row);
    await here.table.put({ ...rows[4]!, ttl: expiredS });
    await here.table.put({ ...rows[5]!, ttl: expiredS + 86_400 });
    const first = (await here.get('/accounts/a_7/audit', { limit: '2' })).body;
    expect(first).toMatchObject({ archivedThrough: 5, items: [{ body: { sequence: 6 } }, { body: { sequence: 7 } }] });
    const second = (await here.get('/accounts/a_7/audit', { limit: '2', cursor: first.cursor })).body;
    expect(second.items.map((item: { body: { sequence: number } }) => item.body.sequence)).toEqual([8, 9]);
    expect(second).not.toHaveProperty('archivedThrough');
    expect((await here.get('/accounts/a_7/decisions')).body.items).toHaveLength(4);
    for (const row of rows) await here.table.put({ ...row, ttl: expiredS });
    expect((await here.get('/accounts/a_7/audit')).body).toMatchObject({ items: [], archivedThrough: 9 });
  });
});

describe('timeline and audit', () => {
  it.each(['decisions', 'audit'])('%s asks for userId when the account has several users', async (route) => {
    const here = world();
    await here.pay({ transactionId: 't1', userId: 'u_1' });
    await here.pay({ transactionId: 't2', userId: 'u_2' });
    const { status, body } = await here.get(`/accounts/a_7/${route}`);
    expect([status, body.errors[0].pointer]).toEqual([400, '?userId']);
    expect((await here.get(`/accounts/a_7/${route}`, { userId: 'u_2' })).body.items).toHaveLength(1);
  });

  it.each(['decisions', 'audit'])('%s answers 404 for what is unknown', async (route) => {
    const here = world();
    await here.pay();
    expect((await here.get(`/accounts/a_8/${route}`)).status).toBe(404);
    expect((await here.get(`/accounts/a_7/${route}`, { userId: 'u_1' })).status).toBe(404);
    expect((await here.get(`/accounts/a_7/${route}`, {}, 'other')).status).toBe(404);
  });

  it.each(['decisions', 'audit'])('%s refuses the cursor of another account', async (route) => {
    const here = world();
    for (let i = 0; i < 2; i += 1) await here.pay({ transactionId: `t${i}` });
    await here.pay({ transactionId: 'other', accountId: 'a_8' });
    const { cursor } = (await here.get(`/accounts/a_7/${route}`, { limit: '1' })).body;
    expect((await here.get(`/accounts/a_8/${route}`, { cursor })).status).toBe(400);
  });
});

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

describe('GET /health', () => {
  it('needs no key and names its dependencies', async () => {
    const here = world();
    here.queueAnswers(async () => 3);
    expect(await here.get('/health', {}, null)).toEqual({
      status: 200,
      body: {
        status: 'ok',
        version: '1.2.3',
        dependencies: { table: { status: 'ok' }, queue: { status: 'ok', waitingMessages: 3 } },
      },
    });
  });

  it('is degraded without the queue', async () => {
    const here = world();
    here.queueAnswers(async () => {
      throw new Unavailable('secret detail');
    });
    const { status, body } = await here.get('/health', {}, null);
    expect([status, body.status, body.dependencies.queue]).toEqual([200, 'degraded', { status: 'down', cause: 'Unavailable' }]);
  });

  it('is down with 503 without the table', async () => {
    const here = world();
    here.table.get = async () => {
      throw new Unavailable('no table');
    };
    const { status, body } = await here.get('/health', {}, null);
    expect([status, body.status, body.dependencies.table]).toEqual([503, 'down', { status: 'down', cause: 'Unavailable' }]);
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
