import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accountAttackScripts } from '../../../tools/simulation/accountAttacks.ts';
import { type AttackName, attackNames } from '../../../tools/simulation/attacks.ts';
import { defaultTraffic, type SimulatedTransaction, simulateTraffic } from '../../../tools/simulation/traffic.ts';

const take = (count: number, options: Partial<Parameters<typeof simulateTraffic>[0]> = {}): SimulatedTransaction[] =>
  simulateTraffic({ ...defaultTraffic, seed: 7, tag: 's7', ...options })
    .take(count)
    .toArray();

/** All payments of the first attack of that name which has ended well before the stream was cut. */
const attackOf = (name: AttackName): readonly SimulatedTransaction[] => {
  const stream = take(3_000, { attacks: [name], attackEvery: 300 });
  return stream.filter(({ attack }) => attack?.id === `${name}-1`);
};

const honestBefore = (name: AttackName): readonly SimulatedTransaction[] => {
  const stream = take(3_000, { attacks: [name], attackEvery: 300 });
  return stream.slice(
    0,
    stream.findIndex(({ attack }) => attack !== null),
  );
};

describe('simulated traffic', () => {
  it('is the same for the same seed, in order of time, and never repeats an id', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const stream = take(300, { seed, tag: 'x' });
        expect(take(300, { seed, tag: 'x' })).toEqual(stream);
        expect(new Set(stream.map(({ transaction }) => transaction.transactionId)).size).toBe(300);
        for (const [i, { occurredAtMs, transaction }] of stream.entries()) {
          expect(Date.parse(transaction.occurredAt)).toBe(occurredAtMs);
          expect(occurredAtMs).toBeGreaterThanOrEqual(stream[i - 1]?.occurredAtMs ?? 0);
        }
      }),
      { numRuns: 10 },
    );
  });

  it('differs between seeds', () => {
    expect(take(50, { seed: 8 })).not.toEqual(take(50));
  });

  it('keeps to the contract’s form of a transaction', () => {
    const id = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$/;
    for (const { transaction } of take(2_000)) {
      const { transactionId, userId, accountId, deviceId, merchantId, merchantCategory, channel, instrumentId } = transaction;
      const optional = [deviceId, merchantId, merchantCategory, instrumentId];
      for (const text of [transactionId, userId, accountId, channel, ...optional]) expect(text ?? 'absent').toMatch(id);
      expect(transaction.beneficiaryId ?? 'absent').toMatch(/^[A-Za-z0-9][A-Za-z0-9_.:@+-]{0,63}$/);
      if (transaction.ipAddress !== undefined) expect(isIP(transaction.ipAddress)).toBeGreaterThan(0);
      expect(Number.isSafeInteger(transaction.amountMinor) && transaction.amountMinor > 0).toBe(true);
      expect(transaction.occurredAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d$/);
      if (transaction.location !== undefined) {
        expect(Math.abs(transaction.location.latitude)).toBeLessThanOrEqual(90);
        expect(Math.abs(transaction.location.longitude)).toBeLessThanOrEqual(180);
      }
    }
  });

  it('moves with the start, day for day', () => {
    const weekMs = 7 * 86_400_000;
    const now = take(1, { attacks: [] })[0]!;
    const later = take(1, { attacks: [], startMs: defaultTraffic.startMs + 52 * weekMs })[0]!;
    expect(later.occurredAtMs - now.occurredAtMs).toBeGreaterThan(51 * weekMs);
  });

  it.each([1, 2])('pays and attacks single accounts alike, whatever the attacks on many accounts are: seed %d', (seed) => {
    const single = (stream: readonly SimulatedTransaction[]) =>
      stream.filter(({ transaction }) => transaction.transactionId.startsWith('s-t'));
    const all = single(take(3_000, { seed, tag: 's' }));
    const some = single(take(3_000, { seed, tag: 's', attacks: Object.keys(accountAttackScripts) as AttackName[] }));
    expect(all.length).toBeGreaterThan(1_000);
    expect(all).toEqual(some.slice(0, all.length));
  });

  it('has no attack when none is asked for, and every attack when all are', () => {
    expect(take(3_000, { attacks: [] }).every(({ attack }) => attack === null)).toBe(true);
    const seen = new Set(take(3_000).flatMap(({ attack }) => (attack === null ? [] : [attack.name])));
    expect([...seen].toSorted()).toEqual([...attackNames].toSorted());
  });

  it('mostly pays by day, and near home', () => {
    const honest = take(4_000, { attacks: [] }).filter(({ transaction }) => transaction.transactionId.startsWith('s7-t'));
    const night = honest.filter(({ transaction }) => Number(transaction.occurredAt.slice(11, 13)) < 5);
    expect(night.length / honest.length).toBeLessThan(0.06);
    const accounts = Map.groupBy(honest, ({ transaction }) => transaction.accountId);
    for (const payments of accounts.values()) {
      const latitudes = payments.flatMap(({ transaction }) =>
        transaction.location ? [Math.round(transaction.location.latitude)] : [],
      );
      const [usual] = [...Map.groupBy(latitudes, (latitude) => latitude).values()]
        .map((group) => group.length)
        .toSorted((a, b) => b - a);
      expect(usual! / latitudes.length).toBeGreaterThan(0.4);
    }
  });
});

