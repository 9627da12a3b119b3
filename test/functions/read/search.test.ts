import { beforeEach, describe, expect, it } from 'vitest';
import { usersSink } from '../../../functions/project/usersSink.ts';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import type { Consumed } from '../../../shared/ports/ports.ts';
import { userAccountKey } from '../../../shared/store/names.ts';
import { type Api, apiOnMemory, startMs } from '../../support/api.ts';
import { type Asking, asking, everyItem } from '../../support/asking.ts';
import { aDecision } from '../project/builders.ts';

let api: Api;
let ask: Asking;

const pay = (transactionId: string, more: object = {}) =>
  ask('POST', '/decisions', {
    body: {
      transactionId,
      userId: 'u_42',
      accountId: 'a_7',
      occurredAt: new Date(startMs).toISOString(),
      amountMinor: 100,
      currency: 'INR',
      merchantId: 'm_3',
      ...more,
    },
  });

const search = (q: string) => ask('GET', '/search', { query: { q } });

beforeEach(async () => {
  api = apiOnMemory();
  ask = asking(api, await api.newKey(['decide', 'read', 'review']));
});

describe('GET /search', () => {
  it.each([
    ['transaction', 't1', 'decisions/t1'],
    ['account', 'a_7', 'accounts/a_7/decision'],
    ['user', 'u_42', 'users/u_42/accounts'],
  ])('finds a %s, with the path that answers it', async (kind, id, link) => {
    await pay('t1');
    await api.project();
    expect(await search(id)).toEqual({ status: 200, body: { items: [{ kind, id, link }] } });
    const { status, body } = await ask('GET', `/${link}`);
    expect(status).toBe(200);
    expect(JSON.stringify(body)).toContain(id);
  });

  it('finds a merchant of which something is known', async () => {
    await pay('t1');
    await ask('POST', '/decisions/t1/review', { body: { disposition: 'CONFIRMED_FRAUD' } });
    expect((await search('m_3')).body.items).toEqual([{ kind: 'merchant', id: 'm_3', link: 'entities/merchant/m_3' }]);
  });

  it('finds the same name in every kind', async () => {
    await pay('same', { userId: 'same', accountId: 'same' });
    await api.project();
    expect((await search('same')).body.items.map(({ kind }: { kind: string }) => kind)).toEqual([
      'transaction',
      'account',
      'user',
    ]);
  });

  it('writes a name into its link as a path takes it', async () => {
    await pay('a:b');
    const [{ link }] = (await search('a:b')).body.items;
    expect(link).toBe('decisions/a%3Ab');
    expect((await ask('GET', `/${link}`)).body.transactionId).toBe('a:b');
  });

  it.each(['t9', 'T1', 't', 'latest', ' ', 'a name with spaces', '2001:db8::1', 'ä'])(
    'is empty for what nothing is called exactly: %s',
    async (q) => {
      await pay('t1');
      await api.project();
      expect(await search(q)).toEqual({ status: 200, body: { items: [] } });
    },
  );

  it('finds nothing of another tenant', async () => {
    await pay('t1');
    await api.project();
    const other = asking(api, await api.newKey(['read'], 'other'));
    for (const q of ['t1', 'a_7', 'u_42']) expect((await other('GET', '/search', { query: { q } })).body).toEqual({ items: [] });
  });

  it.each([
    ['without a name', {}],
    ['with an empty name', { q: '' }],
    ['with a name of 129 characters', { q: 'x'.repeat(129) }],
    ['with a card number', { q: '4111111111111111' }],
  ])('refuses a search %s', async (_, query) => {
    const { status, body } = await ask('GET', '/search', { query });
    expect([status, body.errors[0].pointer]).toEqual([400, '?q']);
  });
});

describe('GET /users/{userId}/accounts', () => {
  it('gives a user’s accounts once each, by account, in pages of any size', async () => {
    const accounts = Array.from({ length: 7 }, (_, i) => `a_${i}`);
    for (const accountId of accounts.toReversed()) {
      await pay(`t_${accountId}_1`, { accountId });
      await pay(`t_${accountId}_2`, { accountId });
    }
    await api.project();
    for (const limit of ['1', '3', '200']) {
      const { items } = await everyItem(ask, '/users/u_42/accounts', { limit });
      expect(items).toEqual(accounts.map((accountId) => ({ userId: 'u_42', accountId })));
    }
  });

  it('is 404 for a user of no account', async () => {
    expect((await ask('GET', '/users/u_9/accounts')).status).toBe(404);
  });
});

describe('the note of whose account it is', () => {
  it('costs one write unit for an account, at its first payment', async () => {
    const consumed: Consumed[] = [];
    const table = memoryTable({ onConsumed: (one) => consumed.push(one) });
    const committed = (sequence: number) => ({
      position: 0,
      tenant: 'acme',
      queueAgeMs: null,
      decision: aDecision({ sequence }),
    });
    const decisions = [1, 2, 3, 1_000].map(committed);
    expect(await usersSink({ table }).project({ decisions, entries: [] })).toEqual([]);
    expect(consumed).toEqual([{ operation: 'put', readUnits: 0, writeUnits: 1 }]);
    expect(await table.get(userAccountKey('acme', 'u_42', 'a_7'))).not.toBeNull();
  });
});
