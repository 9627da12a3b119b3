import { describe, expect, test } from 'vitest';
import type { MerchantFigures } from '../../../shared/domain/merchant.ts';
import { noTraffic, trafficFigures } from '../../../shared/domain/merchantTraffic.ts';
import { ruleFacts } from '../../../shared/domain/ruleFacts.ts';
import { signalNames } from '../../../shared/domain/signals/names.ts';
import type { Transaction } from '../../../shared/domain/transaction.ts';

const whole: Transaction = {
  transactionId: 't_1',
  userId: 'u_1',
  accountId: 'a_1',
  occurredAtMs: Date.UTC(2026, 0, 10, 23, 30),
  offsetMinutes: 0,
  amountMinor: 1234,
  currency: 'INR',
  channel: 'upi',
  deviceId: 'd_1',
  merchantId: 'm_1',
  merchantCategory: '5411',
  ipAddress: '10.0.0.7',
  beneficiaryId: 'payee@upi',
  instrumentId: 'card_1',
  location: { latitude: 12.5, longitude: -77.25 },
  metadata: { k: 'v' },
};
const bare: Transaction = {
  ...whole,
  channel: null,
  deviceId: null,
  merchantId: null,
  merchantCategory: null,
  ipAddress: null,
  beneficiaryId: null,
  instrumentId: null,
  location: null,
  metadata: null,
};

const figures: MerchantFigures = { labelled: 4, frauds: 1, riskShort: 0.5, riskLong: null };

const facts = (transaction: Transaction, spendMinor: number | null = 99, merchant: MerchantFigures | null = figures) =>
  ruleFacts({
    transaction,
    spendMinor,
    late: true,
    signals: signalNames.map((_, i) => (i === 8 ? null : i)),
    lists: { watched: true },
    account: { transactionCount: 7, ageDays: 1.5 },
    merchant,
    entities: [],
  });

describe('what a rule reads of a payment', () => {
  test('is every field of it, whole numbers as CEL ints', () => {
    expect(facts(whole).txn).toEqual({
      transactionId: 't_1',
      userId: 'u_1',
      accountId: 'a_1',
      amountMinor: 1234n,
      spendMinor: 99n,
      currency: 'INR',
      channel: 'upi',
      deviceId: 'd_1',
      merchantId: 'm_1',
      merchantCategory: '5411',
      ipAddress: '10.0.0.7',
      beneficiaryId: 'payee@upi',
      instrumentId: 'card_1',
      hour: 23n,
      late: true,
      latitude: 12.5,
      longitude: -77.25,
      metadata: { k: 'v' },
    });
  });

  test('is empty text for what is absent, and nothing for a place or a spend that is not known', () => {
    expect(facts(bare, null).txn).toMatchObject({
      spendMinor: null,
      channel: '',
      deviceId: '',
      merchantId: '',
      merchantCategory: '',
      ipAddress: '',
      beneficiaryId: '',
      instrumentId: '',
      latitude: null,
      longitude: null,
      metadata: {},
    });
  });

  test.each([
    ['UTC', 0, 23n],
    ['the next day to the east', 30, 0n],
    ['half an hour before that', 29, 23n],
    ['the day before to the west', -14 * 60, 9n],
  ])('tells the hour on the payer’s clock: %s', (_, offsetMinutes, hour) => {
    expect(facts({ ...whole, offsetMinutes }).txn.hour).toBe(hour);
  });

  test('tells the hour before 1970 too', () => {
    expect(facts({ ...whole, occurredAtMs: -3_600_000 }).txn.hour).toBe(23n);
  });
});

test('signals go by name, and one that could not be computed is null', () => {
  const { signals } = facts(whole);
  expect(signals.TOTAL_SPEND_24H).toBe(0);
  expect(signals.MERCHANT_RISK).toBe(7);
  expect(signals.ANOMALY).toBeNull();
  expect(Object.keys(signals)).toEqual([...signalNames]);
});

test('lists and the account come as they are', () => {
  expect(facts(whole).lists).toEqual({ watched: true });
  expect(facts(whole).account).toEqual({ transactionCount: 7n, ageDays: 1.5 });
});

test('the payment’s fields are made once', () => {
  const one = facts(whole);
  expect(one.txn).toBe(one.txn);
});

const noTrafficFigures = trafficFigures(noTraffic, 0);

describe('a merchant’s labels', () => {
  test('are counts as CEL ints and shares as doubles', () => {
    expect(facts(whole).merchant).toEqual({ labelled: 4n, frauds: 1n, riskShort: 0.5, riskLong: null });
  });

  test('have the figures of its traffic beside them', () => {
    const traffic = { ...noTrafficFigures, accounts1h: 4.06, usualAccounts1h: 1.5 };
    expect(facts(whole, 99, { ...figures, traffic }).merchant).toMatchObject({
      labelled: 4n,
      accounts1h: 4.06,
      usualAccounts1h: 1.5,
    });
  });

  test('are none of a payment without a merchant, whatever came with it', () => {
    expect(facts(bare).merchant).toEqual({ labelled: 0n, frauds: 0n, riskShort: null, riskLong: null });
  });

  test('cannot be read where the store did not answer', () => {
    expect(facts(whole, 99, null).merchant).toEqual({});
  });
});
