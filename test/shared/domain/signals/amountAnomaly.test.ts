import { expect, test } from 'vitest';
import { amountAnomaly, amountProfile } from '../../../../shared/domain/signals/amountAnomaly.ts';
import { signalInput, t0 } from './input.ts';

const dayMs = 86_400_000;
/** e^11 to the nearest minor unit: its logarithm is 11 to 5 decimals. */
const amount = 59_874;
const known = (weight: number, sd: number, atMs = t0) => ({ atMs, weight, mean: 10, spread: weight * sd ** 2 });
const population = { mean: 9, sd: 2 };

test.each([
  ['divides by the standard deviation', known(8, 0.5), amount, 2],
  ['divides by 0.25 where the deviation is smaller', known(8, 0.1), amount, 4],
  ['divides by 0.25 where there is no deviation', known(8, 0), amount, 4],
  ['divides by a deviation just above 0.25', known(8, 0.4), amount, 2.5],
  ['is negative below the mean', known(8, 0.5), 1, -20],
  ['reads an amount that converts to nothing as one minor unit', known(8, 0.5), 0, -20],
  ['uses the account from a weight of 5 on', known(5, 0.5), amount, 2],
  ['uses the population below a weight of 5', known(4.999, 0.5), amount, 1],
  ['uses the population for a new account', known(0, 0), amount, 1],
  ['uses the account while 10 have halved once to 5', known(10, 0.5, t0 - 15 * dayMs), amount, 2],
  ['uses the population a millisecond later', known(10, 0.5, t0 - 15 * dayMs - 1), amount, 1],
])('%s', (_, amounts, spendMinor, value) => {
  expect(amountAnomaly(signalInput({ account: { amounts }, spendMinor, policy: { population } })).value).toBe(value);
});

test('is unknown without a rate', () => {
  expect(amountAnomaly(signalInput({ spendMinor: null }))).toEqual({ value: null, usual: null, cause: 'NO_RATE' });
});

test("what is usual is the amount at the account's own mean, never at the population's", () => {
  expect(amountAnomaly(signalInput({ account: { amounts: known(5, 0.5) } })).usual).toBe(22_026);
  expect(amountAnomaly(signalInput({ account: { amounts: known(4, 0.5) } })).usual).toBeNull();
});

test('a spread that rounding made negative reads as no deviation', () => {
  expect(amountProfile(signalInput({ account: { amounts: { atMs: t0, weight: 8, mean: 10, spread: -1e-18 } } }))).toEqual({
    mean: 10,
    sd: 0,
    own: true,
  });
});
