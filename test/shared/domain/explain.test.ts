import { describe, expect, it } from 'vitest';
import type { Reason } from '../../../shared/domain/decision.ts';
import { explanationText, namesTriggered, reasonText, transitionText, triggerCounts } from '../../../shared/domain/explain.ts';
import { aDecision, aPolicy } from '../../functions/project/builders.ts';

const reason = (given: Partial<Reason> & { signal: string }): Reason => ({
  value: 1,
  threshold: 1,
  points: 10,
  usual: null,
  ...given,
});

describe('the text of a reason', () => {
  const policy = aPolicy({
    rules: [{ id: 'big-night', when: 'true', text: 'Large payment at night', points: 20 }],
    lists: { mules: { kind: 'block', field: 'accountId', outcome: 'BLOCK', overrides: false, text: 'A known mule account' } },
  });
  const rows: readonly [string, Reason, string][] = [
    [
      'names the sum in units of the base currency',
      reason({ signal: 'TOTAL_SPEND_24H', value: 12_345_600 }),
      'INR 123,456.00 spent in the last 24 hours',
    ],
    [
      'says what the account usually spends',
      reason({ signal: 'TOTAL_SPEND_24H', value: 5, usual: 70_050 }),
      'INR 0.05 spent in the last 24 hours; usually INR 700.50',
    ],
    [
      'counts payments of an hour against the usual',
      reason({ signal: 'TXN_VELOCITY_1H', value: 14, usual: 2 }),
      '14 payments in the last hour; usually 2',
    ],
    ['leaves the usual out when it is unknown', reason({ signal: 'TXN_VELOCITY_1H', value: 14 }), '14 payments in the last hour'],
    ['speaks of one payment in the singular', reason({ signal: 'RAPID_BURST_1M', value: 1 }), '1 payment within 60 seconds'],
    [
      'keeps two decimals of a usual that is a mean',
      reason({ signal: 'RAPID_BURST_1M', value: 6, usual: 1.256 }),
      '6 payments within 60 seconds; usually 1.26',
    ],
    [
      'has no usual for a device',
      reason({ signal: 'NEW_DEVICE_USED', usual: 0 }),
      'A device that is new to this account, or was last seen 90 days or longer ago',
    ],
    [
      'quotes an amount that is unusual in its own currency',
      reason({ signal: 'AMOUNT_ANOMALY', value: 4.2 }),
      'The amount, INR 1,299.00, is 4.2 standard deviations above what is usual',
    ],
    [
      'tells an amount that is unusually small',
      reason({ signal: 'AMOUNT_ANOMALY', value: -3 }),
      'The amount, INR 1,299.00, is 3 standard deviations below what is usual',
    ],
    [
      'gives the speed that the journey needs',
      reason({ signal: 'IMPOSSIBLE_TRAVEL', value: 4812.5 }),
      '4,812.5 km/h would be needed to get here from the last place',
    ],
    [
      'reads the hour from the offset of the transaction',
      reason({ signal: 'UNUSUAL_HOUR' }),
      'Paid at 13:45 local time, when this account rarely pays',
    ],
    [
      'gives the fraud share of a merchant in per cent',
      reason({ signal: 'MERCHANT_RISK', value: 0.1234 }),
      "12.34 % of this merchant's payments are estimated to be fraud",
    ],
    ['gives the percentile of an anomaly', reason({ signal: 'ANOMALY', value: 99.5 }), 'More unusual than 99.5 % of payments'],
    [
      'gives the learned score',
      reason({ signal: 'MODEL', value: 0.875, threshold: null }),
      'The learned score of this payment is 0.88',
    ],
    ["uses a rule's own words", reason({ signal: 'RULE:big-night', threshold: null }), 'Large payment at night'],
    ['names a rule that the policy does not have', reason({ signal: 'RULE:gone', threshold: null }), 'Rule gone applied'],
    ["uses a list's own words", reason({ signal: 'LIST:mules', threshold: null }), 'A known mule account'],
    [
      'names a list that the policy does not have',
      reason({ signal: 'LIST:gone', threshold: null }),
      'An entry of list gone applied',
    ],
    ['names a signal that is not known any more', reason({ signal: 'GONE' }), 'GONE applied'],
    ['names a signal that is not known any more, even without a value', reason({ signal: 'GONE', value: null }), 'GONE applied'],
    [
      'gives the usual fraud share in per cent too',
      reason({ signal: 'MERCHANT_RISK', value: 0.5, usual: 0.015 }),
      "50 % of this merchant's payments are estimated to be fraud; usually 1.5 %",
    ],
    [
      'says nothing of the usual where it says nothing',
      reason({ signal: 'ANOMALY', value: 99.5, usual: 50 }),
      'More unusual than 99.5 % of payments',
    ],
    [
      'speaks of a zero in the plural, and keeps the usual of zero',
      reason({ signal: 'TXN_VELOCITY_1H', value: 0, usual: 0 }),
      '0 payments in the last hour; usually 0',
    ],
    [
      'rounds a usual sum that is a mean to a minor unit',
      reason({ signal: 'TOTAL_SPEND_24H', value: 100, usual: 70_050.5 }),
      'INR 1.00 spent in the last 24 hours; usually INR 700.51',
    ],
    [
      'takes zero deviations for above',
      reason({ signal: 'AMOUNT_ANOMALY', value: 0 }),
      'The amount, INR 1,299.00, is 0 standard deviations above what is usual',
    ],
    [
      'says so when a value is missing',
      reason({ signal: 'TXN_VELOCITY_1H', value: null }),
      'TXN_VELOCITY_1H could not be computed',
    ],
  ];
  it.each(rows)('%s', (_, given, expected) => {
    expect(reasonText(given, aDecision(), policy)).toBe(expected);
  });

  it.each([
    ['JPY', 1_234_567, 'JPY 1,234,567'],
    ['KWD', 1_250, 'KWD 1.250'],
    ['CLF', 7, 'CLF 0.0007'],
    ['USD', 100, 'USD 1.00'],
    ['USD', -12_345_678, 'USD -123,456.78'],
    ['XXX', 5, 'XXX 0.05'],
    ['JPY', 0, 'JPY 0'],
  ])('writes amounts of %s with the decimals of its ISO 4217 exponent', (baseCurrency, value, expected) => {
    const text = reasonText(reason({ signal: 'TOTAL_SPEND_24H', value }), aDecision(), aPolicy({ baseCurrency }));
    expect(text).toBe(`${expected} spent in the last 24 hours`);
  });
});

