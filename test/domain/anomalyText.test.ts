import { describe, expect, it } from 'vitest';
import { anomalyText } from '../../shared/domain/anomalyText.ts';
import { reasonText } from '../../shared/domain/explain.ts';
import { type FeatureName, featureNames } from '../../shared/domain/features.ts';
import { aDecision, aPolicy } from '../functions/project/builders.ts';

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

  it.each(featureNames)('has words for %s', (name) => {
    expect(anomalyText(given({ [name]: 2 }, [[name, 0.1]]))).toMatch(/^[a-z0-9].{8,}$/);
  });

  it('is nothing without shares', () => {
    expect(anomalyText(given({}, [['baseline', 0.4]]))).toBe('');
    expect(anomalyText({ anomaly: null, features: null })).toBe('');
  });

  it('stands in the reason', () => {
    const decision = { ...aDecision(), ...given({ merchantRiskShort: 0.5 }, [['merchantRiskShort', 0.1]]) };
    const reason = { signal: 'ANOMALY', value: 99.5, threshold: 99, points: 20, usual: 50 };
    expect(reasonText(reason, decision, aPolicy())).toBe(
      "More unusual than 99.5 % of payments: 50 % fraud among the merchant's labels of the last days",
    );
  });
});
