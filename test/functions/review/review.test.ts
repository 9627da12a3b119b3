import { describe, expect, it } from 'vitest';
import { figuresFromItem } from '../../../shared/ledger/merchants.ts';
import { accountFromItem } from '../../../shared/ledger/state.ts';
import { joined, newReview } from '../../../shared/reviews/review.ts';
import { merchantKey, stateKey } from '../../../shared/store/names.ts';
import { amounts, world } from '../../shared/reviews/world.ts';
import { aFlagged } from '../project/builders.ts';

const blocked = { amountMinor: amounts.BLOCK };
const reviewed = { amountMinor: amounts.REVIEW };

describe('the review queue', () => {
  it('opens one review per account for BLOCK and REVIEW, others join it, and the gravest outcome shows', async () => {
    const { pay, project, get } = world();
    await pay({ transactionId: 't1', ...reviewed });
    await pay({ transactionId: 't2', accountId: 'a_8', amountMinor: amounts.ALLOW });
    await pay({ transactionId: 't3', ...blocked });
    await pay({ transactionId: 't4', userId: 'u_43', ...reviewed });
    expect(await project(['t1', 't2', 't3', 't4'])).toEqual([]);
    const { status, body } = await get('/reviews');
    expect(status).toBe(200);
    expect(body.cursor).toBeUndefined();
    expect(body.items).toMatchObject([
      { userId: 'u_43', accountId: 'a_7', state: 'open', outcome: 'REVIEW', transactionIds: ['t4'] },
      { userId: 'u_42', accountId: 'a_7', state: 'open', outcome: 'BLOCK', transactionIds: ['t1', 't3'] },
    ]);
  });

  it('takes a decision once, in whatever company and order it comes again', async () => {
    const { pay, project, get } = world();
    for (const id of ['t1', 't2', 't3']) await pay({ transactionId: id, ...blocked });
    await project(['t2']);
    await project(['t1', 't2', 't2', 't3']);
    await project(['t3', 't1']);
    const { items } = (await get('/reviews', { state: 'open' })).body;
    expect(items.map(({ transactionIds }: { transactionIds: string[] }) => transactionIds)).toEqual([['t2', 't1', 't3']]);
  });

  it('opens none for what is labelled already, and none again for what a closed review held', async () => {
    const { pay, project, review, get } = world();
    await pay({ transactionId: 't1', ...blocked });
    expect((await review('t1', { disposition: 'LEGITIMATE' })).body.review).toBeNull();
    await project(['t1']);
    expect((await get('/reviews')).body.items).toEqual([]);
    await pay({ transactionId: 't2', ...blocked });
    await pay({ transactionId: 't3', ...blocked });
    await project(['t2', 't3']);
    await review('t2', { disposition: 'CONFIRMED_FRAUD' });
    await project(['t1', 't2', 't3']);
    expect((await get('/reviews')).body.items).toEqual([]);
    expect((await get('/reviews', { state: 'closed' })).body.items).toMatchObject([
      { state: 'closed', disposition: 'CONFIRMED_FRAUD', transactionIds: ['t2', 't3'] },
    ]);
    await pay({ transactionId: 't4', ...blocked });
    await project(['t4']);
    expect((await get('/reviews')).body.items).toMatchObject([{ state: 'open', transactionIds: ['t4'] }]);
  });

  it('is paged without gap or repeat, and a cursor holds for its own state and tenant only', async () => {
    const { pay, project, get } = world();
    const ids = Array.from({ length: 7 }, (_, i) => `t${i}`);
    for (const id of ids) await pay({ transactionId: id, accountId: `a_${id}`, ...blocked });
    await project(ids);
    const seen: string[] = [];
    let cursor: string | undefined;
    let pages = 0;
    do {
      const { body } = await get('/reviews', { limit: '3', ...(cursor !== undefined && { cursor }) });
      seen.push(...body.items.map(({ accountId }: { accountId: string }) => accountId));
      cursor = body.cursor;
      pages++;
    } while (cursor !== undefined);
    expect(pages).toBe(3);
    expect(seen).toEqual(ids.map((id) => `a_${id}`).reverse());
    const first = await get('/reviews', { limit: '3' });
    expect((await get('/reviews', { state: 'closed', cursor: first.body.cursor })).status).toBe(400);
    expect((await get('/reviews', { cursor: first.body.cursor }, 'other')).status).toBe(400);
    expect((await get('/reviews', {}, 'other')).body.items).toEqual([]);
  });

  it('takes in any number of decisions at once', async () => {
    const { pay, project, get } = world();
    const ids = Array.from({ length: 90 }, (_, i) => `t${i}`);
    for (const id of ids) await pay({ transactionId: id, ...blocked });
    await project(ids);
    expect((await get('/reviews')).body.items[0].transactionIds).toEqual(ids);
  });

  it('names at most the last thousand transactions of a review', () => {
    const flagged = Array.from({ length: 700 }, (_, i) => aFlagged({ transactionId: `t${i}`, decidedAtMs: i }));
    const later = flagged.map((one) => ({ ...one, transactionId: `later_${one.transactionId}` }));
    const { transactionIds } = joined(joined(newReview('acme', 'a_7', 'u_42', flagged[0]!), flagged), later);
    expect(transactionIds).toHaveLength(1_000);
    expect([transactionIds[0], transactionIds.at(-1)]).toEqual(['t400', 'later_t699']);
  });
});

