import { beforeEach, describe, expect, it } from 'vitest';
import { merchantsSink } from '../../../functions/project/merchantsSink.ts';
import { scopes } from '../../../shared/contract/routes.ts';
import { dayMs, hourMs } from '../../../shared/domain/durations.ts';
import { decisionFromItem, isDecisionItem } from '../../../shared/ledger/items.ts';
import { defaultPolicy } from '../../../shared/policy/default.ts';
import { seededRandom } from '../../../shared/store/random.ts';
import { type Api, apiOnMemory } from '../../support/api.ts';
import { type Asking, asking, everyItem } from '../../support/asking.ts';

let api: Api;
let ask: Asking;
let sent: number;

const now = () => new Date(api.clock.nowMs()).toISOString();

const pay = async (given: Readonly<Record<string, unknown>>): Promise<string> => {
  sent += 1;
  api.clock.advance(1_000);
  const body = {
    transactionId: `t${sent}`,
    userId: 'u1',
    accountId: 'a1',
    occurredAt: now(),
    amountMinor: 10_000,
    currency: 'INR',
    ...given,
  };
  expect((await ask('POST', '/decisions', { body })).status).toBe(200);
  return body.transactionId;
};

const idsOf = (items: readonly { readonly transactionId: string }[]) => items.map(({ transactionId }) => transactionId);

beforeEach(async () => {
  sent = 0;
  api = apiOnMemory();
  ask = asking(api, await api.newKey(scopes));
});

