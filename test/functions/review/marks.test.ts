import { describe, expect, test } from 'vitest';
import { dayMs } from '../../../shared/domain/durations.ts';
import type { Transaction } from '../../../shared/domain/transaction.ts';
import { world } from '../../shared/reviews/world.ts';

const setting = () => {
  const at = world();
  let paid = 0;
  const pay = (given: Partial<Transaction> = {}, tenant?: string) => {
    paid++;
    return at.pay({ transactionId: `t${paid}`, userId: `u${paid}`, accountId: `a${paid}`, ...given }, tenant);
  };
  /** What the next payment on these entities reads. */
  const frauds = async (given: Partial<Transaction>) => {
    const decision = await pay(given);
    const linked = decision.signals[13];
    return { linked, ...Object.fromEntries(Object.entries(decision.entities ?? {}).map(([kind, one]) => [kind, one?.frauds])) };
  };
  return { ...at, pay, frauds };
};

const entities = { deviceId: 'd_1', ipAddress: '10.0.0.1', beneficiaryId: 'mule@upi', instrumentId: 'card_1' };

describe('a payment that is labelled CONFIRMED_FRAUD', () => {
  test('marks each of its entities, and the next payment on one of them sees it', async () => {
    const at = setting();
    await at.pay(entities);
    expect(await at.frauds(entities)).toMatchObject({ linked: 0, device: 0 });
    await at.review('t1', { disposition: 'CONFIRMED_FRAUD' });
    expect(await at.frauds(entities)).toEqual({ linked: 1, device: 1, ip: 1, beneficiary: 1, instrument: 1 });
    for (const [name, id] of Object.entries(entities)) expect((await at.frauds({ [name]: id })).linked, name).toBe(1);
    expect((await at.frauds({ deviceId: 'd_2' })).linked).toBe(0);
  });

  test('marks them once, however often it is said', async () => {
    const at = setting();
    await at.pay(entities);
    await at.review('t1', { disposition: 'CONFIRMED_FRAUD' });
    await at.review('t1', { disposition: 'CONFIRMED_FRAUD', note: 'again' });
    await at.review('t1', { disposition: 'UNSURE' });
    expect((await at.frauds(entities)).linked).toBe(1);
  });

  test('takes its marks away when it turns out to be legitimate, and marks again', async () => {
    const at = setting();
    await at.pay(entities);
    await at.pay(entities);
    for (const id of ['t1', 't2']) await at.review(id, { disposition: 'CONFIRMED_FRAUD' });
    expect((await at.frauds(entities)).linked).toBe(2);
    await at.review('t1', { disposition: 'LEGITIMATE' });
    expect((await at.frauds(entities)).linked).toBe(1);
    await at.review('t1', { disposition: 'CONFIRMED_FRAUD' });
    expect((await at.frauds(entities)).linked).toBe(2);
  });

  test('is in the figures of its own tenant alone', async () => {
    const at = setting();
    await at.pay(entities);
    await at.review('t1', { disposition: 'CONFIRMED_FRAUD' });
    expect((await at.pay(entities, 'other')).entities!.device!.frauds).toBe(0);
    expect((await at.pay(entities)).entities!.device!.frauds).toBe(1);
  });

  test.each([
    ['counts for 90 days after the payment', 90 * dayMs - 10_000, 1],
    ['no longer', 90 * dayMs + 1, 0],
  ])('%s', async (_, laterMs, wanted) => {
    const at = setting();
    const { transaction } = await at.pay(entities);
    await at.review('t1', { disposition: 'CONFIRMED_FRAUD' });
    at.advance(transaction.occurredAtMs + laterMs - at.clock.nowMs());
    expect((await at.frauds(entities)).linked).toBe(wanted);
  });

  test('does not count for a payment that is dated before it', async () => {
    const at = setting();
    const { transaction } = await at.pay(entities);
    await at.review('t1', { disposition: 'CONFIRMED_FRAUD' });
    expect((await at.frauds({ ...entities, occurredAtMs: transaction.occurredAtMs - 1 })).linked).toBe(0);
  });

  test('of which there are very many keeps the newest 128, and fills no more than 4 KB', async () => {
    const at = setting();
    for (let n = 0; n < 140; n++) {
      await at.pay({ ...entities, transactionId: `f${n}` });
      await at.review(`f${n}`, { disposition: 'CONFIRMED_FRAUD' });
    }
    expect((await at.frauds(entities)).linked).toBe(128);
  });

  test('without entities writes no mark; another label writes none either', async () => {
    const at = setting();
    await at.pay({});
    await at.pay(entities);
    await at.review('t1', { disposition: 'CONFIRMED_FRAUD' });
    await at.review('t2', { disposition: 'LEGITIMATE' });
    expect(at.table.all().filter(({ pk, sk }) => pk.startsWith('G#') && sk === 'F')).toEqual([]);
  });
});
