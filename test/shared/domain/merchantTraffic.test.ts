import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hourMs, minuteMs } from '../../../shared/domain/durations.ts';
import { knownNames } from '../../../shared/domain/knownNames.ts';
import {
  type MerchantPayment,
  type MerchantTraffic,
  merchantTrafficFormat,
  noTraffic,
  trafficFigures,
  withPayment,
} from '../../../shared/domain/merchantTraffic.ts';
import { packRow, unpackRow } from '../../../shared/domain/rowFormat.ts';

const noonMs = Date.UTC(2026, 10, 20, 12);

const payment = (number: number, change: Partial<MerchantPayment> = {}): MerchantPayment => ({
  occurredAtMs: noonMs,
  transactionId: `t${number}`,
  account: `a${number}\nu`,
  newDevice: false,
  flagged: false,
  ...change,
});

const counted = (payments: readonly MerchantPayment[], before: MerchantTraffic = noTraffic) =>
  payments.reduce((traffic, one) => withPayment(traffic, one), before);

/** An hour with two payments of one account, `hours` after noon. */
const quietHour = (hours: number): MerchantPayment[] =>
  [0, 1].map((i) =>
    payment(hours * 10 + i, { account: `regular${hours}`, occurredAtMs: noonMs + hours * hourMs + i * minuteMs }),
  );

describe('the traffic of a merchant', () => {
  test('counts accounts and payments, and what part is flagged or from a new device', () => {
    const payments = [0, 1, 2, 3].map((i) => payment(i, { account: `a${i % 2}`, newDevice: i > 0, flagged: i === 3 }));
    const figures = trafficFigures(counted(payments), noonMs);
    expect(Math.round(figures.accounts1h)).toBe(2);
    expect(Math.round(figures.payments1h)).toBe(4);
    expect(figures.newDeviceShare1h).toBeCloseTo(0.75, 1);
    expect(figures.flaggedShare1h).toBeCloseTo(0.25, 1);
    expect(figures.asOfMs).toBe(noonMs);
  });

  test('of nothing has no shares and nothing usual', () => {
    expect(trafficFigures(noTraffic, noonMs)).toEqual({
      asOfMs: 0,
      accounts1h: 0,
      payments1h: 0,
      newDeviceShare1h: null,
      flaggedShare1h: null,
      usualAccounts1h: null,
      usualPayments1h: null,
      usualNewDeviceShare: null,
      usualFlaggedShare: null,
    });
  });

  test('does not depend on order and redelivery within the two hours that are kept', () => {
    const some = fc.array(
      fc.record({
        number: fc.nat(20),
        minute: fc.integer({ min: 0, max: 119 }),
        newDevice: fc.boolean(),
        flagged: fc.boolean(),
      }),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(some, fc.array(fc.nat()), (drawn, again) => {
        const last = payment(99, { occurredAtMs: noonMs + 119 * minuteMs });
        const payments = drawn.map(({ number, minute, ...rest }) =>
          payment(number, { occurredAtMs: noonMs + minute * minuteMs, ...rest }),
        );
        const repeated = payments.length === 0 ? [] : again.map((i) => payments[i % payments.length]!);
        expect(counted([...payments, ...repeated].toReversed(), counted([last]))).toEqual(
          counted([...payments, last], counted([last])),
        );
      }),
    );
  });

  test('is the same object for a payment that was counted before', () => {
    const traffic = counted([payment(1)]);
    expect(withPayment(traffic, payment(1))).toBe(traffic);
  });

  test('takes of the hour before the part that lies within 60 minutes', () => {
    const traffic = counted([0, 1, 2, 3].map((i) => payment(i)));
    const before = trafficFigures(traffic, noonMs).payments1h;
    expect(trafficFigures(traffic, noonMs + 59 * minuteMs).payments1h).toBe(before);
    expect(trafficFigures(traffic, noonMs + 90 * minuteMs).payments1h).toBeCloseTo(before / 2, 3);
    expect(trafficFigures(traffic, noonMs + 120 * minuteMs).payments1h).toBe(0);
  });

  test('leaves out what is older than the hour before the newest', () => {
    const traffic = counted([payment(1, { occurredAtMs: noonMs + 2 * hourMs })]);
    expect(withPayment(traffic, payment(2, { occurredAtMs: noonMs + hourMs }))).not.toBe(traffic);
    expect(withPayment(traffic, payment(2, { occurredAtMs: noonMs + hourMs - 1 }))).toBe(traffic);
  });

  test('knows the usual hour from hours with payments that are over for an hour or more', () => {
    const quiet = counted([1, 2, 4, 8].flatMap(quietHour));
    const rush = Array.from({ length: 12 }, (_, i) =>
      payment(1_000 + i, { occurredAtMs: noonMs + 10 * hourMs, newDevice: true }),
    );
    const figures = trafficFigures(counted(rush, quiet), noonMs + 10 * hourMs);
    expect(figures.usualAccounts1h).toBeCloseTo(1, 1);
    expect(figures.usualPayments1h).toBeCloseTo(2, 1);
    expect(figures.usualNewDeviceShare).toBe(0);
    expect(Math.round(figures.accounts1h)).toBe(12);
    const later = trafficFigures(counted(rush, quiet), noonMs + 12 * hourMs);
    expect(later.usualAccounts1h).toBeCloseTo((4 * 1 + 12) / 5, 0);
  });

  test('does not take for usual what was flagged', () => {
    const attack = Array.from({ length: 20 }, (_, i) => payment(i, { flagged: true, newDevice: true }));
    const later = noonMs + 3 * hourMs;
    const figures = trafficFigures(counted([...quietHour(-2), ...quietHour(-1), ...attack]), later);
    expect(figures.usualAccounts1h).toBeCloseTo(2 / 3, 1);
    expect(figures.usualNewDeviceShare).toBe(0);
    expect(figures.usualFlaggedShare).toBeGreaterThan(0.75);
  });

  test('forgets half of what is usual in a week', () => {
    const traffic = counted([...quietHour(1), ...quietHour(24 * 7 + 1), ...quietHour(24 * 7 + 3)]);
    expect(traffic.usual.hours).toBeCloseTo(1.5, 1);
  });

  test('fits a write unit with its key, and is read as it was written', () => {
    const traffic = counted(
      Array.from({ length: 3_000 }, (_, i) => payment(i, { occurredAtMs: noonMs + i * minuteMs, newDevice: true })),
    );
    const packed = packRow(merchantTrafficFormat, traffic, knownNames);
    expect(packed.length).toBeLessThan(700);
    expect(unpackRow(merchantTrafficFormat, packed, knownNames, 'M')).toEqual(traffic);
  });
});
