import { expect, test } from 'vitest';
import { currencyExponents } from '../../../shared/domain/currency.ts';

test.each([
  [0, ['BIF', 'JPY', 'XPF']],
  [2, ['AED', 'EUR', 'INR', 'USD', 'ZWG']],
  [3, ['BHD', 'KWD', 'TND']],
  [4, ['CLF', 'UYW']],
])('%d decimals have %j', (exponent, codes) => {
  for (const code of codes) expect(currencyExponents[code]).toBe(exponent);
});

test('every name is three capitals, and there are no others', () => {
  expect(Object.keys(currencyExponents).filter((code) => !/^[A-Z]{3}$/.test(code))).toEqual([]);
  for (const other of ['', 'XAU', 'XXX', 'inr', 'constructor', 'toString']) expect(currencyExponents[other]).toBeUndefined();
});

test('nobody changes them', () => {
  expect(Object.isFrozen(currencyExponents)).toBe(true);
});