describe('GET /entities/{kind}/{id}', () => {
  it('gives the figures as of now, and when decisions named it first and last', async () => {
    await pay({ deviceId: 'd_9' });
    const first = now();
    await pay({ deviceId: 'd_9', accountId: 'a2', amountMinor: 500 });
    api.clock.advance(2 * hourMs);
    await pay({ deviceId: 'd_9' });
    const last = now();
    await pay({ deviceId: 'another' });
    await api.project();
    api.clock.advance(60_000);
    expect(await ask('GET', '/entities/device/d_9')).toEqual({
      status: 200,
      body: {
        kind: 'device',
        id: 'd_9',
        asOf: now(),
        figures: {
          accounts1h: 1,
          accounts24h: 2,
          payments1h: 1,
          payments24h: 3,
          amount24hMinor: 20_500,
          amountPartial: false,
          frauds: 0,
          late: false,
          saturated: false,
        },
        firstSeenAt: first,
        lastSeenAt: last,
      },
    });
  });

  it('forgets payments with the window, and knows what was labelled', async () => {
    const id = await pay({ instrumentId: 'card_77' });
    await api.project();
    await ask('POST', `/decisions/${id}/review`, { body: { disposition: 'CONFIRMED_FRAUD' } });
    api.clock.advance(40 * dayMs);
    const { status, body } = await ask('GET', '/entities/instrument/card_77');
    expect(status).toBe(200);
    expect(body.figures).toMatchObject({ accounts24h: 0, payments24h: 0, amount24hMinor: 0, frauds: 1, saturated: false });
  });

  it('says when its figures are lower bounds', async () => {
    for (let i = 0; i < 41; i += 1) await pay({ beneficiaryId: 'asha@upi', accountId: `a${i % 3}` });
    await api.project();
    const { body } = await ask('GET', '/entities/beneficiary/asha%40upi');
    expect(body.figures).toMatchObject({ saturated: true, accounts24h: 3, late: false });
    expect(body.figures.payments24h).toBeGreaterThanOrEqual(40);
    expect(body.figures.payments24h).toBeLessThanOrEqual(41);
    expect(body.lastSeenAt).toBe(now());
  });

  it.each([
    ['any address of a network', '2001:DB8::1', '2001:db8:0:0:ffff::9', '2001:db8::'],
    ['an IPv4-mapped address', '::ffff:10.0.0.1', '10.0.0.1', '10.0.0.1'],
  ])('takes %s, and names it as it is counted', async (_, paid, asked, id) => {
    await pay({ ipAddress: paid });
    await api.project();
    const { status, body } = await ask('GET', `/entities/ip/${encodeURIComponent(asked)}`);
    expect([status, body.id, body.figures.payments24h]).toEqual([200, id, 1]);
  });

  it('knows the kinds of a policy', async () => {
    const policy = { ...defaultPolicy, entities: ['device', { kind: 'email', metadata: 'emailHash' }], rules: [] };
    const published = await ask('PUT', '/policy', { body: { policy, status: 'active' } });
    expect(published.status).toBe(201);
    api.clock.advance(60_000);
    const id = await pay({ metadata: { emailHash: 'e 1/x' }, deviceId: 'd_9', instrumentId: 'not-tracked' });
    await api.project();
    expect((await ask('GET', '/entities/email/e%201%2Fx')).body).toMatchObject({ id: 'e 1/x', figures: { payments24h: 1 } });
    expect(idsOf((await ask('GET', '/entities/email/e%201%2Fx/decisions')).body.items)).toEqual([id]);
    expect((await ask('GET', '/entities/instrument/not-tracked')).status).toBe(404);
  });

  it('tells of a merchant what the stream counted and labels say', async () => {
    const id = await pay({ merchantId: 'm_3' });
    const first = now();
    expect((await ask('GET', '/entities/merchant/m_3')).status).toBe(404);
    await ask('POST', `/decisions/${id}/review`, { body: { disposition: 'CONFIRMED_FRAUD' } });
    const labelled = (await ask('GET', '/entities/merchant/m_3')).body;
    expect(labelled).toMatchObject({ figures: { labelled: 1, frauds: 1 }, firstSeenAt: null, lastSeenAt: null });
    expect(labelled.figures.accounts1h).toBeUndefined();
    await pay({ merchantId: 'm_3', accountId: 'a2' });
    const last = now();
    const sink = merchantsSink({ table: api.table, clock: api.clock, randomness: seededRandom(1) });
    for (const item of api.items().filter(isDecisionItem)) {
      const { tenant, decision } = decisionFromItem(item);
      const decisions = [{ position: 0, tenant, decision, queueAgeMs: null }];
      expect(await sink.project({ decisions, entries: [] })).toEqual([]);
    }
    expect((await ask('GET', '/entities/merchant/m_3')).body).toMatchObject({
      kind: 'merchant',
      id: 'm_3',
      asOf: now(),
      figures: { labelled: 1, frauds: 1, trafficAsOf: last },
      firstSeenAt: first,
      lastSeenAt: last,
    });
    const { figures } = (await ask('GET', '/entities/merchant/m_3')).body;
    for (const estimate of [figures.payments1h, figures.accounts1h]) expect(estimate).toBeCloseTo(2, 1);
  });

  const routesOf = ['', '/decisions', '/accounts'];

  it.each(['/entities/device/d_8', '/entities/ip/10.0.0.9', '/entities/unknown/d_9', '/entities/beneficiary/b'])(
    'is 404 for what was never seen: %s',
    async (path) => {
      await pay({ deviceId: 'd_9' });
      await api.project();
      for (const route of routesOf) expect((await ask('GET', `${path}${route}`)).status).toBe(404);
    },
  );

  it('tells nothing of another tenant', async () => {
    await pay({ deviceId: 'd_9', merchantId: 'm_3' });
    await api.project();
    const other = asking(api, await api.newKey(['read'], 'other'));
    for (const route of routesOf) expect((await other('GET', `/entities/device/d_9${route}`)).status).toBe(404);
    expect((await other('GET', '/entities/merchant/m_3')).status).toBe(404);
    expect((await other('GET', '/search', { query: { q: 'd_9' } })).body).toEqual({ items: [] });
  });

  it.each([
    ['an address with a zone', '/entities/ip/fe80::1%25eth0', '/id'],
    ['an octet with a leading zero', '/entities/ip/10.0.0.01', '/id'],
    ['an address that is none', '/entities/ip/d_9', '/id'],
    ['a device with a space', '/entities/device/d%209', '/id'],
    ['a kind with a space', '/entities/d%20x/d_9', '/kind'],
    ['the decisions of a merchant', '/entities/merchant/m_3/decisions', '/kind'],
    ['the accounts of a merchant', '/entities/merchant/m_3/accounts', '/kind'],
    ['a card number', '/entities/instrument/4111111111111111', '/id'],
  ])('refuses %s', async (_, path, pointer) => {
    const { status, body } = await ask('GET', path);
    expect([status, body.errors[0].pointer]).toEqual([400, pointer]);
  });
});

