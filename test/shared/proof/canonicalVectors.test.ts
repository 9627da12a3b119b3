import canonicalize from 'canonicalize';
import { describe, expect, it } from 'vitest';

/**
 * The vectors of RFC 8785 before the package `canonicalize`. Every hash and seal is over its text, so that an update which writes one value
 * in another way would make what was stored unverifiable.
 */

/** Appendix B: the bits of a double, and its text. */
const numbers: readonly (readonly [bits: string, text: string])[] = [
  ['0000000000000000', '0'],
  ['8000000000000000', '0'],
  ['0000000000000001', '5e-324'],
  ['8000000000000001', '-5e-324'],
  ['7fefffffffffffff', '1.7976931348623157e+308'],
  ['ffefffffffffffff', '-1.7976931348623157e+308'],
  ['4340000000000000', '9007199254740992'],
  ['c340000000000000', '-9007199254740992'],
  ['4430000000000000', '295147905179352830000'],
  ['44b52d02c7e14af5', '9.999999999999997e+22'],
  ['44b52d02c7e14af6', '1e+23'],
  ['44b52d02c7e14af7', '1.0000000000000001e+23'],
  ['444b1ae4d6e2ef4e', '999999999999999700000'],
  ['444b1ae4d6e2ef4f', '999999999999999900000'],
  ['444b1ae4d6e2ef50', '1e+21'],
  ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
  ['3eb0c6f7a0b5ed8d', '0.000001'],
  ['41b3de4355555553', '333333333.3333332'],
  ['41b3de4355555554', '333333333.33333325'],
  ['41b3de4355555555', '333333333.3333333'],
  ['41b3de4355555556', '333333333.3333334'],
  ['41b3de4355555557', '333333333.33333343'],
  ['becbf647612f3696', '-0.0000033333333333333333'],
  ['43143ff3c1cb0959', '1424953923781206.2'],
];

const doubleOf = (bits: string): number => Buffer.from(bits, 'hex').readDoubleBE();

describe('a number', () => {
  it.each(numbers)('with the bits %s is written %s', (bits, text) => {
    expect(canonicalize(doubleOf(bits))).toBe(text);
    expect(canonicalize([doubleOf(bits)])).toBe(`[${text}]`);
  });

  it.each(['7fffffffffffffff', '7ff0000000000000', 'fff0000000000000'])('with the bits %s has no text', (bits) => {
    expect(() => canonicalize([doubleOf(bits)])).toThrow();
  });
});

it('the example of section 3.2.2 has the bytes of section 3.2.4', () => {
  const given = String.raw`{
    "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
    "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
    "literals": [null, true, false]
  }`;
  const bytes = [
    '7b226c69746572616c73223a5b6e756c6c2c747275652c66616c73655d2c226e',
    '756d62657273223a5b3333333333333333332e333333333333332c31652b3330',
    '2c342e352c302e3030322c31652d32375d2c22737472696e67223a22e282ac24',
    '5c75303030665c6e4127425c225c5c5c5c5c222f227d',
  ].join('');
  expect(Buffer.from(canonicalize(JSON.parse(given))!).toString('hex')).toBe(bytes);
});

it('the keys of section 3.2.3 are sorted by UTF-16 code units', () => {
  const given = {
    '\u20ac': 'Euro Sign',
    '\r': 'Carriage Return',
    '\ufb33': 'Hebrew Letter Dalet With Dagesh',
    '1': 'One',
    '\ud83d\ude00': 'Emoji: Grinning Face',
    '\u0080': 'Control',
    '\u00f6': 'Latin Small Letter O With Diaeresis',
  };
  const sorted = [...canonicalize(given)!.matchAll(/:"([^"]+)"/g)].map(([, value]) => value);
  expect(sorted).toEqual([
    'Carriage Return',
    'One',
    'Control',
    'Latin Small Letter O With Diaeresis',
    'Euro Sign',
    'Emoji: Grinning Face',
    'Hebrew Letter Dalet With Dagesh',
  ]);
});

describe('text', () => {
  it.each([
    ['of the five short escapes', '\b\t\n\f\r', String.raw`"\b\t\n\f\r"`],
    ['of other control characters has lower-case hex', '\u0000\u000b\u001f', String.raw`"\u0000\u000b\u001f"`],
    ['of quote and backslash is escaped, a slash is not', '"\\/', String.raw`"\"\\/"`],
    ['beyond the controls stands as it is', '\u007f\u0080\u2028\u2029', '"\u007f\u0080\u2028\u2029"'],
    ['is not normalised', 'A\u030a', '"A\u030a"'],
  ])('%s', (_sentence, text, expected) => expect(canonicalize(text)).toBe(expected));

  it.each(['\ud800', 'a\udc00', '\ude00\ud83d'])('with a lone surrogate has no form: %j', (text) => {
    expect(() => canonicalize({ text })).toThrow();
    expect(() => canonicalize({ [text]: 1 })).toThrow();
  });
});

describe('beyond the RFC, the code relies on it that', () => {
  it.each([
    ['a field without a value is left out', { b: 1, a: undefined }, '{"b":1}'],
    ['an element without a value is null', [undefined], '[null]'],
    ['the order of arrays is kept, inside sorted objects', { b: [3, 1, 2], a: {} }, '{"a":{},"b":[3,1,2]}'],
    ['keys that look like indexes are sorted as text', { 10: 1, 9: 2, 1: 3 }, '{"1":3,"10":1,"9":2}'],
    [
      'a key of the language is a key as any other',
      JSON.parse('{"__proto__":1,"constructor":2}'),
      '{"__proto__":1,"constructor":2}',
    ],
  ])('%s', (_sentence, value, expected) => expect(canonicalize(value)).toBe(expected));

  it('nothing at all has no text', () => expect(canonicalize(undefined)).toBeUndefined());

  it('a 64-bit integer of JavaScript is refused', () => expect(() => canonicalize({ a: 1n })).toThrow());
});
