import { beforeEach, describe, expect, it } from 'vitest';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import type { Scope } from '../../../shared/contract/routes.ts';
import { createKey } from '../../../shared/edge/keys.ts';
import type { Consumed } from '../../../shared/ports/ports.ts';
import { reviewFromItem } from '../../../shared/reviews/review.ts';
import { claimedReviewKey, openReviewKey, reviewIdKey, reviewKey, reviewQueueKey } from '../../../shared/store/names.ts';
import { restorePointers } from '../../../tools/rebuild/reviews.ts';
import { world } from '../../shared/reviews/world.ts';
import { type Api, apiOnMemory, startMs } from '../../support/api.ts';
import { type Asking, asking, everyItem } from '../../support/asking.ts';

const hourMs = 3_600_000;
const blockedMinor = 3_000_000_000;
/** By the default policy: allowed, REVIEWed for spend alone, BLOCKed for an amount far beyond the population as well. */
const amounts = { ALLOW: 10_000, REVIEW: 30_000_000, BLOCK: blockedMinor } as const;

let api: Api;
let ana: Asking;
let ben: Asking;
let boss: Asking;
let payments = 0;

const person = async (owner: string, scopes: readonly Scope[]): Promise<Asking> => {
  const wanted = { tenant: 'acme', scopes, createdBy: 'test', owner, expiresAtMs: null };
  return asking(api, (await createKey(api.store, wanted)).key);
};

/** A payment of an account, decided and projected; its id. */
const pay = async (accountId: string, outcome: keyof typeof amounts, more: object = {}): Promise<string> => {
  payments += 1;
  const transactionId = `t${payments}`;
  const occurredAt = new Date(api.clock.nowMs()).toISOString();
  const body = { transactionId, userId: 'u_42', accountId, occurredAt, amountMinor: amounts[outcome], currency: 'INR', ...more };
  expect((await boss('POST', '/decisions', { body })).status).toBe(200);
  await api.project();
  return transactionId;
};

const reviewsOf = async (query: Record<string, string> = {}) => (await everyItem(ana, '/reviews', query)).items;

const reviewOf = async (accountId: string) => {
  const all = [...(await reviewsOf()), ...(await reviewsOf({ state: 'closed' }))];
  return all.find((review) => review.accountId === accountId);
};

const act = (by: Asking, what: 'claim' | 'release', reviewId: string) => by('POST', `/reviews/${reviewId}/${what}`);
const dispose = (by: Asking, reviewId: string, body: object) => by('POST', `/reviews/${reviewId}/dispose`, { body });

/** What of a review is found by anything but its place: none of it in 0.1. */
const asOf01 = async (accountId: string) => {
  const { reviewId, openedAt } = await reviewOf(accountId);
  const key = reviewKey('acme', 'open', `${openedAt}#${reviewId}`);
  const { work: _, ...old } = (await api.table.get(key))!;
  await api.table.put(old as typeof old & { pk: string; sk: string });
  await api.table.delete(reviewIdKey('acme', reviewId));
  const { items } = await api.table.query({ pk: reviewQueueKey('acme', '').pk, limit: 100 });
  for (const item of items) if (item.sk.endsWith(reviewId)) await api.table.delete({ pk: item.pk, sk: item.sk });
  return { reviewId, key };
};

beforeEach(async () => {
  payments = 0;
  api = apiOnMemory();
  ana = await person('ana', ['read', 'review']);
  ben = await person('ben', ['read', 'review']);
  boss = await person('boss', ['decide', 'read', 'review', 'admin']);
});

