import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonFault, JsonNumber, maximumDepth, parseJson, toPlain } from '../../../shared/contract/json.ts';

const plain = (text: string): unknown => toPlain(parseJson(text));

const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

describe('strict JSON', () => {
  it('reads every document as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 8 }), fc.constantFrom(undefined, 1, '\t'), (text, indent) => {
        const expected: unknown = JSON.parse(text);
        fc.pre(!text.includes('__proto__'));
        expect(plain(JSON.stringify(expected, null, indent))).toEqual(expected);
      }),
    );
  });

  it('reads every string as JSON.parse does, whatever is escaped', () => {
    const escaped = (text: string): string =>
      `"${Array.from({ length: text.length }, (_, i) => `\\u${text.charCodeAt(i).toString(16).padStart(4, '0')}`).join('')}"`;
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        fc.pre(text.isWellFormed());
        expect(plain(JSON.stringify(text))).toBe(text);
        expect(plain(escaped(text))).toBe(text);
      }),
    );
  });

  it('refuses every text that JSON.parse refuses, and accepts no other than it', () => {
    const alphabet = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '"',
      ':',
      ',',
      '1',
      '0',
      '-',
      '.',
      'e',
      '+',
      'a',
      '\\',
      'u',
      ' ',
      'null',
      'true',
      '\n',
    );
    fc.assert(
      fc.property(fc.array(alphabet, { maxLength: 8 }), (parts) => {
        const text = parts.join('');
        const accepts = (parse: (text: string) => unknown): boolean => {
          try {
            parse(text);
            return true;
          } catch {
            return false;
          }
        };
        expect(accepts(parseJson)).toBe(accepts(JSON.parse));
      }),
      { numRuns: 5_000 },
    );
  });

  it('keeps the text of a number', () => {
    for (const text of ['0', '-0', '1.0', '1e3', '123456789012345678901234567890', '-1.5E-7']) {
      expect(parseJson(text)).toEqual(new JsonNumber(text));
    }
  });

  it.each([
    ['a byte order mark', '\ufeff{}', 'byte order mark'],
    ['a duplicate key', '{"a":1,"a":2}', 'twice'],
    ['a duplicate key written with an escape', '{"a":1,"\\u0061":2}', 'twice'],
    ['a duplicate key in an inner object', '[{"x":{"a":1,"a":1}}]', 'twice'],
    ['the key __proto__', '{"__proto__":{}}', '__proto__'],
    ['the key __proto__ written with an escape', '{"\\u005f_proto__":1}', '__proto__'],
    ['an escaped lone high surrogate', '"\\ud83d"', 'surrogate'],
    ['an escaped lone low surrogate', '"\\ude00x"', 'surrogate'],
    ['surrogates in the wrong order', '"\\ude00\\ud83d"', 'surrogate'],
    ['a written lone surrogate', '"\ud83d"', 'surrogate'],
    ['a lone surrogate in a key', '{"\\ud800":1}', 'surrogate'],
    ['a level too many', nested(maximumDepth + 1), `more than ${maximumDepth} levels`],
    ['a level too many of objects', `${'{"a":'.repeat(17)}1${'}'.repeat(17)}`, 'more than 16 levels'],
    ['nothing', '', 'too early'],
    ['white space only', ' \n', 'too early'],
    ['a comment', '{} // x', 'more text'],
    ['a trailing comma', '[1,]', 'a value was expected'],
    ['NaN', 'NaN', 'a value was expected'],
    ['a leading zero', '01', 'more text'],
    ['a leading plus', '+1', 'a value was expected'],
    ['a number ending in a dot', '1.', 'a digit'],
    ['a hexadecimal number', '0x10', 'more text'],
    ['single quotes', "{'a':1}", 'a key in quotes'],
    ['a raw line break in a string', '"a\nb"', 'control character'],
    ['a string that does not end', '"abc', 'ends within a string'],
    ['a non-breaking space around', '\u00a01', 'a value was expected'],
  ])('refuses %s', (_, text, reason) => {
    expect(() => parseJson(text)).toThrow(JsonFault);
    expect(() => parseJson(text)).toThrow(reason);
  });

  it('takes the deepest allowed document', () => {
    expect(plain(nested(maximumDepth))).toEqual(JSON.parse(nested(maximumDepth)));
  });

  it('counts levels inside one another, not beside', () => {
    const beside = `[${Array.from({ length: 40 }, () => '{"a":[]}').join(',')}]`;
    expect(plain(beside)).toEqual(JSON.parse(beside));
  });

  it('takes a surrogate pair written in one escape each', () => {
    expect(plain('"\\ud83d\\ude00"')).toBe('\u{1f600}');
  });

  it('names the place and does not repeat the text', () => {
    expect(() => parseJson('{"card":"4111111111111111" x}')).toThrow(
      'not JSON at character 28: a comma or closing brace was expected',
    );
  });

  it('gives objects without a prototype', () => {
    expect(Object.getPrototypeOf(plain('{"constructor":1}'))).toBeNull();
  });
});
