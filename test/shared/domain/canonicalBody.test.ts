import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalBody, type DecisionBody } from '../../../shared/domain/audit.ts';
import { signalNames } from '../../../shared/domain/signals/names.ts';

const hex = fc.stringMatching(/^[0-9a-f]{64}$/);
const value = fc.option(fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.maxSafeInteger()));
const text = fc.string({ unit: 'grapheme' });

const body: fc.Arbitrary<DecisionBody> = fc.record({
  chain: fc.stringMatching(/^[A-Za-z0-9_-]{22}$/),
  sequence: fc.maxSafeNat(),
  previousHash: hex,
  event: fc.constant('DECISION_MADE' as const),
  at: fc.constant('2026-11-20T08:15:00.000Z'),
  transactionId: text,
  occurredAt: fc.constant('2026-11-20T13:45:00.000+05:30'),
  receivedAt: fc.constant('2026-11-20T08:15:00.000Z'),
  amountMinor: fc.maxSafeNat(),
  currency: fc.constant('INR'),
  spendMinor: value,
  fingerprint: hex,
  sealed: fc.base64String(),
  secretVersion: fc.nat(),
  signals: fc.record(Object.fromEntries(signalNames.map((name) => [name, value]))) as fc.Arbitrary<DecisionBody['signals']>,
  triggered: fc.subarray([...signalNames]),
  merchant: fc.option(fc.record({ labelled: fc.nat(), frauds: fc.nat(), riskShort: value, riskLong: value })),
  lists: fc.array(text),
  degraded: fc.array(fc.record({ part: text, cause: fc.constantFrom('LATE' as const, 'NO_RATE' as const) })),
  late: fc.boolean(),
  outcome: fc.constantFrom('ALLOW' as const, 'REVIEW' as const, 'BLOCK' as const),
  score: fc.integer({ min: 0, max: 10_000 }).map((hundredths) => hundredths / 100),
  policyVersion: fc.nat(),
  policyHash: hex,
  modelVersion: fc.option(fc.nat()),
  modelHash: fc.option(hex),
});

test('the text that is hashed is the RFC 8785 form, as a library of others makes it', () => {
  fc.assert(
    fc.property(body, (one) => {
      expect(canonicalBody(one)).toBe(canonicalize(one));
    }),
    { numRuns: 1_000 },
  );
});