describe('a review', () => {
  it('says what it is about: amount, reasons, priority, when it is due, and that nobody has claimed it', async () => {
    await pay('a_1', 'REVIEW');
    await pay('a_1', 'BLOCK');
    const openedAt = new Date(startMs).toISOString();
    expect(await reviewOf('a_1')).toMatchObject({
      openedAt,
      dueAt: new Date(startMs + 24 * hourMs).toISOString(),
      amountMinor: amounts.REVIEW + amounts.BLOCK,
      reasons: ['TOTAL_SPEND_24H', 'AMOUNT_ANOMALY'],
      assignee: null,
      claimedAt: null,
    });
  });

  it('adds up amounts in base currency, of what has a rate', async () => {
    await pay('a_1', 'REVIEW', { currency: 'EUR', amountMinor: 1_000_000 });
    await pay('a_1', 'REVIEW', { currency: 'NOK', amountMinor: 7 });
    // 90.7 rupees for a euro, both of a hundred parts.
    expect((await reviewOf('a_1')).amountMinor).toBe(90_700_000);
  });

  it('grows in priority by a fifth of the whole for each day that it waits', async () => {
    await pay('a_1', 'REVIEW');
    const { priority } = await reviewOf('a_1');
    api.clock.advance(12 * hourMs);
    expect((await reviewOf('a_1')).priority).toBe(priority + 10);
    api.clock.advance(30 * 24 * hourMs);
    expect((await reviewOf('a_1')).priority).toBe(100);
  });
});

describe('GET /reviews', () => {
  it('sorts by falling priority or by age, in pages of any size', async () => {
    await pay('old', 'REVIEW');
    api.clock.advance(hourMs);
    await pay('grave', 'BLOCK');
    await pay('small', 'REVIEW', { currency: 'NOK', amountMinor: 1 });
    api.clock.advance(hourMs);
    await pay('new', 'REVIEW');
    for (const limit of ['1', '3', '200']) {
      const byPriority = await reviewsOf({ sort: 'priority', limit });
      expect(byPriority.map(({ accountId }) => accountId)).toEqual(['grave', 'old', 'new', 'small']);
      const priorities = byPriority.map(({ priority }) => priority);
      expect(priorities).toEqual(priorities.toSorted((a, b) => b - a));
      const byAge = (await reviewsOf({ sort: 'age', limit })).map(({ accountId }) => accountId);
      expect(byAge[0]).toBe('old');
      expect(byAge.at(-1)).toBe('new');
      expect(byAge).toHaveLength(4);
      expect((await reviewsOf({ limit })).map(({ accountId }) => accountId)).toEqual(byAge.toReversed());
    }
  });

  it('moves a review up when a graver payment joins it', async () => {
    await pay('a_1', 'REVIEW', { currency: 'NOK', amountMinor: 1 });
    await pay('a_2', 'REVIEW');
    expect((await reviewsOf({ sort: 'priority' })).map(({ accountId }) => accountId)).toEqual(['a_2', 'a_1']);
    await pay('a_1', 'BLOCK');
    expect((await reviewsOf({ sort: 'priority' })).map(({ accountId }) => accountId)).toEqual(['a_1', 'a_2']);
  });

  it.each(['priority', 'age', undefined])('gives the reviews of an assignee alone, sorted by %s', async (sort) => {
    for (const account of ['a_1', 'a_2', 'a_3']) {
      await pay(account, account === 'a_2' ? 'BLOCK' : 'REVIEW');
      api.clock.advance(1_000);
    }
    for (const account of ['a_1', 'a_2']) await act(ana, 'claim', (await reviewOf(account)).reviewId);
    await act(ben, 'claim', (await reviewOf('a_3')).reviewId);
    const query = { assignee: 'ana', limit: '1', ...(sort !== undefined && { sort }) };
    const expected = sort === 'age' ? ['a_1', 'a_2'] : ['a_2', 'a_1'];
    expect((await reviewsOf(query)).map(({ accountId }) => accountId)).toEqual(expected);
    expect(await reviewsOf({ ...query, assignee: 'nobody' })).toEqual([]);
  });

  it('finds the closed ones of an assignee, and refuses to sort closed ones by priority', async () => {
    for (const account of ['a_1', 'a_2']) await pay(account, 'REVIEW');
    const { reviewId } = await reviewOf('a_1');
    await act(ana, 'claim', reviewId);
    await dispose(ana, reviewId, { disposition: 'LEGITIMATE' });
    await dispose(ben, (await reviewOf('a_2')).reviewId, { disposition: 'LEGITIMATE' });
    expect((await reviewsOf({ state: 'closed', assignee: 'ana' })).map((review) => review.reviewId)).toEqual([reviewId]);
    expect(await reviewsOf({ assignee: 'ana' })).toEqual([]);
    expect(await reviewsOf({ sort: 'priority' })).toEqual([]);
    expect((await ana('GET', '/reviews', { query: { state: 'closed', sort: 'priority' } })).status).toBe(400);
  });

  it('reads no more for a page however many reviews are open', async () => {
    for (let i = 0; i < 30; i += 1) await pay(`a_${i}`, 'REVIEW');
    const { body } = await ana('GET', '/reviews', { query: { sort: 'priority', limit: '5' } });
    expect(body.items).toHaveLength(5);
    const next = await ana('GET', '/reviews', { query: { sort: 'priority', limit: '5', cursor: body.cursor } });
    expect(next.body.items).toHaveLength(5);
  });
});

