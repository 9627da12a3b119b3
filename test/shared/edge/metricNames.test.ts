import { expect, test } from 'vitest';
import { featureMetric, outcomeMetrics, watchedFeatures } from '../../../shared/edge/metricNames.ts';
import { counts, metricsLine } from '../../../shared/edge/metrics.ts';

test("a feature's metric is called after the feature", () => {
  expect(featureMetric('amountZ')).toBe('FeatureAmountZ');
  expect(new Set(watchedFeatures.map(featureMetric)).size).toBe(watchedFeatures.length);
});

test('a count carries the name of its metric in the namespace of all', () => {
  const line = JSON.parse(metricsLine(counts({ [outcomeMetrics[0]]: 2, Late: 0 }), 1_000)) as Record<string, unknown>;
  expect(line.Allowed).toBe(2);
  expect(line._aws).toEqual({
    Timestamp: 1_000,
    CloudWatchMetrics: [{ Namespace: 'Aegis', Dimensions: [['Stage']], Metrics: [{ Name: 'Allowed' }] }],
  });
  expect(line).not.toHaveProperty('Late');
});
