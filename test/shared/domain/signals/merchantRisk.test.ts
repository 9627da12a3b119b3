import { expect, test } from 'vitest';
import { merchantRisk } from '../../../../shared/domain/signals/merchantRisk.ts';
import { signalInput } from './input.ts';

const figures = (frauds: number, labelled: number) => ({ labelled, frauds, riskShort: null, riskLong: null });
const merchantPrior = { a: 1, b: 9 };

test.each([
  ['is the prior while nothing is labelled', 0, 0, 0.1],
  ['moves with the labels', 5, 10, 0.3],
  ['comes near to the share of frauds with many labels', 10_000, 10_000, 0.9991],
  ['falls with good labels', 0, 90, 0.01],
])('%s', (_, frauds, labelled, value) => {
  expect(merchantRisk(signalInput({ merchant: figures(frauds, labelled), policy: { merchantPrior } }))).toEqual({
    value,
    usual: 0.1,
  });
});

test('is 0 without a merchant, whether figures could be read or not', () => {
  for (const merchant of [figures(5, 10), null])
    expect(merchantRisk(signalInput({ transaction: { merchantId: null }, merchant, policy: { merchantPrior } })).value).toBe(0);
});

test('is unknown when the figures cannot be read', () => {
  expect(merchantRisk(signalInput({ merchant: null }))).toEqual({ value: null, usual: null, cause: 'STORE_UNAVAILABLE' });
});