describe('POST /reviews/{reviewId}/claim and /release', () => {
  it('make a review somebody’s, and nobody’s again', async () => {
    await pay('a_1', 'REVIEW');
    const { reviewId } = await reviewOf('a_1');
    const claimed = await act(ana, 'claim', reviewId);
    expect(claimed).toMatchObject({
      status: 200,
      body: { reviewId, assignee: 'ana', claimedAt: new Date(startMs).toISOString() },
    });
    expect(await reviewOf('a_1')).toMatchObject({ assignee: 'ana' });
    expect((await act(ana, 'release', reviewId)).body).toMatchObject({ assignee: null, claimedAt: null });
    expect((await act(ben, 'claim', reviewId)).body).toMatchObject({ assignee: 'ben' });
  });

  it('do nothing when they are done again', async () => {
    await pay('a_1', 'REVIEW');
    const { reviewId } = await reviewOf('a_1');
    for (const what of ['release', 'claim', 'claim', 'release', 'release'] as const)
      expect((await act(ana, what, reviewId)).status).toBe(200);
    const before = api.sinks.writes.length;
    await act(ana, 'release', reviewId);
    expect(api.sinks.writes).toHaveLength(before);
  });

  it('are refused with 409 while another has claimed it', async () => {
    await pay('a_1', 'REVIEW');
    const { reviewId } = await reviewOf('a_1');
    await act(ana, 'claim', reviewId);
    for (const by of [ben, boss]) expect((await act(by, 'claim', reviewId)).status).toBe(409);
    expect((await act(ben, 'release', reviewId)).status).toBe(409);
    expect((await dispose(ben, reviewId, { disposition: 'LEGITIMATE' })).status).toBe(409);
    expect(await reviewOf('a_1')).toMatchObject({ assignee: 'ana', state: 'open' });
  });

  it('let an admin release somebody else’s, which the system chain says', async () => {
    await pay('a_1', 'REVIEW');
    const { reviewId } = await reviewOf('a_1');
    await act(ana, 'claim', reviewId);
    expect((await act(boss, 'release', reviewId)).body).toMatchObject({ assignee: null });
    const { items } = (await boss('GET', '/audit/system')).body;
    expect(items.map(({ body }: { body: object }) => body)).toMatchObject([
      { event: 'REVIEW_RELEASED', reviewId, assignee: 'ana', by: expect.stringMatching(/^key_/) },
    ]);
    await act(boss, 'claim', reviewId);
    await act(boss, 'release', reviewId);
    expect((await boss('GET', '/audit/system')).body.items).toHaveLength(1);
  });

  it('belong to the person, whichever key is used', async () => {
    await pay('a_1', 'REVIEW');
    const { reviewId } = await reviewOf('a_1');
    await act(ana, 'claim', reviewId);
    const rotated = await person('ana', ['read', 'review']);
    expect((await act(rotated, 'claim', reviewId)).status).toBe(200);
    expect((await act(rotated, 'release', reviewId)).status).toBe(200);
  });

  it('are 404 for an unknown review or one of another tenant, 409 to claim a closed one, 400 with a body, 403 without the scope', async () => {
    await pay('a_1', 'REVIEW');
    const { reviewId } = await reviewOf('a_1');
    expect((await act(ana, 'claim', 'rev_000000000000000000000000')).status).toBe(404);
    expect((await act(ana, 'claim', 'nothing')).status).toBe(404);
    const other = asking(api, await api.newKey(['review'], 'other'));
    expect((await act(other, 'claim', reviewId)).status).toBe(404);
    expect((await ana('POST', `/reviews/${reviewId}/claim`, { body: {} })).status).toBe(200);
    expect((await ana('POST', `/reviews/${reviewId}/claim`, { body: { for: 'ben' } })).status).toBe(400);
    const reader = asking(api, await api.newKey(['read']));
    expect((await act(reader, 'claim', reviewId)).status).toBe(403);
    await dispose(ana, reviewId, { disposition: 'LEGITIMATE' });
    expect((await act(ana, 'claim', reviewId)).status).toBe(409);
  });
});

