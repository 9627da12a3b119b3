import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { itemSizeBytes } from '../../../shared/adapters/memory/itemSize.ts';
import { causes } from '../../../shared/domain/decision.ts';
import { featureNames } from '../../../shared/domain/features.ts';
import type { MerchantFigures, TrafficFigures } from '../../../shared/domain/merchant.ts';
import type { Policy } from '../../../shared/domain/policy.ts';
import { NewerRow } from '../../../shared/domain/rowFormat.ts';
import { signalNames } from '../../../shared/domain/signals/names.ts';
import type { Transaction } from '../../../shared/domain/transaction.ts';
import {
  auditFromItem,
  auditItem,
  decisionFromItem,
  decisionItem,
  isAuditItem,
  isDecisionItem,
  paymentFromItem,
} from '../../../shared/ledger/items.ts';
import { hashOf } from '../../../shared/secrets/sealer.ts';
import { DrivenAccount, t0 } from '../domain/driven.ts';
import { barePolicy, transaction } from '../policy/fixtures.ts';
import { loud, model, optional, paid, stored } from './storedDecisions.ts';

describe('a DECISION item', () => {
  test('reads back as the decision it was made of, whatever was decided', () => {
    fc.assert(
      fc.property(
        fc.array(paid, { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        fc.boolean(),
        optional(fc.stringMatching(/^[!-~]{1,128}$/)),
        optional(fc.nat()),
        fc.boolean(),
        (transactions, isLoud, hasModel, correlationId, queueAgeMs, erased) => {
          const account = new DrivenAccount(isLoud ? loud : {}, hasModel ? { model, degraded: null } : undefined);
          for (const [i, one] of transactions.entries()) {
            const { decision } = account.pay(one, {
              lists: { watched: isLoud },
              merchant: i % 2 ? null : { labelled: 5, frauds: 1, riskShort: 0.123456, riskLong: null },
              receivedAtMs: one.occurredAtMs + 1000,
              decidedAtMs: one.occurredAtMs + 900,
            });
            const kept = stored(decision, { correlationId, queueAgeMs, erased });
            const item = decisionItem(kept);
            expect(decisionFromItem(item)).toEqual(kept);
            expect(isDecisionItem(item) && !isAuditItem(item)).toBe(true);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test('is found by its tenant and transaction', () => {
    const { decision } = new DrivenAccount().pay({ transactionId: 'txn:1' });
    expect(decisionItem(stored(decision, { tenant: 't-9' }))).toMatchObject({ pk: 'D#t-9#txn:1', sk: 'D' });
  });

  test.each([
    ['a newer format', { d: Uint8Array.of(9) }, 'the decision D#dev#t / D is in format 9; this version reads formats up to 3'],
    [
      'more signals',
      { d: Uint8Array.of(2, 15, 25, 7) },
      `in format 2 and refers to 15 signals, of which ${signalNames.length} are known`,
    ],
    [
      'more features',
      { d: Uint8Array.of(2, 9, 99, 7) },
      `in format 2 and refers to 99 features, of which ${featureNames.length} are known`,
    ],
    [
      'more causes',
      { d: Uint8Array.of(2, 9, 25, 99) },
      `in format 2 and refers to 99 causes, of which ${causes.length} are known`,
    ],
    ['a cut', { d: Uint8Array.of(1) }, 'the decision D#dev#t / D is damaged: the bytes end too early'],
    ['no bytes', {}, 'the item D#dev#t / D has no packed attribute "d"'],
  ])('of %s is refused', (_, attributes, message) => {
    expect(() => decisionFromItem({ pk: 'D#dev#t', sk: 'D', ...attributes } as never)).toThrow(message);
  });

  test('cut off anywhere is refused', () => {
    const { decision } = new DrivenAccount(loud, { model, degraded: null }).pay({}, { lists: { watched: true } });
    const item = decisionItem(stored(decision, { correlationId: 'x' }));
    const bytes = item.d as Uint8Array;
    for (let length = 0; length < bytes.length; length++)
      expect(() => decisionFromItem({ ...item, d: bytes.slice(0, length) }), `${length}`).toThrow(RangeError);
  });
});

describe('an AUDIT item', () => {
  test('reads back as the body that was hashed, to the letter', () => {
    fc.assert(
      fc.property(
        fc.array(paid, { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        fc.boolean(),
        (transactions, isLoud, hasModel) => {
          const account = new DrivenAccount(isLoud ? loud : {}, hasModel ? { model, degraded: null } : undefined);
          let previousHash = '0'.repeat(64);
          for (const [i, one] of transactions.entries()) {
            const { entry, decision } = account.pay(one, {
              lists: { watched: isLoud },
              merchant: i % 2 ? null : { labelled: 5, frauds: 1, riskShort: 0.123456, riskLong: null },
            });
            const item = auditItem(entry, decision);
            const read = auditFromItem(item);
            expect(read).toEqual(entry);
            expect(hashOf(read.body)).toBe(read.hash);
            expect(read.body.previousHash).toBe(previousHash);
            expect(isAuditItem(item) && !isDecisionItem(item)).toBe(true);
            previousHash = read.hash;
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test('tells the windows what they need of the payment', () => {
    const account = new DrivenAccount({
      signals: { ...barePolicy.signals, TXN_VELOCITY_1H: { threshold: 3, points: 100 } },
      rates: {},
    });
    const row = (given: Partial<Transaction>) => {
      const { entry, decision } = account.pay(given);
      return paymentFromItem(auditItem(entry, decision));
    };
    expect(row({ amountMinor: 70, occurredAtMs: t0 })).toMatchObject({ occurredAtMs: t0, spendMinor: 70, late: false });
    expect(row({ currency: 'EUR' })).toMatchObject({ spendMinor: 0 });
    expect(row({ amountMinor: 70 })).toMatchObject({ spendMinor: 0, triggered: expect.any(Number) });
    expect(row({ occurredAtMs: t0 - 60_000 })).toMatchObject({ late: true, occurredAtMs: t0 - 60_000 });
  });

  test('of another event is given as it stands and is no payment', () => {
    const body = { chain: 'c', sequence: 2, previousHash: 'ab', event: 'REVIEWED', at: '2026-01-01T00:00:00.000Z' };
    const item = { pk: 'A#c', sk: '000000000002', body: JSON.stringify(body), hash: 'cd' };
    expect(auditFromItem(item)).toEqual({ body, hash: 'cd' });
    expect(paymentFromItem(item)).toBeNull();
  });

  test('of a newer format is refused by its name', () => {
    const newer = 'the audit entry A#c / 1 is in format 4; this version reads formats up to 3';
    expect(() => auditFromItem({ pk: 'A#c', sk: '1', p: Uint8Array.of(4) })).toThrow(newer);
    expect(() => paymentFromItem({ pk: 'A#c', sk: '1', p: Uint8Array.of(4) })).toThrow(NewerRow);
  });
});

const busy: TrafficFigures = {
  asOfMs: Date.UTC(2026, 10, 20, 12, 34, 56, 789),
  accounts1h: 123_456.7891,
  payments1h: 234_567.8912,
  newDeviceShare1h: 0.1234,
  flaggedShare1h: 0.4321,
  usualAccounts1h: 12_345.6789,
  usualPayments1h: 23_456.7891,
  usualNewDeviceShare: 0.0123,
  usualFlaggedShare: 0.0321,
};

describe('the traffic of the merchant in an entry', () => {
  const labels = { labelled: 5, frauds: 1, riskShort: 0.5, riskLong: null };
  const quiet = {
    ...busy,
    newDeviceShare1h: null,
    flaggedShare1h: null,
    usualAccounts1h: null,
    usualPayments1h: null,
    usualNewDeviceShare: null,
    usualFlaggedShare: null,
  };

  test.each([
    ['with every figure', busy],
    ['without shares', quiet],
  ])('%s is read as it was written, and hashes alike', (_, traffic) => {
    const { decision, entry } = new DrivenAccount(loud).pay(transaction, { merchant: { ...labels, traffic } });
    const read = auditFromItem(auditItem(entry, decision));
    expect(read).toEqual(entry);
    expect(hashOf(read.body)).toBe(entry.hash);
    expect(read.body.merchant).toEqual({ ...labels, traffic });
  });

  test('that is not known leaves the row in the format that it has without it', () => {
    const format = (merchant: MerchantFigures) => {
      const { decision, entry } = new DrivenAccount(loud).pay(transaction, { merchant });
      return (auditItem(entry, decision).p as Uint8Array)[0];
    };
    expect(format(labels)).toBe(2);
    expect(format({ ...labels, traffic: busy })).toBe(3);
  });
});

describe('the size of an item', () => {
  const figures = {
    accounts1h: 40,
    accounts24h: 80,
    payments1h: 40,
    payments24h: 80,
    amount24hMinor: 123_456_789,
    amountPartial: true,
    frauds: 128,
    late: true,
    saturated: true,
  };
  const paidWith = (length: number): Partial<Transaction> => {
    const long = (letter: string) => letter.repeat(length);
    return {
      transactionId: long('t'),
      userId: long('u'),
      accountId: long('a'),
      channel: long('c'),
      deviceId: long('d'),
      merchantId: long('m'),
      merchantCategory: long('k'),
      ipAddress: '2001:db8:1234:5678:9abc:def0:1234:5678',
      beneficiaryId: long('b'),
      instrumentId: long('i'),
      currency: 'EUR',
      amountMinor: 123_456_789,
      location: { latitude: -89.123456789, longitude: -179.123456789 },
      metadata: { orderId: long('o') },
    };
  };
  const entities = ['device', 'ip', 'beneficiary', 'instrument'].map((kind) => ({ kind, figures, cause: null }));
  const unitsOf = (policy: Partial<Policy>, idLength: number): number[] => {
    const account = new DrivenAccount({ ...policy, rules: [], lists: {} }, { model, degraded: null });
    account.pay(transaction);
    const merchant = { labelled: 123_456, frauds: 12_345, riskShort: 0.123456, riskLong: 0.654321, traffic: busy };
    const { decision, entry } = account.pay(paidWith(idLength), { merchant, entities });
    const item = decisionItem(stored(decision, { tenant: 'x'.repeat(32), correlationId: 'i'.repeat(32), queueAgeMs: 123_456 }));
    return [item, auditItem(entry, decision)].map((row) => Math.ceil(itemSizeBytes(row) / 1024));
  };

  test.each<[string, Partial<Policy>, number, readonly number[]]>([
    ['one write unit with every field given and ids of 36 characters', {}, 36, [1, 1]],
    ['two with ids of 64 characters and every signal triggered', loud, 64, [2, 2]],
  ])('is %s', (_, policy, idLength, units) => {
    expect(unitsOf(policy, idLength)).toEqual(units);
  });
});
