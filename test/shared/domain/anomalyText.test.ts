import { describe, expect, it } from 'vitest';
import { anomalyText } from '../../../shared/domain/anomalyText.ts';
import { reasonText } from '../../../shared/domain/explain.ts';
import { type FeatureName, featureNames } from '../../../shared/domain/features.ts';
import { aDecision, aPolicy } from '../../functions/project/builders.ts';

const given = (values: Partial<Record<FeatureName, number>>, points: readonly (readonly [string, number])[]) => ({
  features: featureNames.map((name) => values[name] ?? 0),
  anomaly: { score: 0.6, percentile: 99.5, contributions: points.map(([feature, share]) => ({ feature, points: share })) },
});

describe('what made a payment unusual', () => {
  it('is the three largest shares above zero, each against what is usual for the account', () => {
    const values = { amountOverUsual: 12.5, newDevice: 1, count1h: 1, gapHours: 2 };
    const points = [
      ['baseline', 0.4],
      ['count1h', 0.02],
      ['amountOverUsual', 0.1],
      ['gapHours', 0.01],
      ['newDevice', 0.05],
      ['hourRarity', -0.2],
    ] as const;
    expect(anomalyText(given(values, points))).toBe(
      'an amount 12.5 times the usual, a device new to the account, 1 payment in an hour',
    );
  });

  it('is said of an amount below the usual too', () => {
    expect(anomalyText(given({ amountZ: -2.5 }, [['amountZ', 0.1]]))).toBe('an amount 2.5 standard deviations below the usual');
  });

  const words: Readonly<Record<FeatureName, readonly (readonly [value: number, text: string])[]>> = {
    amount: [[2, 'the size of the amount']],
    amountOverUsual: [[2, 'an amount 2 times the usual']],
    amountZ: [
      [2, 'an amount 2 standard deviations above the usual'],
      [0, 'an amount 0 standard deviations above the usual'],
      [-2, 'an amount 2 standard deviations below the usual'],
    ],
    amountZInCategory: [[2, 'an amount for this category 2 standard deviations above the usual']],
    dayLevel: [[2, 'amounts of the last day 2 times the usual']],
    weekLevel: [[2, 'amounts of the last week 2 times the usual']],
    spendOverUsualDay: [[2, 'spend of a day 2 times the usual']],
    countOverUsualDay: [[2, 'payments of a day 2 times the usual']],
    count10m: [[2, '2 payments in 10 minutes']],
    count1h: [
      [1, '1 payment in an hour'],
      [2, '2 payments in an hour'],
    ],
    count24h: [[1000, '1,000 payments in 24 hours']],
    gapHours: [[2.5, '2.5 hours since the payment before']],
    hourRarity: [
      [0.1, 'a time of day at which the account rarely pays'],
      [0, 'a time of day at which the account often pays'],
    ],
    localHour: [[3, "3 o'clock local time"]],
    recentSurprise: [
      [0.1, 'unusual payments shortly before'],
      [0, 'no unusual payments before'],
    ],
    speedKmh: [[900, '900 km/h since the last place']],
    kmFromHome: [[12, '12 km from the usual place']],
    kmFromLast: [[12, '12 km from the last place']],
    newDevice: [
      [1, 'a device new to the account'],
      [0, 'a known device'],
    ],
    newMerchant: [[1, 'a merchant new to the account']],
    newCategory: [[0, 'a known category']],
    devices24h: [[2, '2 devices in 24 hours']],
    merchants24h: [[1, '1 merchant in 24 hours']],
    merchantRiskShort: [[0.125, "12.5 % fraud among the merchant's labels of the last days"]],
    merchantRiskLong: [[0.5, "50 % fraud among the merchant's labels of the last weeks"]],
    deviceAccounts24h: [[1, '1 account on the device in 24 hours']],
    ipAccounts1h: [[7, '7 accounts on the address in an hour']],
    beneficiaryAccounts24h: [[6, '6 accounts that paid the beneficiary in 24 hours']],
    beneficiaryPayments24h: [[9, '9 payments to the beneficiary in 24 hours']],
    instrumentAccounts24h: [[2, '2 accounts with the instrument in 24 hours']],
    linkedFrauds: [[2, '2 frauds on the same device, address, beneficiary or instrument']],
  };
  const rows = featureNames.flatMap((name) => words[name].map(([value, text]) => [name, value, text] as const));
  it.each(rows)('%s of %d reads "%s"', (name, value, text) => {
    expect(anomalyText(given({ [name]: value }, [[name, 0.1]]))).toBe(text);
  });

  it('leaves out shares of zero', () => {
    expect(anomalyText(given({}, [['amount', 0]]))).toBe('');
  });

  it('is nothing without shares', () => {
    expect(anomalyText(given({}, [['baseline', 0.4]]))).toBe('');
    expect(anomalyText({ anomaly: null, features: null })).toBe('');
    expect(anomalyText({ ...given({}, [['amount', 0.4]]), features: null })).toBe('');
    expect(anomalyText({ ...given({}, []), anomaly: null })).toBe('');
  });

  it('stands in the reason', () => {
    const decision = { ...aDecision(), ...given({ merchantRiskShort: 0.5 }, [['merchantRiskShort', 0.1]]) };
    const reason = { signal: 'ANOMALY', value: 99.5, threshold: 99, points: 20, usual: 50 };
    expect(reasonText(reason, decision, aPolicy())).toBe(
      "More unusual than 99.5 % of payments: 50 % fraud among the merchant's labels of the last days",
    );
  });
});