describe('POST /reviews/{reviewId}/dispose', () => {
  it('labels all of the review, each payment with its own audit entry, and closes it', async () => {
    const ids = [await pay('a_1', 'REVIEW'), await pay('a_1', 'BLOCK'), await pay('a_1', 'REVIEW')];
    const { reviewId } = await reviewOf('a_1');
    const { status, body } = await dispose(ana, reviewId, { disposition: 'CONFIRMED_FRAUD', note: 'the customer called' });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      labelled: ids,
      remaining: 0,
      review: { reviewId, state: 'closed', disposition: 'CONFIRMED_FRAUD', transactionIds: ids },
    });
    for (const id of ids)
      expect((await ana('GET', `/decisions/${id}`)).body.label).toMatchObject({
        disposition: 'CONFIRMED_FRAUD',
        note: 'the customer called',
      });
    const { items } = (await ana('GET', '/accounts/a_1/audit')).body;
    const words = items.filter(({ body: { event } }: { body: { event: string } }) => event === 'REVIEWED');
    expect(words.map(({ inputs }: { inputs: { transactionId: string } }) => inputs.transactionId)).toEqual(ids);
  });

  it('labels those named, and the review stays open while a payment is left', async () => {
    const [first, second, third] = [await pay('a_1', 'BLOCK'), await pay('a_1', 'BLOCK'), await pay('a_1', 'BLOCK')];
    const { reviewId } = await reviewOf('a_1');
    const some = await dispose(ana, reviewId, { disposition: 'LEGITIMATE', transactionIds: [third, first, third] });
    expect(some.body).toMatchObject({ labelled: [third, first], remaining: 1, review: { state: 'open' } });
    const rest = await dispose(ana, reviewId, { disposition: 'CONFIRMED_FRAUD', transactionIds: [second] });
    expect(rest.body).toMatchObject({
      labelled: [second],
      remaining: 0,
      review: { state: 'closed', disposition: 'CONFIRMED_FRAUD' },
    });
    expect((await ana('GET', `/decisions/${first}`)).body.label.disposition).toBe('LEGITIMATE');
  });

  it('repeated gives the same answer and says nothing twice', async () => {
    await pay('a_1', 'BLOCK');
    await pay('a_1', 'BLOCK');
    const { reviewId } = await reviewOf('a_1');
    const body = { disposition: 'CONFIRMED_FRAUD', note: 'sure' };
    const first = await dispose(ana, reviewId, body);
    const before = api.sinks.writes.length;
    expect(await dispose(ana, reviewId, body)).toEqual(first);
    expect(api.sinks.writes).toHaveLength(before);
  });

  it('goes on where a failing store cut it off', async () => {
    let failing = false;
    api = apiOnMemory({ faults: ({ operation }) => (failing && operation === 'transact' ? 'unavailable' : 'none') });
    ana = await person('ana', ['read', 'review']);
    boss = await person('boss', ['decide', 'read']);
    const ids = [await pay('a_1', 'BLOCK'), await pay('a_1', 'BLOCK'), await pay('a_1', 'BLOCK')];
    const { reviewId } = await reviewOf('a_1');
    const body = { disposition: 'CONFIRMED_FRAUD' };
    failing = true;
    expect((await dispose(ana, reviewId, body)).status).toBe(503);
    failing = false;
    await dispose(ana, reviewId, { ...body, transactionIds: [ids[0]] });
    failing = true;
    const cut = await dispose(ana, reviewId, body);
    expect(cut).toMatchObject({ status: 200, body: { labelled: [ids[0]], remaining: 2, review: { state: 'open' } } });
    failing = false;
    expect((await dispose(ana, reviewId, body)).body).toMatchObject({ labelled: ids, remaining: 0, review: { state: 'closed' } });
    const { items } = (await ana('GET', '/accounts/a_1/audit')).body;
    expect(items.filter(({ body: { event } }: { body: { event: string } }) => event === 'REVIEWED')).toHaveLength(3);
  });

  it('with UNSURE labels nothing, keeps the review open and is entered once for each payment', async () => {
    await pay('a_1', 'BLOCK');
    await pay('a_1', 'BLOCK');
    const { reviewId } = await reviewOf('a_1');
    for (const _ of [1, 2]) {
      const { status, body } = await dispose(ana, reviewId, { disposition: 'UNSURE', note: 'asked' });
      expect([status, body]).toMatchObject([200, { labelled: [], remaining: 2, review: { state: 'open' } }]);
    }
    const { items } = (await ana('GET', '/accounts/a_1/audit')).body;
    expect(items.filter(({ body: { event } }: { body: { event: string } }) => event === 'REVIEWED')).toHaveLength(2);
  });

  it('of a closed review replaces what was said, and its disposition', async () => {
    const [id] = [await pay('a_1', 'BLOCK'), await pay('a_1', 'BLOCK')];
    const { reviewId } = await reviewOf('a_1');
    await dispose(ana, reviewId, { disposition: 'CONFIRMED_FRAUD' });
    const { body } = await dispose(ana, reviewId, { disposition: 'LEGITIMATE' });
    expect(body).toMatchObject({ remaining: 0, review: { state: 'closed', disposition: 'LEGITIMATE' } });
    expect((await ana('GET', `/decisions/${id}`)).body.label.disposition).toBe('LEGITIMATE');
    expect((await reviewOf('a_1')).disposition).toBe('LEGITIMATE');
  });

  it('leaves payments out that join once it is closed: they open another', async () => {
    await pay('a_1', 'BLOCK');
    const { reviewId } = await reviewOf('a_1');
    await dispose(ana, reviewId, { disposition: 'CONFIRMED_FRAUD' });
    await pay('a_1', 'BLOCK');
    const [open] = await reviewsOf();
    expect(open.reviewId).not.toBe(reviewId);
    expect(await api.table.get(openReviewKey('acme', 'a_1', 'u_42'))).not.toBeNull();
  });

  it.each<[string, object, string]>([
    ['no disposition', {}, '/disposition'],
    ['an unknown disposition', { disposition: 'MAYBE' }, '/disposition'],
    ['a note that is too long', { disposition: 'UNSURE', note: 'x'.repeat(4_097) }, '/note'],
    ['an empty list', { disposition: 'UNSURE', transactionIds: [] }, '/transactionIds'],
    ['a list of what are no ids', { disposition: 'UNSURE', transactionIds: ['t1', 7] }, '/transactionIds/1'],
    ['a payment of another review', { disposition: 'LEGITIMATE', transactionIds: ['t1', 't2'] }, '/transactionIds/1'],
    ['an unknown payment', { disposition: 'LEGITIMATE', transactionIds: ['t9'] }, '/transactionIds/0'],
    ['an unknown field', { disposition: 'UNSURE', for: 'ben' }, '/for'],
  ])('refuses %s', async (_, body, pointer) => {
    await pay('a_1', 'BLOCK');
    await pay('a_2', 'BLOCK');
    const answer = await dispose(ana, (await reviewOf('a_1')).reviewId, body);
    expect([answer.status, answer.body.errors[0].pointer]).toEqual([400, pointer]);
    expect(await reviewsOf()).toHaveLength(2);
  });

  it('is 404 for a review that does not exist', async () => {
    expect((await dispose(ana, 'rev_000000000000000000000000', { disposition: 'UNSURE' })).status).toBe(404);
  });
});

