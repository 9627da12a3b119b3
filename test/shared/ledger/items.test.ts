import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { itemSizeBytes } from '../../../shared/adapters/memory/itemSize.ts';
import { featureNames } from '../../../shared/domain/features.ts';
import type { CompiledModel } from '../../../shared/domain/model.ts';
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
  type StoredDecision,
} from '../../../shared/ledger/items.ts';
import { hashOf } from '../../../shared/secrets/sealer.ts';
import { DrivenAccount, t0 } from '../domain/driven.ts';
import { barePolicy, transaction } from '../policy/fixtures.ts';

const id = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$/);
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null });
const paid: fc.Arbitrary<Transaction> = fc.record({
  transactionId: id,
  userId: id,
  accountId: id,
  occurredAtMs: fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2099, 0, 1) }),
  offsetMinutes: fc.integer({ min: -840, max: 840 }),
  amountMinor: fc.oneof(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })),
  currency: fc.constantFrom('INR', 'EUR', 'KWD', 'XXX'),
  channel: optional(id),
  deviceId: optional(id),
  merchantId: optional(id),
  merchantCategory: optional(id),
  location: optional(
    fc.record({
      latitude: fc.double({ min: -90, max: 90, noNaN: true }),
      longitude: fc.double({ min: -180, max: 180, noNaN: true }),
    }),
  ),
  metadata: optional(fc.dictionary(fc.string({ minLength: 1, maxLength: 20 }), fc.string({ maxLength: 30 }), { maxKeys: 5 })),
});

const model: CompiledModel = {
  version: 12,
  hash: '5c'.repeat(32),
  score: (features) => ({
    score: 0.61237,
    percentile: 99.4321,
    contributions: ['baseline', ...featureNames].map((feature, i) => ({ feature, points: (features[0]! % 7) / 100 + i / 1000 })),
  }),
  learned: { score: () => ({ points: 12.34, reasons: [] }) },
};

/** Everything triggers and every kind of reason occurs. */
const loud = {
  signals: Object.fromEntries(signalNames.map((name) => [name, { threshold: -1e9, points: 12.25 }])) as typeof barePolicy.signals,
  rules: [
    { id: 'always', when: 'true', points: 5, text: 'always' },
    { id: 'fails', when: '1 / (account.transactionCount - account.transactionCount) == 1', points: 5, text: 'fails' },
  ],
  lists: { watched: { kind: 'block', field: 'accountId', outcome: 'REVIEW', overrides: false, text: 'w' } as const },
  learnedWeight: 0.5,
};

const stored = (decision: StoredDecision['decision'], given: Partial<StoredDecision> = {}): StoredDecision => ({
  tenant: 'dev',
  correlationId: null,
  chain: 'c'.repeat(22),
  queueAgeMs: null,
  erased: false,
  ...given,
  decision,
});

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
    ['another version', { d: Uint8Array.of(9) }, 'the item D#dev#t / D is packed in unknown version 9'],
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

  test('of another version is refused', () => {
    expect(() => auditFromItem({ pk: 'A#c', sk: '1', p: Uint8Array.of(2) })).toThrow('packed in unknown version 2');
  });
});

describe('every item fits one write unit', () => {
  const long = (letter: string) => letter.repeat(64);
  const longest: Partial<Transaction> = {
    transactionId: long('t'),
    userId: long('u'),
    accountId: long('a'),
    channel: long('c'),
    deviceId: long('d'),
    merchantId: long('m'),
    merchantCategory: long('k'),
    currency: 'EUR',
    amountMinor: Number.MAX_SAFE_INTEGER,
    location: { latitude: -89.123456789, longitude: -179.123456789 },
  };

  test('with the longest ids, every signal triggered and a model', () => {
    const account = new DrivenAccount({ ...loud, rules: [], lists: {} }, { model, degraded: null });
    account.pay(transaction);
    const merchant = { labelled: 123_456, frauds: 12_345, riskShort: 0.123456, riskLong: 0.654321 };
    const { decision, entry } = account.pay(longest, { merchant });
    const item = decisionItem(stored(decision, { tenant: 'x'.repeat(32), correlationId: 'i'.repeat(32), queueAgeMs: 123_456 }));
    expect(itemSizeBytes(item)).toBeLessThanOrEqual(1024);
    expect(itemSizeBytes(auditItem(entry, decision))).toBeLessThanOrEqual(1024);
  });
});
