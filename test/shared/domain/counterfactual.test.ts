import { describe, expect, it } from 'vitest';
import { type CounterfactualInput, counterfactual } from '../../../shared/domain/counterfactual.ts';
import type { Decision, Degradation } from '../../../shared/domain/decision.ts';
import { type MerchantFigures, noFigures } from '../../../shared/domain/merchant.ts';
import type { Policy } from '../../../shared/domain/policy.ts';
import { ruleFacts } from '../../../shared/domain/ruleFacts.ts';
import { latestMs, verdict } from '../../../shared/domain/verdict.ts';
import { compilePolicy } from '../../../shared/policy/compile.ts';
import { barePolicy, signalValues, transaction } from '../policy/fixtures.ts';

type Given = {
  policy?: Partial<Policy>;
  signals?: Parameters<typeof signalValues>[0];
  lists?: Record<string, boolean>;
  degraded?: Degradation[];
  lateMs?: number;
  usual?: (number | null)[];
  merchant?: MerchantFigures;
};

const account = { transactionCount: 12, ageDays: 40 };

/** A payment of 129,900 minor units decided on these signals, and what is asked about it. */
const decided = (given: Given): CounterfactualInput => {
  const policy = compilePolicy({ ...barePolicy, ...given.policy }, 2);
  const signals = signalValues(given.signals);
  const lists = Object.fromEntries(Object.keys(policy.policy.lists).map((name) => [name, given.lists?.[name] ?? false]));
  const lateMs = given.lateMs ?? 0;
  const merchant = given.merchant ?? noFigures;
  const facts = ruleFacts({ transaction, spendMinor: 129_900, late: false, signals, lists, account, merchant, entities: [] });
  const result = verdict({ policy, facts, signals, usual: given.usual ?? [], degraded: given.degraded ?? [], lateMs });
  const decision: Decision = {
    ...result,
    transaction,
    receivedAtMs: 0,
    decidedAtMs: 0,
    previousOutcome: null,
    signals,
    triggers24h: [],
    anomaly: null,
    features: null,
    entities: null,
    late: false,
    policyVersion: 2,
    modelVersion: null,
    sequence: 13,
    hash: '',
  };
  return { policy, decision, spendMinor: 129_900, account, merchant, lateMs };
};

const signals = (change: Partial<Policy['signals']>): Policy['signals'] => ({ ...barePolicy.signals, ...change });

const velocity = signals({ TXN_VELOCITY_1H: { threshold: 15, points: 50 } });
const spend = signals({ TOTAL_SPEND_24H: { threshold: 200_000, points: 50 } });
const blocked = { kind: 'block', field: 'deviceId', outcome: 'BLOCK', overrides: false, text: 'x' } as const;