describe('a review of 0.1', () => {
  it('is claimed, found by priority from then on, and its amount stays unknown', async () => {
    await pay('a_1', 'REVIEW');
    const { reviewId } = await asOf01('a_1');
    expect(await reviewOf('a_1')).toMatchObject({ reviewId, amountMinor: null, reasons: [], assignee: null });
    expect(await reviewsOf({ sort: 'priority' })).toEqual([]);
    expect((await act(ana, 'claim', reviewId)).status).toBe(200);
    expect(await reviewsOf({ sort: 'priority', assignee: 'ana' })).toHaveLength(1);
    await pay('a_1', 'BLOCK');
    expect(await reviewsOf({ sort: 'priority' })).toMatchObject([{ reviewId, amountMinor: null, assignee: 'ana' }]);
    const { items } = await api.table.query({ pk: claimedReviewKey('acme', 'ana', 'rank', '').pk, limit: 10 });
    expect(items).toHaveLength(1);
    expect((await dispose(ana, reviewId, { disposition: 'LEGITIMATE' })).body).toMatchObject({ remaining: 0 });
    expect(await reviewsOf({ sort: 'priority' })).toEqual([]);
  });

  it('is listed once, and under nobody, after a function of 0.1 changed what it knows of', async () => {
    await pay('a_1', 'REVIEW');
    const { reviewId, openedAt } = await reviewOf('a_1');
    await act(ana, 'claim', reviewId);
    const { work: _, claim: __, ...old } = (await api.table.get(reviewKey('acme', 'open', `${openedAt}#${reviewId}`)))!;
    await api.table.put({ ...(old as typeof old & { pk: string; sk: string }), revision: 9 });
    await act(ben, 'claim', reviewId);
    expect(await reviewsOf({ assignee: 'ana' })).toEqual([]);
    for (const query of [{ sort: 'priority' }, { assignee: 'ben' }, { assignee: 'ben', sort: 'priority' }])
      expect((await reviewsOf(query)).map((review) => review.reviewId)).toEqual([reviewId]);
  });

  it('is found by priority after a rebuild, which leaves it as it is', async () => {
    await pay('a_1', 'REVIEW');
    const { key } = await asOf01('a_1');
    const item = (await api.table.get(key))!;
    const reviews = [{ tenant: 'acme', review: reviewFromItem(item) }];
    expect(await restorePointers(api.table, reviews)).toBe(1);
    expect(await restorePointers(api.table, reviews)).toBe(0);
    expect(await api.table.get(key)).toEqual(item);
    expect(await reviewsOf({ sort: 'priority' })).toHaveLength(1);
  });
});