describe('an attack', () => {
  const accounts = (payments: readonly SimulatedTransaction[]) =>
    new Set(payments.map(({ transaction }) => transaction.accountId));
  const devices = (payments: readonly SimulatedTransaction[]) =>
    new Set(payments.flatMap(({ transaction }) => transaction.deviceId ?? []));
  const spanMs = (payments: readonly SimulatedTransaction[]) => payments.at(-1)!.occurredAtMs - payments[0]!.occurredAtMs;

  it('card testing: more than fifty payments of one account within half a minute', () => {
    const payments = attackOf('card-testing');
    expect(payments.length).toBeGreaterThan(50);
    expect(accounts(payments).size).toBe(1);
    expect(spanMs(payments)).toBeLessThan(30_000);
  });

  it('account takeover: a device never seen before, far from where the account was', () => {
    const payments = attackOf('account-takeover');
    const seen = honestBefore('account-takeover');
    const [account] = accounts(payments);
    expect(devices(payments).size).toBe(1);
    expect(devices(seen).isDisjointFrom(devices(payments))).toBe(true);
    const last = seen.findLast(({ transaction }) => transaction.accountId === account && transaction.location !== undefined)!;
    const { latitude, longitude } = last.transaction.location!;
    const thief = payments[0]!.transaction.location!;
    expect(Math.abs(thief.latitude - latitude) + Math.abs(thief.longitude - longitude)).toBeGreaterThan(45);
  });

  it('impossible travel: within the hour, a continent away', () => {
    const payments = attackOf('impossible-travel');
    expect(payments).toHaveLength(2);
    expect(spanMs(payments)).toBeLessThan(3_600_000);
    expect(payments.every(({ transaction }) => transaction.location !== undefined)).toBe(true);
    const [account] = accounts(payments);
    const home = honestBefore('impossible-travel').findLast(({ transaction }) => transaction.accountId === account)!;
    expect(payments[0]!.occurredAtMs - home.occurredAtMs).toBeLessThan(3_600_000);
    const { latitude, longitude } = home.transaction.location!;
    const away = payments[0]!.transaction.location!;
    expect(Math.abs(away.latitude - latitude) + Math.abs(away.longitude - longitude)).toBeGreaterThan(45);
  });

  it('night spree: between two and four in local time', () => {
    const payments = attackOf('night-spree');
    expect(payments.length).toBeGreaterThanOrEqual(7);
    for (const { transaction } of payments) expect(transaction.occurredAt.slice(11, 13)).toMatch(/^0[23]$/);
  });

  it('huge amount: more than twenty times the account’s largest before', () => {
    const [payment] = attackOf('huge-amount');
    const usual = honestBefore('huge-amount')
      .filter(({ transaction }) => transaction.accountId === payment!.transaction.accountId)
      .map(({ transaction }) => transaction.amountMinor);
    expect(payment!.transaction.amountMinor).toBeGreaterThan(20 * Math.max(...usual));
  });

  it('slow boil: every payment larger than the one before, for most of a day', () => {
    const payments = attackOf('slow-boil');
    expect(payments).toHaveLength(12);
    for (const [i, { transaction }] of payments.entries()) {
      expect(transaction.amountMinor).toBeGreaterThan(payments[i - 1]?.transaction.amountMinor ?? 0);
    }
    expect(spanMs(payments)).toBe(22 * 3_600_000);
  });

  it('mule fan-in: ten accounts pay one payee that nobody knew', () => {
    const payments = attackOf('mule-fan-in');
    expect(accounts(payments).size).toBe(10);
    const payees = new Set(payments.map(({ transaction }) => transaction.merchantId));
    expect(payees.size).toBe(1);
    expect(honestBefore('mule-fan-in').some(({ transaction }) => payees.has(transaction.merchantId))).toBe(false);
  });

  it('merchant compromise: one device pays for several accounts that share a shop', () => {
    const payments = attackOf('merchant-compromise');
    expect(devices(payments).size).toBe(1);
    expect(accounts(payments).size).toBeGreaterThan(1);
    const shops = [...accounts(payments)].map(
      (account) =>
        new Set(
          honestBefore('merchant-compromise')
            .filter(({ transaction }) => transaction.accountId === account)
            .map(({ transaction }) => transaction.merchantId),
        ),
    );
    expect(shops.reduce((shared, visited) => shared.intersection(visited)).size).toBeGreaterThan(0);
  });
});