describe('the explanation', () => {
  it('lists signals that triggered in the order of the signals', () => {
    expect(explanationText([1, 0, 0, 4])).toBe('TOTAL_SPEND_24H: 1 trigger | NEW_DEVICE_USED: 4 triggers');
  });
  it('is empty when nothing triggered', () => {
    expect(explanationText([0, 0, 0, 0, 0, 0, 0, 0, 0])).toBe('');
  });
  it('has the same counts by name', () => {
    expect(triggerCounts([1, 0, 0, 4])).toEqual({ TOTAL_SPEND_24H: 1, NEW_DEVICE_USED: 4 });
  });
});

describe('the transition', () => {
  it.each([
    [null, 'BLOCK', 'NEW'],
    ['ALLOW', 'ALLOW', 'NO_CHANGE'],
    ['ALLOW', 'BLOCK', 'ALLOW->BLOCK'],
    ['BLOCK', 'REVIEW', 'BLOCK->REVIEW'],
  ] as const)('from %s to %s reads %s', (previous, outcome, expected) => {
    expect(transitionText(previous, outcome)).toBe(expected);
  });
});

describe('the names of a trigger mask', () => {
  it('come from its bits, lowest first', () => {
    expect(namesTriggered(0b1_0000_1001)).toEqual(['TOTAL_SPEND_24H', 'NEW_DEVICE_USED', 'ANOMALY']);
  });
});
