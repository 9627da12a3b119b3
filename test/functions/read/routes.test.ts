import { describe, expect, it } from 'vitest';
import { encodeCursor } from '../../../functions/read/cursor.ts';
import type { Decision } from '../../../shared/domain/decision.ts';
import { signalNames } from '../../../shared/domain/signals/names.ts';
import { startMs, walk, world } from './world.ts';

const dayMs = 86_400_000;

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

describe('GET /decisions/latest with filters', () => {
  type Decided = Awaited<ReturnType<ReturnType<typeof world>['pay']>>;

  /** Payments of every outcome, in three currencies, one of them without a rate. */
  const paid = async () => {
    const here = world();
    const decided: Decided[] = [];
    for (let i = 0; i < 45; i += 1) {
      const currency = (['INR', 'EUR', 'NOK'] as const)[i % 3]!;
      const accountId = i < 10 ? `a_${i}` : 'a_7';
      decided.push(await here.pay({ transactionId: `t${i}`, accountId, currency, amountMinor: 100_000 + 1_000 * i }));
      here.advance(1_000);
    }
    return { here, decided };
  };
  const triggers = (name: (typeof signalNames)[number]) => (decision: Decided) =>
    (decision.triggered & (1 << signalNames.indexOf(name))) !== 0;
  // The default policy has 90.7 rupees for a euro, both of a hundred parts.
  const rupeesMinor = ({ transaction: { amountMinor, currency } }: Decided): number =>
    currency === 'INR' ? amountMinor : currency === 'EUR' ? Math.round(amountMinor * 90.7) : Number.NaN;
  const iso = (ms: number) => new Date(ms).toISOString();

  it.each<[string, (decided: readonly Decided[]) => readonly [Record<string, string>, (decision: Decided) => boolean]]>([
    ['a signal', () => [{ signal: 'TXN_VELOCITY_1H' }, triggers('TXN_VELOCITY_1H')]],
    ['a score, inclusive', () => [{ minScore: '40' }, ({ score }) => score >= 40]],
    ['the least score', () => [{ minScore: '0' }, () => true]],
    [
      'an amount in the base currency, inclusive',
      (decided) => [{ minAmountMinor: String(rupeesMinor(decided[3]!)) }, (one) => rupeesMinor(one) >= rupeesMinor(decided[3]!)],
    ],
    ['an amount that only foreign ones reach', () => [{ minAmountMinor: '200000' }, (one) => rupeesMinor(one) >= 200_000]],
    [
      'a time from which on, inclusive',
      (decided) => [{ from: iso(decided[20]!.decidedAtMs) }, (one) => one.decidedAtMs >= decided[20]!.decidedAtMs],
    ],
    [
      'a time before which, exclusive',
      (decided) => [{ to: iso(decided[20]!.decidedAtMs) }, (one) => one.decidedAtMs < decided[20]!.decidedAtMs],
    ],
    [
      'all of them',
      (decided) => [
        {
          outcome: 'BLOCK',
          signal: 'TXN_VELOCITY_1H',
          minScore: '1.5',
          minAmountMinor: '1',
          from: iso(decided[5]!.decidedAtMs),
          to: iso(decided[40]!.decidedAtMs),
        },
        (one) =>
          one.outcome === 'BLOCK' &&
          triggers('TXN_VELOCITY_1H')(one) &&
          one.score >= 1.5 &&
          rupeesMinor(one) >= 1 &&
          one.decidedAtMs >= decided[5]!.decidedAtMs &&
          one.decidedAtMs < decided[40]!.decidedAtMs,
      ],
    ],
  ])('gives those with %s, in pages of any size', async (_, of) => {
    const { here, decided } = await paid();
    const [query, isWanted] = of(decided);
    const expected = decided.filter(isWanted).map(({ transaction }) => transaction.transactionId);
    expect(expected.length).toBeGreaterThan(0);
    for (const limit of ['1', '4', '200']) {
      const items = await walk(here, '/decisions/latest', { ...query, limit });
      expect(items.map((item) => item.transactionId)).toEqual(expected.toReversed());
    }
  });

  it.each([
    ['minScore', '101'],
    ['minScore', '-1'],
    ['minScore', '40.125'],
    ['minScore', '4e1'],
    ['minAmountMinor', '1.5'],
    ['minAmountMinor', '-1'],
    ['signal', 'RULE:x'],
    ['from', '2026-11-20'],
    ['to', 'yesterday'],
  ])('refuses %s=%s', async (name, value) => {
    const { status, body } = await world().get('/decisions/latest', { [name]: value });
    expect([status, body.errors[0].pointer]).toEqual([400, `?${name}`]);
  });

  it('refuses a period that ends before it begins, and takes an empty one', async () => {
    const here = world();
    const [from, to] = ['2026-11-20T10:00:00Z', '2026-11-20T09:00:00Z'];
    const { status, body } = await here.get('/decisions/latest', { from, to });
    expect([status, body.errors[0].pointer]).toEqual([400, '?from']);
    expect(await here.get('/decisions/latest', { from, to: from })).toMatchObject({ status: 200, body: { items: [] } });
  });

  it('refuses a cursor of another filter', async () => {
    const { here } = await paid();
    const { cursor } = (await here.get('/decisions/latest', { minScore: '1', limit: '1' })).body;
    expect((await here.get('/decisions/latest', { minScore: '2', limit: '1', cursor })).status).toBe(400);
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