describe('the smallest single change that would have been ALLOWed', () => {
  it.each<[string, Given, string | null]>([
    [
      'is a count below its threshold',
      { policy: { signals: velocity }, signals: { TXN_VELOCITY_1H: 22 } },
      'TXN_VELOCITY_1H below 15 instead of 22',
    ],
    [
      'is the flag that was one too many',
      {
        policy: {
          signals: signals({ NEW_DEVICE_USED: { threshold: 1, points: 20 }, UNUSUAL_HOUR: { threshold: 1, points: 30 } }),
        },
        signals: { NEW_DEVICE_USED: 1, UNUSUAL_HOUR: 1 },
      },
      'NEW_DEVICE_USED below 1 instead of 1',
    ],
    [
      'is the nearer of two thresholds',
      {
        policy: {
          signals: signals({ TXN_VELOCITY_1H: { threshold: 10, points: 20 }, RAPID_BURST_1M: { threshold: 10, points: 20 } }),
        },
        signals: { TXN_VELOCITY_1H: 40, RAPID_BURST_1M: 12 },
      },
      'RAPID_BURST_1M below 10 instead of 12',
    ],
    [
      'is the amount, where less of it is needed than of the sum',
      { policy: { rules: [{ id: 'big', when: 'txn.amountMinor > 100000', outcome: 'BLOCK', text: 'x' }] } },
      'amountMinor 100000 or less instead of 129900 INR',
    ],
    [
      'is the sum, where it is nearer than the amount',
      { policy: { signals: spend }, signals: { TOTAL_SPEND_24H: 210_000 } },
      'TOTAL_SPEND_24H below 200000 instead of 210000',
    ],
    [
      'is being off a block list',
      { policy: { lists: { devices: blocked } }, lists: { devices: true } },
      'deviceId not on the list devices',
    ],
    [
      'is the rule, where nothing else helps',
      { policy: { rules: [{ id: 'upi', when: 'txn.channel == "upi"', outcome: 'REVIEW', text: 'UPI is watched' }] } },
      'the rule upi not true: UPI is watched',
    ],
    [
      'of a count is a whole one less than its threshold',
      {
        policy: {
          signals: signals({ RAPID_BURST_1M: { threshold: 5, points: 50 } }),
          rules: [{ id: 'r', when: 'signals.RAPID_BURST_1M > 4.0', outcome: 'BLOCK', text: 'x' }],
        },
        signals: { RAPID_BURST_1M: 6 },
      },
      'RAPID_BURST_1M below 5 instead of 6',
    ],
    [
      'of a measured value is no more than just below its threshold',
      {
        policy: {
          signals: signals({ IMPOSSIBLE_TRAVEL: { threshold: 900, points: 50 } }),
          rules: [{ id: 'r', when: 'signals.IMPOSSIBLE_TRAVEL > 899.9', outcome: 'BLOCK', text: 'x' }],
        },
        signals: { IMPOSSIBLE_TRAVEL: 950 },
      },
      null,
    ],
    [
      'takes a smaller amount off the sum',
      {
        policy: {
          signals: signals({ TOTAL_SPEND_24H: { threshold: 1e9, points: 0 } }),
          rules: [{ id: 'r', when: 'signals.TOTAL_SPEND_24H >= 200000.0', outcome: 'BLOCK', text: 'x' }],
        },
        signals: { TOTAL_SPEND_24H: 210_000 },
      },
      'amountMinor 119899 or less instead of 129900 INR',
    ],
    [
      'is the rule that failed, where it alone called failTo',
      {
        policy: { rules: [{ id: 'speed', when: 'signals.IMPOSSIBLE_TRAVEL > 1.0', outcome: 'BLOCK', text: 'x' }] },
        signals: { IMPOSSIBLE_TRAVEL: null },
      },
      'the rule speed not true: x',
    ],
    [
      'is the amount, where less of it is needed than of a count',
      {
        policy: {
          signals: signals({ TXN_VELOCITY_1H: { threshold: 15, points: 20 } }),
          rules: [{ id: 'big', when: 'txn.amountMinor > 100000', points: 20, text: 'x' }],
        },
        signals: { TXN_VELOCITY_1H: 22 },
      },
      'amountMinor 100000 or less instead of 129900 INR',
    ],
    [
      'is never an amount of nothing',
      { policy: { rules: [{ id: 'paid', when: 'txn.amountMinor > 0', outcome: 'BLOCK', text: 'x' }] } },
      'the rule paid not true: x',
    ],
    [
      'is never a sum that could not be computed',
      {
        policy: { rules: [{ id: 'sum', when: 'signals.TOTAL_SPEND_24H > 1.0', outcome: 'BLOCK', text: 'x' }] },
        signals: { TOTAL_SPEND_24H: null },
      },
      'the rule sum not true: x',
    ],
    [
      'is never a signal that was below its threshold',
      {
        policy: { signals: velocity, rules: [{ id: 'few', when: 'signals.TXN_VELOCITY_1H < 3.0', outcome: 'BLOCK', text: 'x' }] },
        signals: { TXN_VELOCITY_1H: 2 },
      },
      'the rule few not true: x',
    ],
    [
      'is never a signal that could not be computed',
      {
        policy: {
          signals: signals({ AMOUNT_ANOMALY: { threshold: 0, points: 0 } }),
          rules: ['a', 'b'].map((id) => ({ id, when: 'signals.AMOUNT_ANOMALY > 1.0', outcome: 'BLOCK', text: 'x' })),
        },
        signals: { AMOUNT_ANOMALY: null },
      },
      null,
    ],
    [
      'is a value of zero before a rule',
      {
        policy: {
          signals: signals({ AMOUNT_ANOMALY: { threshold: 0, points: 20 } }),
          rules: [{ id: 'upi', when: 'txn.channel == "upi"', points: 20, text: 'x' }],
        },
      },
      'AMOUNT_ANOMALY below 0 instead of 0',
    ],
    [
      'is no amount where the deviation is one below the usual',
      {
        policy: { signals: signals({ AMOUNT_ANOMALY: { threshold: -2, points: 50 } }) },
        signals: { AMOUNT_ANOMALY: -1 },
        usual: [null, null, null, null, 500_000],
      },
      'AMOUNT_ANOMALY below -2 instead of -1',
    ],
    [
      'is none where two rules hold',
      {
        policy: { rules: ['a', 'b'].map((id) => ({ id, when: 'txn.channel == "upi"', outcome: 'BLOCK', text: 'x' })) },
      },
      null,
    ],
    [
      'is none where a part was missing too',
      {
        policy: { lists: { devices: blocked } },
        lists: { devices: true },
        degraded: [{ part: 'MERCHANT_RISK', cause: 'STORE_UNAVAILABLE' }],
      },
      null,
    ],
    ['is none for a payment that was ALLOWed', { policy: { signals: velocity }, signals: { TXN_VELOCITY_1H: 14 } }, null],
    [
      'is none where two changes are needed',
      {
        policy: { lists: { devices: blocked, others: blocked } },
        lists: { devices: true, others: true },
      },
      null,
    ],
    ['is none for a payment that came too late', { lateMs: latestMs + 1 }, null],
    ['is none where a part was missing', { degraded: [{ part: 'MERCHANT_RISK', cause: 'STORE_UNAVAILABLE' }] }, null],
  ])('%s', (_sentence, given, change) => {
    const expected = change === null ? null : { change, outcome: 'ALLOW' };
    expect(counterfactual(decided(given))).toEqual(expected);
  });

  it.each(['TOTAL_SPEND_24H', 'TXN_VELOCITY_1H', 'RAPID_BURST_1M', 'NEW_DEVICE_USED', 'UNUSUAL_HOUR'] as const)(
    'counts %s in whole numbers: below 5 is 4',
    (name) => {
      const policy = {
        signals: signals({ [name]: { threshold: 5, points: 50 } }),
        rules: [{ id: 'r', when: `signals.${name} > 4.0`, outcome: 'BLOCK', text: 'x' }] as const,
      };
      const withoutRate = { ...decided({ policy, signals: { [name]: 6 } }), spendMinor: null };
      expect(counterfactual(withoutRate)?.change).toBe(`${name} below 5 instead of 6`);
    },
  );

  it.each([
    ['the profile it was measured by', [null, null, null, null, 10_000], barePolicy.population],
    ['the population', [], { mean: Math.log(10_000), sd: 0.5 }],
  ])('lets a lower amount lower AMOUNT_ANOMALY by %s', (_sentence, usual, population) => {
    const policy = { population, signals: signals({ AMOUNT_ANOMALY: { threshold: 2, points: 50 } }) };
    const value = Math.log(129_900 / 10_000) / 0.5;
    const found = counterfactual(decided({ policy, signals: { AMOUNT_ANOMALY: value }, usual }));
    // Below 2 deviations of 0.5 is below 10,000 * e, the nearest change by share of the signal's own value being the signal.
    expect(found?.change).toBe(`AMOUNT_ANOMALY below 2 instead of ${value}`);
    const both = signals({ AMOUNT_ANOMALY: { threshold: 2, points: 50 }, TOTAL_SPEND_24H: { threshold: 100_000, points: 50 } });
    const joint = counterfactual(
      decided({ policy: { population, signals: both }, signals: { AMOUNT_ANOMALY: value, TOTAL_SPEND_24H: 129_900 }, usual }),
    );
    const [, amount] = /^amountMinor (\d+) or less/.exec(joint?.change ?? '') ?? [];
    expect(Number(amount)).toBeLessThan(10_000 * Math.E);
    expect(Number(amount)).toBeGreaterThan(10_000 * Math.E * 0.98);
  });

  it.each<[string, number | null, string, string]>([
    ['converts a smaller amount as the decided one was', 12_990_000, 'txn.spendMinor >= 10000000', 'amountMinor 99999 or less'],
    ['knows the amount without a rate', null, 'txn.amountMinor > 100000', 'amountMinor 100000 or less'],
  ])('%s', (_sentence, spendMinor, when, change) => {
    const rules = [{ id: 'r', when, outcome: 'BLOCK', text: 'x' }] as const;
    const given = decided({ policy: { rules } });
    const found = counterfactual({ ...given, spendMinor, decision: { ...given.decision, outcome: 'BLOCK' } });
    expect(found?.change).toBe(`${change} instead of 129900 INR`);
  });

  it('knows no smaller amount in the base currency without a rate', () => {
    const rules = [{ id: 'r', when: 'txn.spendMinor >= 1', outcome: 'BLOCK', text: 'x' }] as const;
    const given = decided({ policy: { rules } });
    const failed = { ...given, spendMinor: null, decision: { ...given.decision, outcome: 'REVIEW' as const } };
    expect(counterfactual(failed)?.change).toBe('the rule r not true: x');
  });

  it('knows the rest when the account figures are not known any more', () => {
    const rules = [{ id: 'big', when: 'txn.amountMinor > 100000', outcome: 'BLOCK', text: 'x' }] as const;
    const change = 'amountMinor 100000 or less instead of 129900 INR';
    expect(counterfactual({ ...decided({ policy: { rules } }), account: null })?.change).toBe(change);
  });

  it('claims nothing when the known facts do not give the decided outcome again', () => {
    const given = decided({ policy: { signals: velocity }, signals: { TXN_VELOCITY_1H: 22 } });
    const other = { ...given, decision: { ...given.decision, outcome: 'BLOCK' as const } };
    expect(counterfactual(other)).toBeNull();
  });

  it('claims nothing when a rule needs account figures that are not known any more', () => {
    const rules = [{ id: 'young', when: 'account.ageDays > 1000.0', outcome: 'BLOCK', text: 'x' }] as const;
    const given = decided({ policy: { rules, signals: velocity }, signals: { TXN_VELOCITY_1H: 22 } });
    expect(counterfactual(given)).not.toBeNull();
    expect(counterfactual({ ...given, account: null })).toBeNull();
  });

  it('reads the figures of the merchant as they were, and claims nothing without them', () => {
    const when = 'has(merchant.riskShort) && merchant.riskShort > 0.5';
    const merchant = { labelled: 4, frauds: 3, riskShort: 0.75, riskLong: 0.75 };
    const rules = [{ id: 'risky-merchant', when, outcome: 'REVIEW', text: 'x' }] as const;
    const given = decided({ policy: { rules }, merchant });
    expect(given.decision.outcome).toBe('REVIEW');
    expect(counterfactual(given)).toMatchObject({ outcome: 'ALLOW' });
    expect(counterfactual({ ...given, merchant: null })).toBeNull();
  });

  it('keeps the learned layer in the sum', () => {
    const given = decided({ policy: { signals: velocity }, signals: { TXN_VELOCITY_1H: 22 } });
    const learned = { signal: 'MODEL', value: 0.9, threshold: null, points: 30, usual: null };
    const decision = { ...given.decision, outcome: 'BLOCK' as const, reasons: [...given.decision.reasons, learned] };
    expect(counterfactual({ ...given, decision })).toEqual({
      change: 'TXN_VELOCITY_1H below 15 instead of 22',
      outcome: 'ALLOW',
    });
  });
});
