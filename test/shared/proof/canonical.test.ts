import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalText, isCanonical, readBody } from '../../../shared/proof/canonical.ts';

const isCanonicalText = (text: string): boolean => isCanonical(Buffer.from(text));

describe('the test for canonical JSON', () => {
  it.each([
    ['an object with sorted keys', '{"a":1,"b":[true,false,null],"c":{"d":"e"}}'],
    ['empty containers', '{"a":[],"b":{}}'],
    ['numbers as ECMAScript prints them', '[0,-1,0.1,1e+21,1e-7,333333333.3333333,9007199254740991,-1.5,5e-324]'],
    ['fractions', '[0.000001,-0.5,123456789.012345,0.1234567890123456,1.5e-9]'],
    ['the short escapes', '["\\b\\t\\n\\f\\r\\"\\\\"]'],
    ['the long escapes in lower case', '["\\u0000\\u001f\\u000b"]'],
    ['text beyond ASCII as it is', '["\u20ac\ud83d\ude00\u2028"]'],
    ['keys beyond ASCII by UTF-16 code units', '{"\ud83d\ude00":1,"\ufb33":2}'],
    ['keys that look like indexes', '{"1":1,"10":2,"9":3}'],
    ['a key that is a part of the next', '{"a":1,"ab":2}'],
  ])('accepts %s', (_, text) => expect(isCanonicalText(text)).toBe(true));

  it.each([
    ['unsorted keys', '{"b":1,"a":2}'],
    ['a key that comes twice', '{"a":1,"a":2}'],
    ['white space', '{"a": 1}'],
    ['white space after', '{"a":1} '],
    ['a number with a plus in front', '[+1]'],
    ['a number with leading zeros', '[01]'],
    ['minus zero', '[-0]'],
    ['a fraction with trailing zeros', '[1.0]'],
    ['a fraction below a millionth without exponent', '[0.0000001]'],
    ['a fraction with leading zeros', '[00.5]'],
    ['a fraction without digits', '[1.]'],
    ['a fraction beyond the doubles', '[0.12345678901234567890]'],
    ['minus zero with a fraction', '[-0.0]'],
    ['an integer with an exponent', '[1e3]'],
    ['an integer beyond the doubles', '[9007199254740993]'],
    ['an escaped slash', '["\\/"]'],
    ['an escape in capitals', '["\\u001F"]'],
    ['a short escape written long', '["\\u000a"]'],
    ['an escaped letter', '["\\u0061"]'],
    ['a raw control character', '["\u0001"]'],
    ['a lone surrogate', '["\\ud800"]'],
    ['a comma too many', '[1,]'],
    ['a bracket too few', '[1'],
    ['two values', '{}{}'],
    ['nothing', ''],
    ['a word that is none', 'nulll'],
    ['a string without its end', '"abc'],
    ['depth without end', '['.repeat(100_000)],
  ])('refuses %s', (_, text) => expect(isCanonicalText(text)).toBe(false));

  it('refuses bytes that are not UTF-8', () => expect(isCanonical(Buffer.from('5b22ff225d', 'hex'))).toBe(false));

  it('accepts the canonical form of any JSON value, and only that', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const plain = JSON.stringify(value);
        const canonical = canonicalText(JSON.parse(plain));
        return isCanonicalText(canonical) && isCanonicalText(plain) === (plain === canonical);
      }),
      { numRuns: 500 },
    );
  });

  it('agrees with the library on any bytes near JSON', () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '"a"',
      '"b":',
      '1',
      '-',
      '0',
      '.5',
      'e',
      'true',
      'null',
      '\\',
      'u00',
      ' ',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const text = pieces.join('');
        let expected = false;
        try {
          expected = canonicalize(JSON.parse(text)) === text;
        } catch {
          expected = false;
        }
        return isCanonicalText(text) === expected;
      }),
      { numRuns: 3_000 },
    );
  });
});

describe('numbers', () => {
  it('are canonical exactly when ECMAScript prints them so', () => {
    const digits = fc.array(fc.constantFrom('0', '1', '5', '9'), { maxLength: 18 }).map((all) => all.join(''));
    const sign = fc.constantFrom('', '-');
    fc.assert(
      fc.property(sign, digits, fc.constantFrom('', '.'), digits, fc.constantFrom('', 'e-9', 'e+22'), (...pieces) => {
        const text = pieces.join('');
        return isCanonicalText(text) === (text !== '' && Number.isFinite(Number(text)) && String(Number(text)) === text);
      }),
      { numRuns: 5_000 },
    );
  });
});

describe('reading a body', () => {
  it.each([
    ['plain fields', { at: '2026-11-20T10:00:00Z', chain: 'c', previousHash: 'p', sequence: 7, z: { chain: 'inner' } }],
    ['escapes in a field', { at: 'a\n', chain: '"c"', previousHash: '\u20ac', sequence: 1 }],
    ['keys beyond ASCII', { at: 'a', chain: 'c', previousHash: 'p', sequence: 1, '\u20ac': 1 }],
  ])('gives the fields of the top level: %s', (_, body) => {
    const { at, chain, previousHash, sequence } = body;
    expect(readBody(Buffer.from(canonicalText(body)))).toEqual({ at, chain, previousHash, sequence });
  });
  it('leaves out a field of another kind', () => {
    const body = { at: 1, chain: null, previousHash: ['p'], sequence: '1' };
    const none = { at: undefined, chain: undefined, previousHash: undefined, sequence: undefined };
    expect(readBody(Buffer.from(canonicalText(body)))).toEqual(none);
  });
  it.each(['', '{', '[', '"', 'x', '{"b":1,"a":2}'])('gives nothing for %j', (text) => {
    expect(readBody(Buffer.from(text))).toBeNull();
  });
});