describe('GET /entities/{kind}/{id}/decisions', () => {
  it('gives each decision that named it once, newest day first, in pages of any size', async () => {
    const named: string[] = [];
    for (let day = 0; day < 4; day += 1) {
      for (let i = 0; i < 3; i += 1) {
        for (const accountId of ['a1', 'a2', 'a3']) {
          named.push(await pay({ accountId, ipAddress: '10.0.0.1' }));
          await pay({ accountId, ipAddress: '10.0.0.2' });
        }
      }
      await api.project();
      api.clock.advance(dayMs);
    }
    for (const limit of ['1', '2', '5', '200']) {
      const { items } = await everyItem(ask, '/entities/ip/10.0.0.1/decisions', { limit });
      expect(idsOf(items).toSorted()).toEqual(named.toSorted());
      const days = items.map(({ decidedAt }) => decidedAt.slice(0, 10));
      expect(days).toEqual(days.toSorted().toReversed());
    }
    const { items } = (await ask('GET', '/entities/ip/10.0.0.1/decisions', { query: { limit: '200' } })).body;
    expect(idsOf(items)).toEqual(named.toReversed());
    const latest = (await ask('GET', '/decisions/latest', { query: { limit: '200' } })).body.items;
    const same = latest.find(({ transactionId }: { transactionId: string }) => transactionId === items[0].transactionId);
    expect(items[0]).toEqual(same);
  });

  it('finds every decision of a long day of one account', async () => {
    const named: string[] = [];
    for (let i = 0; i < 120; i += 1) named.push(await pay({ deviceId: i % 2 === 0 ? 'd_9' : 'd_8' }));
    await api.project();
    const { items } = await everyItem(ask, '/entities/device/d_9/decisions', { limit: '7' });
    expect(idsOf(items).toSorted()).toEqual(named.filter((_, i) => i % 2 === 0).toSorted());
  });

  it('finds decisions that stand before the noted one in the chain', async () => {
    const [first, second] = [await pay({ deviceId: 'd_9' }), await pay({ deviceId: 'd_9' })];
    await api.project();
    const [note] = api.items().filter(({ pk }) => pk.startsWith('I#'));
    await api.table.put({ ...note!, transactionId: second });
    expect(idsOf((await ask('GET', '/entities/device/d_9/decisions')).body.items)).toEqual([second, first]);
  });

  it('gives the noted one where the rows of the day have left the table', async () => {
    const ids = [await pay({ deviceId: 'd_9' }), await pay({ deviceId: 'd_9' })];
    await api.project();
    await api.keepOnly(({ pk }) => !pk.startsWith('A#'));
    expect(idsOf((await ask('GET', '/entities/device/d_9/decisions')).body.items)).toEqual([ids[0]]);
  });

  it('ends 30 days back, where the entity is still known', async () => {
    await pay({ deviceId: 'd_9' });
    await api.project();
    api.clock.advance(31 * dayMs);
    for (const route of ['decisions', 'accounts'])
      expect(await ask('GET', `/entities/device/d_9/${route}`)).toEqual({ status: 200, body: { items: [] } });
  });

  it('refuses the cursor of another entity', async () => {
    for (const deviceId of ['d_8', 'd_9', 'd_9']) await pay({ deviceId });
    await api.project();
    const { cursor } = (await ask('GET', '/entities/device/d_9/decisions', { query: { limit: '1' } })).body;
    expect(cursor).toBeTypeOf('string');
    expect((await ask('GET', '/entities/device/d_8/decisions', { query: { cursor } })).status).toBe(400);
  });
});

describe('GET /entities/{kind}/{id}/accounts', () => {
  it('gives each account once, with when it was seen first and last, in pages of any size', async () => {
    const seen = new Map<string, string[]>();
    for (const accounts of [['a1', 'a2'], ['a3'], ['a2', 'a4', 'a2'], ['a1', 'a5']]) {
      for (const accountId of accounts) {
        await pay({ accountId, userId: `u_${accountId}`, instrumentId: 'card_77' });
        seen.set(accountId, [...(seen.get(accountId) ?? []), now()]);
      }
      await api.project();
      api.clock.advance(3 * dayMs);
    }
    const expected = [...seen].map(([accountId, times]) => ({
      userId: `u_${accountId}`,
      accountId,
      firstSeenAt: times[0],
      lastSeenAt: times.at(-1),
    }));
    for (const limit of ['1', '2', '200']) {
      const { items } = await everyItem(ask, '/entities/instrument/card_77/accounts', { limit });
      expect(items.toSorted((a, b) => (a.accountId < b.accountId ? -1 : 1))).toEqual(expected);
    }
  });
});

describe('GET /search', () => {
  it.each([
    ['device', { deviceId: 'd_9' }, 'd_9', 'd_9'],
    ['ip', { ipAddress: '10.0.0.1' }, '10.0.0.1', '10.0.0.1'],
    ['ip', { ipAddress: '2001:db8::1' }, '2001:db8::5', '2001:db8::'],
    ['beneficiary', { beneficiaryId: 'asha+rent@upi' }, 'asha+rent@upi', 'asha+rent@upi'],
    ['instrument', { instrumentId: 'card_77' }, 'card_77', 'card_77'],
  ])('finds the %s %o, with the path that answers it', async (kind, given, q, id) => {
    await pay(given);
    await api.project();
    const { body } = await ask('GET', '/search', { query: { q } });
    expect(body).toEqual({ items: [{ kind, id, link: `entities/${kind}/${encodeURIComponent(id)}` }] });
    expect((await ask('GET', `/${body.items[0].link}`)).body).toMatchObject({ kind, id });
  });
});
