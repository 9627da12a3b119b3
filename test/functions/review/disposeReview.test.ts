import { beforeEach, describe, expect, it } from 'vitest';
import { openReviewKey } from '../../../shared/store/names.ts';
import { ana, api, beginWork, dispose, pay, reviewOf, reviewsOf } from './reviewers.ts';

beforeEach(() => beginWork());

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
    await beginWork({ faults: ({ operation }) => (failing && operation === 'transact' ? 'unavailable' : 'none') });
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