describe('a disposition', () => {
  it('labels, closes the review, stands in the chain with its inputs, and moves the merchant', async () => {
    const { table, pay, project, review, get } = world();
    await pay({ transactionId: 't1', merchantId: 'm_3', ...blocked });
    await project(['t1']);
    const [{ reviewId }] = (await get('/reviews')).body.items;
    const { status, body } = await review('t1', { disposition: 'CONFIRMED_FRAUD', note: 'the customer called' });
    expect(status).toBe(200);
    expect(body).toEqual({
      transactionId: 't1',
      disposition: 'CONFIRMED_FRAUD',
      knownAt: expect.stringMatching(/^2026-11-20T13:45:\d\d\.\d{3}Z$/),
      review: { reviewId, state: 'closed' },
    });
    const [, entry] = (await get('/accounts/a_7/audit')).body.items;
    expect(entry.body).toMatchObject({ event: 'REVIEWED', sequence: 2, at: body.knownAt });
    expect(JSON.stringify(entry.body)).not.toContain('customer');
    expect(entry.inputs).toEqual({
      transactionId: 't1',
      disposition: 'CONFIRMED_FRAUD',
      note: 'the customer called',
      by: 'key_ana',
    });
    expect(figuresFromItem((await table.get(merchantKey('acme', 'm_3')))!)).toEqual({
      labelled: 1,
      frauds: 1,
      riskShort: 1,
      riskLong: 1,
    });
  });

  it('may come for an ALLOWed transaction, which is in no review', async () => {
    const { pay, project, review } = world();
    await pay({ transactionId: 't1', amountMinor: amounts.ALLOW });
    await project(['t1']);
    expect((await review('t1', { disposition: 'CONFIRMED_FRAUD' })).body).toMatchObject({ review: null });
  });

  it('UNSURE neither labels nor closes nor counts, and stands in the audit', async () => {
    const { table, pay, project, review, get } = world();
    await pay({ transactionId: 't1', merchantId: 'm_3', ...blocked });
    await project(['t1']);
    expect((await review('t1', { disposition: 'UNSURE', note: 'no answer yet' })).body.review).toMatchObject({ state: 'open' });
    expect((await review('t1', { disposition: 'UNSURE', note: '😀'.repeat(4_096) })).status).toBe(200);
    expect((await get('/reviews')).body.items).toHaveLength(1);
    expect(await table.get(merchantKey('acme', 'm_3'))).toBeNull();
    expect((await get('/accounts/a_7/audit')).body.items[1].inputs).toMatchObject({ disposition: 'UNSURE' });
  });

  it('replaces an earlier one: figures are corrected, both are in the audit, the review says the last', async () => {
    const { table, pay, project, review, get, advance } = world();
    for (const id of ['t1', 't2']) await pay({ transactionId: id, merchantId: 'm_3', ...blocked });
    await project(['t1', 't2']);
    await review('t1', { disposition: 'CONFIRMED_FRAUD' });
    await review('t2', { disposition: 'LEGITIMATE' });
    advance(86_400_000);
    await review('t1', { disposition: 'LEGITIMATE' });
    const figures = figuresFromItem((await table.get(merchantKey('acme', 'm_3')))!);
    expect(figures).toEqual({ labelled: 2, frauds: 0, riskShort: 0, riskLong: 0 });
    expect((await get('/reviews', { state: 'closed' })).body.items).toMatchObject([{ disposition: 'LEGITIMATE' }]);
    const events = (await get('/accounts/a_7/audit')).body.items.map(
      ({ inputs }: { inputs: { disposition?: string } }) => inputs.disposition,
    );
    expect(events.slice(2)).toEqual(['CONFIRMED_FRAUD', 'LEGITIMATE', 'LEGITIMATE']);
  });

  it('said again by the same person is a repeat: the same answer, nothing written', async () => {
    const { pay, review, get } = world();
    await pay({ transactionId: 't1', ...blocked });
    const first = await review('t1', { disposition: 'LEGITIMATE', note: 'called back' });
    expect(await review('t1', { note: 'called back', disposition: 'LEGITIMATE' })).toEqual(first);
    expect((await get('/accounts/a_7/audit')).body.items).toHaveLength(2);
  });

  it('leaves later windows exact, however many reviews stand between the payments', async () => {
    const { table, pay, review, advance } = world();
    for (let i = 0; i < 150; i++) {
      const decision = await pay({ transactionId: `t${i}`, amountMinor: 100 });
      expect(decision.signals[1]).toBe(Math.min(i + 1, 60));
      for (let j = 0; j <= i % 3; j++) await review(`t${i}`, { disposition: j % 2 ? 'LEGITIMATE' : 'CONFIRMED_FRAUD' });
      advance(60_000);
    }
    const account = accountFromItem((await table.get(stateKey('acme', 'a_7', 'u_42')))!);
    expect(account.payments).toBe(150);
    expect(account.sequence).toBe(150 + 300);
  });

  it('makes the account no larger, however often it is asked about', async () => {
    const { table, pay, review } = world();
    await pay({ transactionId: 't1', ...blocked });
    const bytes = async () => ((await table.get(stateKey('acme', 'a_7', 'u_42')))!.s as Uint8Array).length;
    await review('t1', { disposition: 'UNSURE' });
    const before = await bytes();
    for (let i = 0; i < 100; i++) await review('t1', { disposition: 'UNSURE', note: String(i) });
    expect(await bytes()).toBeLessThanOrEqual(before + 4);
  });

  it.each([
    ['an unknown disposition', { disposition: 'FRAUD' }, '/disposition'],
    ['no disposition', {}, '/disposition'],
    ['an unknown field', { disposition: 'UNSURE', reason: 'x' }, '/reason'],
    ['a note that is no text', { disposition: 'UNSURE', note: 5 }, '/note'],
    ['a note beyond its length', { disposition: 'UNSURE', note: 'x'.repeat(4_097) }, '/note'],
    ['a card number in the note', { disposition: 'UNSURE', note: 'card 4111 1111 1111 1111' }, '/note'],
    ['a body that is no object', ['UNSURE'], ''],
  ])('is refused with %s', async (_, body, pointer) => {
    const { pay, review, get } = world();
    await pay({ transactionId: 't1', ...blocked });
    const answer = await review('t1', body);
    expect(answer.status).toBe(400);
    expect(answer.body.errors.map((fault: { pointer: string }) => fault.pointer)).toEqual([pointer]);
    expect((await get('/accounts/a_7/audit')).body.items).toHaveLength(1);
  });

  it('on an unknown transaction, or on one of another tenant, is answered 404', async () => {
    const { pay, review } = world();
    await pay({ transactionId: 't1', ...blocked });
    expect((await review('t9', { disposition: 'UNSURE' })).status).toBe(404);
    expect((await review('t1', { disposition: 'UNSURE' }, 'other')).status).toBe(404);
  });
});
