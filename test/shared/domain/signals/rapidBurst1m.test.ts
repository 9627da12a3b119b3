import { expect, test } from 'vitest';
import { rapidBurst1m } from '../../../../shared/domain/signals/rapidBurst1m.ts';
import { signalInput } from './input.ts';

test.each([
  ['counts this payment beside those of the minute', 49, { value: 50, usual: null }],
  ['is one on an empty minute', 0, { value: 1, usual: null }],
  ['is unknown when the past is not kept, not one', null, { value: null, usual: null, cause: 'LATE' }],
])('%s', (_, count1m, expected) => {
  expect(rapidBurst1m(signalInput({ sums: { count1m } }))).toEqual(expected);
});

test('what is usual is told once the account has paid before, to 4 decimals', () => {
  const usual = { spend24hMinor: 0, count1h: 9, count1m: 1.00006 };
  expect(rapidBurst1m(signalInput({ account: { payments: 1, usual } })).usual).toBe(1.0001);
  expect(rapidBurst1m(signalInput({ account: { payments: 0, usual } })).usual).toBeNull();
});
