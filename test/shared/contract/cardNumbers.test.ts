import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasCardNumber, maskCardNumbers } from '../../../shared/contract/cardNumbers.ts';

const visa = '4111111111111111';

/** The digit that makes the number valid by Luhn, by the textbook's steps. */
function withCheckDigit(digits: string): string {
  const sum = [...digits].reverse().reduce((total, digit, i) => {
    const doubled = Number(digit) * (i % 2 === 0 ? 2 : 1);
    return total + Math.floor(doubled / 10) + (doubled % 10);
  }, 0);
  return digits + String((10 - (sum % 10)) % 10);
}

const cards = fc
  .constantFrom(
    ['4', 13],
    ['4', 16],
    ['4', 19],
    ['51', 16],
    ['2221', 16],
    ['34', 15],
    ['6011', 16],
    ['36', 14],
    ['3528', 16],
    ['62', 19],
  )
  .chain(([prefix, length]) =>
    fc
      .stringMatching(new RegExp(`^[0-9]{${Number(length) - String(prefix).length - 1}}$`))
      .map((middle) => withCheckDigit(`${prefix}${middle}`)),
  );

const inDigitsOf = (first: number, digits: string): string =>
  [...digits].map((digit) => String.fromCodePoint(first + Number(digit))).join('');

describe('card numbers', () => {
  it.each([
    ['Visa', visa],
    ['Visa of 13 digits', '4222222222222'],
    ['Mastercard', '5555555555554444'],
    ['Mastercard of the second series', '2223003122003222'],
    ['American Express', '378282246310005'],
    ['Diners Club', '30569309025904'],
    ['Discover', '6011111111111117'],
    ['JCB', '3530111333300000'],
    ['UnionPay', '6200000000000005'],
    ['Maestro', '6759649826438453'],
    ['groups with spaces', '4111 1111 1111 1111'],
    ['groups with dashes', '4111-1111-1111-1111'],
    ['groups of single digits', [...visa].join(' ')],
    ['an en dash', '4111\u20131111\u20131111\u20131111'],
    ['a non-breaking space', '4111\u00a01111\u00a01111\u00a01111'],
    ['text around', `card: ${visa}.`],
    ['an underscore before', `txn_${visa}`],
    ['Arabic-Indic digits', inDigitsOf(0x660, visa)],
    ['Devanagari digits', inDigitsOf(0x966, visa)],
    ['digits of Myanmar Eastern Pwo Karen, a block right after another one', inDigitsOf(0x116da, visa)],
    ['full-width digits', inDigitsOf(0xff10, visa)],
    ['mathematical bold digits', inDigitsOf(0x1d7ce, visa)],
    ['mixed scripts', `4111${inDigitsOf(0x966, '11111111')}1111`],
    ['circled digits', [...visa].map((digit) => String.fromCodePoint(0x245f + Number(digit))).join('')],
    ['another number before, a space between', `2026 ${visa}`],
    ['another number after, a dash between', `${visa}-12-27`],
  ])('sees %s', (_, text) => {
    expect(hasCardNumber(text)).toBe(true);
    expect(hasCardNumber(maskCardNumbers(text))).toBe(false);
  });

  it.each([
    ['a number that fails Luhn', '4111111111111112'],
    ['no issuer prefix', '9111111111111114'],
    ['12 digits', '411111111116'],
    ['20 digits', '41111111111111111111'],
    ['a letter before', `x${visa}`],
    ['a letter after', `${visa}x`],
    ['a letter of another script before', `\u0436${visa}`],
    ['two spaces within', '4111  1111 1111 1111'],
    ['dots within', '4111.1111.1111.1111'],
    ['a time', '2026-11-20T13:45:00.000+05:30'],
    ['a UUID', '3f2504e0-4f89-41d3-9a0c-0305e82c3301'],
    ['the empty text', ''],
  ])('sees none in %s', (_, text) => {
    expect(hasCardNumber(text)).toBe(false);
    expect(maskCardNumbers(text)).toBe(text);
  });

  it('sees every generated card in any company of separators', () => {
    fc.assert(
      fc.property(cards, fc.constantFrom('', ' ', '-'), fc.integer({ min: 1, max: 6 }), (card, separator, size) => {
        const written = card.match(new RegExp(`.{1,${size}}`, 'g'))!.join(separator);
        expect(hasCardNumber(`<${written}>`)).toBe(true);
        expect(maskCardNumbers(`<${written}>`)).toBe(`<${written.replace(/[0-9]/g, '*')}>`);
      }),
    );
  });

  it('leaves nothing of a card in masked text, whatever is around', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), cards, fc.string({ unit: 'binary' }), (before, card, after) => {
        const masked = maskCardNumbers(`${before} ${card} ${after}`);
        expect(hasCardNumber(masked)).toBe(false);
        expect(masked).not.toContain(card);
      }),
    );
  });

  it('masks what hides in JSON escapes', () => {
    const hidden = `{"note":"\\u0034${visa.slice(1)}","other":"\\n${visa}"}`;
    expect(maskCardNumbers(hidden)).not.toMatch(/1{8}/);
  });

  it('keeps the text around a masked number', () => {
    expect(maskCardNumbers(`pay ${visa} now`)).toBe('pay **************** now');
  });

  it('refuses at most 0.1 % of random tokens of letters and digits', () => {
    const tokens = fc.sample(fc.stringMatching(/^[A-Za-z0-9]{16,32}$/), { numRuns: 20_000, seed: 1 });
    expect(tokens.filter(hasCardNumber).length).toBeLessThanOrEqual(20);
  });
});
