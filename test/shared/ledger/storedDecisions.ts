import fc from 'fast-check';
import { featureNames } from '../../../shared/domain/features.ts';
import { canonicalIp } from '../../../shared/domain/ipAddress.ts';
import type { CompiledModel } from '../../../shared/domain/model.ts';
import { signalNames } from '../../../shared/domain/signals/names.ts';
import type { Transaction } from '../../../shared/domain/transaction.ts';
import type { StoredDecision } from '../../../shared/ledger/items.ts';
import type { barePolicy } from '../policy/fixtures.ts';

const id = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$/);
const ipAddress = fc.oneof(fc.ipV4(), fc.ipV6()).map((text) => canonicalIp(text)!);
const beneficiaryId = fc.stringMatching(/^[A-Za-z][A-Za-z_.:@+-]{0,63}$/);
export const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null });
/** Any payment that a client can send. */
export const paid: fc.Arbitrary<Transaction> = fc.record({
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
  ipAddress: optional(ipAddress),
  beneficiaryId: optional(beneficiaryId),
  instrumentId: optional(id),
  location: optional(
    fc.record({
      latitude: fc.double({ min: -90, max: 90, noNaN: true }),
      longitude: fc.double({ min: -180, max: 180, noNaN: true }),
    }),
  ),
  metadata: optional(fc.dictionary(fc.string({ minLength: 1, maxLength: 20 }), fc.string({ maxLength: 30 }), { maxKeys: 5 })),
});

export const model: CompiledModel = {
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
export const loud = {
  signals: Object.fromEntries(signalNames.map((name) => [name, { threshold: -1e9, points: 12.25 }])) as typeof barePolicy.signals,
  rules: [
    { id: 'always', when: 'true', points: 5, text: 'always' },
    { id: 'fails', when: '1 / (account.transactionCount - account.transactionCount) == 1', points: 5, text: 'fails' },
  ],
  lists: { watched: { kind: 'block', field: 'accountId', outcome: 'REVIEW', overrides: false, text: 'w' } as const },
  learnedWeight: 0.5,
};

export const stored = (decision: StoredDecision['decision'], given: Partial<StoredDecision> = {}): StoredDecision => ({
  tenant: 'dev',
  correlationId: null,
  chain: 'c'.repeat(22),
  queueAgeMs: null,
  erased: false,
  ...given,
  decision,
});