describe('what the work on a review costs in write units', () => {
  const spent = async () => {
    const consumed: Consumed[] = [];
    const table = memoryTable({ onConsumed: (one) => consumed.push(one) });
    const here = world(table);
    const units = async (act: () => Promise<unknown>): Promise<number> => {
      consumed.length = 0;
      await act();
      return consumed.reduce((sum, { writeUnits }) => sum + writeUnits, 0);
    };
    await here.pay({ transactionId: 't1', currency: 'NOK' });
    await here.pay({ transactionId: 't2', amountMinor: blockedMinor });
    await here.pay({ transactionId: 't3', amountMinor: blockedMinor });
    return { ...here, units };
  };

  it('is 12 to open it, 6 for each further payment, 4 more when its priority changes, 6 to claim and to release it', async () => {
    const { project, units, get, post } = await spent();
    expect(await units(() => project(['t1']))).toBe(12);
    const [{ reviewId }] = (await get('/reviews')).body.items;
    expect(await units(() => project(['t2']))).toBe(6 + 4);
    // The score and the amount weigh all they can: nothing changes.
    expect(await units(() => project(['t3']))).toBe(6);
    expect(await units(() => post(`/reviews/${reviewId}/claim`))).toBe(6);
    expect(await units(() => post(`/reviews/${reviewId}/release`))).toBe(6);
  });
});
