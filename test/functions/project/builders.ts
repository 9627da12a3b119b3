import type { Decision } from '../../../shared/domain/decision.ts';
import type { Policy } from '../../../shared/domain/policy.ts';
import { signalNames } from '../../../shared/domain/signals/names.ts';
import type { Transaction } from '../../../shared/domain/transaction.ts';
import type { Flagged } from '../../../shared/reviews/review.ts';

export const aTransaction = (given: Partial<Transaction> = {}): Transaction => ({
  transactionId: 'txn_1',
  userId: 'u_42',
  accountId: 'a_7',
  occurredAtMs: Date.parse('2026-11-20T08:15:00.000Z'),
  offsetMinutes: 330,
  amountMinor: 129_900,
  currency: 'INR',
  channel: null,
  deviceId: null,
  merchantId: null,
  merchantCategory: null,
  ipAddress: null,
  beneficiaryId: null,
  instrumentId: null,
  location: null,
  metadata: null,
  ...given,
});

export const aDecision = ({
  transaction,
  ...given
}: Partial<Omit<Decision, 'transaction'>> & { transaction?: Partial<Transaction> } = {}): Decision => ({
  transaction: aTransaction(transaction),
  receivedAtMs: Date.parse('2026-11-20T08:15:01.000Z'),
  decidedAtMs: Date.parse('2026-11-20T08:15:01.040Z'),
  outcome: 'ALLOW',
  score: 0,
  previousOutcome: null,
  reasons: [],
  signals: signalNames.map(() => 0),
  triggered: 0,
  triggers24h: signalNames.map(() => 0),
  anomaly: null,
  features: null,
  entities: null,
  degraded: [],
  late: false,
  policyVersion: 1,
  modelVersion: null,
  sequence: 1,
  hash: 'ab'.repeat(32),
  ...given,
});

export const aPolicy = (given: Partial<Policy> = {}): Policy => ({
  baseCurrency: 'INR',
  rates: {},
  cutoffs: { review: 40, block: 70 },
  signals: Object.fromEntries(signalNames.map((name) => [name, { threshold: 1, points: 10 }])) as Policy['signals'],
  rules: [],
  lists: {},
  failTo: 'REVIEW',
  failOn: null,
  population: { mean: 10, sd: 1 },
  merchantPrior: { a: 1, b: 99 },
  learnedWeight: 0,
  ...given,
});

/** A decision as a review takes it in. */
export const aFlagged = (given: Partial<Flagged> = {}): Flagged => ({
  transactionId: 'txn_1',
  outcome: 'REVIEW',
  decidedAtMs: Date.parse('2026-11-20T08:15:01.040Z'),
  score: 40,
  amountMinor: 100_000,
  reasons: ['TOTAL_SPEND_24H'],
  population: { mean: 11.5, sd: 1.5 },
  ...given,
});
