import { expect, test } from 'vitest';
import { anomaly } from '../../../../shared/domain/signals/anomaly.ts';

test('is the percentile to 4 decimals, 50 being usual', () => {
  expect(anomaly({ score: 0.6, percentile: 99.123456, contributions: [] })).toEqual({ value: 99.1235, usual: 50 });
});
