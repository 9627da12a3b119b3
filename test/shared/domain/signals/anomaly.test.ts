import { expect, test } from 'vitest';
import { anomaly } from '../../../../shared/domain/signals/anomaly.ts';
import { signalInput } from './input.ts';

test('is the percentile to 4 decimals, 50 being usual', () => {
  const scored = { score: 0.6, percentile: 99.123456, contributions: [] };
  expect(anomaly(signalInput({ anomaly: scored }))).toEqual({ value: 99.1235, usual: 50 });
});

test.each(['NO_MODEL', 'MODEL_INVALID', 'STORE_UNAVAILABLE'] as const)('is unknown for %s, never 0', (anomalyCause) => {
  expect(anomaly(signalInput({ anomaly: null, anomalyCause }))).toEqual({ value: null, usual: null, cause: anomalyCause });
});
