import { beforeEach, describe, expect, it } from 'vitest';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import type { Consumed } from '../../../shared/ports/ports.ts';
import { world } from '../../shared/reviews/world.ts';
import { startMs } from '../../support/api.ts';
import { asking } from '../../support/asking.ts';
import {
  act,
  amounts,
  ana,
  api,
  beginWork,
  ben,
  blockedMinor,
  boss,
  dispose,
  hourMs,
  pay,
  person,
  reviewOf,
  reviewsOf,
} from './reviewers.ts';

beforeEach(() => beginWork());

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
