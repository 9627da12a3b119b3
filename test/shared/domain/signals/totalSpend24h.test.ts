import { expect, test } from 'vitest';
import { totalSpend24h } from '../../../../shared/domain/signals/totalSpend24h.ts';
import { signalInput } from './input.ts';

const largest = Number.MAX_SAFE_INTEGER;

test.each([
  ['adds this payment to what the day holds', 300, 200, { value: 500, usual: null }],
  ['is this payment alone on an empty day', 0, 200, { value: 200, usual: null }],
  ['reaches 2^53-1 exactly', largest - 200, 200, { value: largest, usual: null }],
  ['stays at 2^53-1 beyond it', largest - 199, 200, { value: largest, usual: null }],
  ['stays at 2^53-1 when both are that large', largest, largest, { value: largest, usual: null }],
  ['counts an amount that converts to nothing as nothing', 300, 0, { value: 300, usual: null }],
  ['is unknown without a rate', 300, null, { value: null, usual: null, cause: 'NO_RATE' }],
  ['is unknown when the past is not kept', null, 200, { value: null, usual: null, cause: 'LATE' }],
  ['names the missing rate before the missing past', null, null, { value: null, usual: null, cause: 'NO_RATE' }],
])('%s', (_, spend24hMinor, spendMinor, expected) => {
  expect(totalSpend24h(signalInput({ sums: { spend24hMinor }, spendMinor }))).toEqual(expected);
});

test('what is usual is whole minor units, once the account has paid before', () => {
  const usual = { spend24hMinor: 1234.5, count1h: 0, count1m: 0 };
  expect(totalSpend24h(signalInput({ account: { payments: 1, usual } })).usual).toBe(1235);
  expect(totalSpend24h(signalInput({ account: { payments: 0, usual } })).usual).toBeNull();
});
