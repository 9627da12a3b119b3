import fc from 'fast-check';
import { expect, test } from 'vitest';
import { currencyExponents } from '../../../shared/domain/currency.ts';
import { toBaseMinor } from '../../../shared/domain/money.ts';

const largest = Number.MAX_SAFE_INTEGER;

test.each([
  ['the base currency is taken as it is, though a rate for it stands there', 129_900, 'INR', 'INR', '7', 129_900],
  ['2 decimals to 2', 100, 'EUR', 'INR', '90.7', 9_070],
  ['0 decimals to 2', 100, 'JPY', 'INR', '0.558', 5_580],
  ['3 decimals to 2', 1_000, 'KWD', 'INR', '270.15', 27_015],
  ['4 decimals to 2', 10_000, 'CLF', 'INR', '3200', 320_000],
  ['2 decimals to 0', 250, 'EUR', 'JPY', '160', 400],
  ['2 decimals to 3', 100, 'EUR', 'KWD', '0.335', 335],
  ['0 decimals to 3', 1, 'JPY', 'KWD', '0.002', 2],
  ['0 decimals to 3 by a whole rate', 5, 'JPY', 'KWD', '2', 10_000],
  ['2 decimals to 4 by a rate of one decimal', 1, 'EUR', 'CLF', '0.5', 50],
  ['a half goes down to the even', 5, 'EUR', 'INR', '0.5', 2],
  ['a half goes up to the even', 3, 'EUR', 'INR', '0.5', 2],
  ['half of one is nothing', 1, 'EUR', 'INR', '0.5', 0],
  ['just above a half goes up', 5, 'EUR', 'INR', '0.5000001', 3],
  ['just below a half goes down', 3, 'EUR', 'INR', '0.4999999', 1],
  ['a rate without decimals', 7, 'EUR', 'INR', '90', 630],
  ['a rate that double arithmetic gets wrong: 1.005 x 1000 is 1005', 1_000, 'EUR', 'INR', '1.005', 1_005],
  ['every digit of a large amount counts', largest - 1, 'EUR', 'INR', '0.5', (largest - 1) / 2],
  ['2^53-1 is reached', largest, 'EUR', 'INR', '1', largest],
  ['beyond 2^53-1 reads 2^53-1', largest, 'EUR', 'INR', '1.0000000000000002', largest],
  ['far beyond too', largest, 'EUR', 'INR', '90.7', largest],
])('%s', (_, amountMinor, currency, base, rate, expected) => {
  expect(toBaseMinor(amountMinor, currency, base, { [currency]: rate })).toBe(expected);
});

test.each([
  ['without a rate', 'EUR', 'INR', { USD: '83' }],
  ['for a rate that is only inherited', 'EUR', 'INR', Object.create({ EUR: '90' }) as Record<string, string>],
  ['for a currency without a minor unit', 'XAU', 'INR', { XAU: '90' }],
  ['for a base without a minor unit', 'EUR', 'XAU', { EUR: '90' }],
  ['for a name every object has', 'constructor', 'INR', {}],
])('is null %s', (_, currency, base, rates) => {
  expect(toBaseMinor(100, currency, base, rates)).toBeNull();
});

test('is the nearest minor unit to amount x rate, an even one of two', () => {
  const currency = fc.constantFrom('EUR', 'JPY', 'KWD', 'CLF');
  const digits = fc.integer({ min: 1, max: 10 ** 9 });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10 ** 12 }),
      currency,
      currency,
      digits,
      fc.nat(9),
      (amount, from, to, rate, decimals) => {
        fc.pre(from !== to);
        const text = (rate / 10 ** decimals).toFixed(decimals);
        const numerator = BigInt(amount) * BigInt(text.replace('.', '')) * 10n ** BigInt(currencyExponents[to]!);
        const denominator = 10n ** BigInt(decimals + currencyExponents[from]!);
        const result = BigInt(toBaseMinor(amount, from, to, { [from]: text })!);
        if (result === BigInt(largest)) return;
        const twiceOff = 2n * (result * denominator - numerator);
        const distance = twiceOff < 0n ? -twiceOff : twiceOff;
        expect(distance < denominator || (distance === denominator && result % 2n === 0n)).toBe(true);
      },
    ),
  );
});
