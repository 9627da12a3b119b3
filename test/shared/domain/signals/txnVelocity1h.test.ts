import { expect, test } from 'vitest';
import { txnVelocity1h } from '../../../../shared/domain/signals/txnVelocity1h.ts';
import { signalInput } from './input.ts';

test.each([
  ['counts this payment beside those of the hour', 7, { value: 8, usual: null }],
  ['is one on an empty hour', 0, { value: 1, usual: null }],
  ['is unknown when the past is not kept, not one', null, { value: null, usual: null, cause: 'LATE' }],
])('%s', (_, count1h, expected) => {
  expect(txnVelocity1h(signalInput({ sums: { count1h } }))).toEqual(expected);
});

test('what is usual is told once the account has paid before, to 4 decimals', () => {
  const usual = { spend24hMinor: 0, count1h: 1.23456, count1m: 9 };
  expect(txnVelocity1h(signalInput({ account: { payments: 1, usual } })).usual).toBe(1.2346);
  expect(txnVelocity1h(signalInput({ account: { payments: 0, usual } })).usual).toBeNull();
});
