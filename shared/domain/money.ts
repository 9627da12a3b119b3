import { currencyExponents } from './currency.ts';

const amountMax = Number.MAX_SAFE_INTEGER;

/**
 * An amount in the minor units of the base currency: `amount / 10^exponent x rate x 10^baseExponent`, rounded half to even, at most
 * 2^53-1. `rates` are units of the base currency for one unit of the other, as decimal text. Null without a rate.
 */
export function toBaseMinor(
  amountMinor: number,
  currency: string,
  baseCurrency: string,
  rates: Readonly<Record<string, string>>,
): number | null {
  if (currency === baseCurrency) return amountMinor;
  const rate = Object.hasOwn(rates, currency) ? rates[currency] : undefined;
  const exponent = currencyExponents[currency];
  const baseExponent = currencyExponents[baseCurrency];
  if (rate === undefined || exponent === undefined || baseExponent === undefined) return null;
  const point = rate.indexOf('.');
  const decimals = point < 0 ? 0 : rate.length - point - 1;
  const digits = BigInt(point < 0 ? rate : rate.slice(0, point) + rate.slice(point + 1));
  let numerator = BigInt(amountMinor) * digits;
  let shift = decimals + exponent - baseExponent;
  if (shift < 0) {
    numerator *= 10n ** BigInt(-shift);
    shift = 0;
  }
  const divisor = 10n ** BigInt(shift);
  const quotient = numerator / divisor;
  const twiceRest = 2n * (numerator % divisor);
  const up = twiceRest > divisor || (twiceRest === divisor && quotient % 2n === 1n);
  const minor = up ? quotient + 1n : quotient;
  return minor > BigInt(amountMax) ? amountMax : Number(minor);
}
