import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteReader, ByteWriter, listOf } from '../../../shared/domain/bytes.ts';
import { round16 } from '../../../shared/domain/round.ts';

const written = (write: (writer: ByteWriter) => unknown): Uint8Array => {
  const writer = new ByteWriter();
  write(writer);
  return writer.finish();
};

const largest = Number.MAX_SAFE_INTEGER;

describe('what is written is read back', () => {
  const kinds = {
    unsigned: fc.oneof(fc.nat(300), fc.maxSafeNat(), fc.constantFrom(0, 127, 128, 16_383, 16_384, 2 ** 32, largest)),
    signed: fc.oneof(
      fc.integer(),
      fc.integer({ min: -(2 ** 52), max: 2 ** 52 - 1 }),
      fc.constantFrom(0, -1, 63, -64, -(2 ** 52), 2 ** 52 - 1),
    ),
    byte: fc.nat(255),
    fixed32: fc.nat(0xffffffff),
    double: fc.double(),
    float: fc.float(),
    bytes: fc.uint8Array({ maxLength: 300 }),
    text: fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }), fc.string()),
    number: fc.oneof(
      fc.constant(null),
      fc.integer(),
      fc.maxSafeInteger(),
      fc.double({ noNaN: true }),
      fc.integer().map((n) => n / 10_000),
      fc.constantFrom(0, -0, 2 ** 51, 2 ** 51 + 1, -(2 ** 51), 0.1, 0.00001, 1e300, 5e-324),
    ),
  } as const;

  test.each(Object.keys(kinds) as (keyof typeof kinds)[])('%s', (kind) => {
    fc.assert(
      fc.property(kinds[kind] as fc.Arbitrary<unknown>, (value) => {
        const bytes = written((writer) => (writer[kind] as (given: unknown) => unknown)(value));
        const reader = new ByteReader(bytes);
        expect(reader[kind]()).toEqual(value);
        expect(reader.done).toBe(true);
      }),
    );
  });

  test('any mixture, far beyond the first kilobyte, from the middle of a larger buffer', () => {
    const part = fc
      .constantFrom(...(Object.keys(kinds) as (keyof typeof kinds)[]))
      .chain((kind) => (kinds[kind] as fc.Arbitrary<unknown>).map((value) => ({ kind, value })));
    fc.assert(
      fc.property(fc.array(part, { maxLength: 200, size: 'max' }), (parts) => {
        const bytes = written((writer) => {
          for (const { kind, value } of parts) (writer[kind] as (given: unknown) => unknown)(value);
        });
        const larger = new Uint8Array(bytes.length + 7);
        larger.set(bytes, 3);
        const reader = new ByteReader(larger.subarray(3, 3 + bytes.length));
        for (const { kind, value } of parts) expect(reader[kind]()).toEqual(value);
        expect(reader.done).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  test('bytes longer than a doubled buffer', () => {
    const long = Uint8Array.from({ length: 10_000 }, (_, i) => i % 251);
    expect(new ByteReader(written((writer) => writer.byte(1).raw(long))).raw(1)).toEqual(Uint8Array.of(1));
    expect(new ByteReader(written((writer) => writer.bytes(long))).bytes()).toEqual(long);
    const text = 'x'.repeat(9_000);
    expect(new ByteReader(written((writer) => writer.text(text))).text()).toBe(text);
  });
});

describe('at the end of its room a writer takes more', () => {
  const values = {
    byte: 255,
    unsigned: largest,
    signed: -1,
    fixed32: 0xffffffff,
    double: Math.PI,
    float: 0.5,
    float24: 0.5,
    bytes: Uint8Array.of(1, 2, 3),
    text: 'aé漢',
    number: 0.1,
  } as const;
  const aroundRoom = Array.from({ length: 12 }, (_, i) => new Uint8Array(1024 - i).fill(7));

  test.each(Object.entries(values) as [keyof typeof values, unknown][])('for a %s', (kind, value) => {
    for (const before of aroundRoom) {
      const bytes = written((writer) => (writer.raw(before)[kind] as (given: unknown) => ByteWriter)(value).byte(9));
      const reader = new ByteReader(bytes);
      expect(reader.raw(before.length)).toEqual(before);
      expect(reader[kind]()).toEqual(value);
      expect(reader.done).toBe(false);
      expect(reader.byte()).toBe(9);
      expect(reader.done).toBe(true);
    }
  });

  test('for hex', () => {
    for (const before of aroundRoom) {
      const reader = new ByteReader(written((writer) => writer.raw(before).hex('00ff7f80')));
      reader.raw(before.length);
      expect(reader.hex(4)).toBe('00ff7f80');
    }
  });
});

describe('the room it takes', () => {
  test.each([
    [0, 1],
    [127, 1],
    [128, 2],
    [16_383, 2],
    [16_384, 3],
    [2 ** 28 - 1, 4],
    [2 ** 28, 5],
    [2 ** 35 - 1, 5],
    [2 ** 35, 6],
    [2 ** 42, 7],
    [2 ** 49, 8],
    [largest, 8],
  ])('%d takes %d bytes', (value, length) => {
    const bytes = written((writer) => writer.unsigned(value));
    expect(bytes.length).toBe(length);
    expect(new ByteReader(bytes).unsigned()).toBe(value);
  });

  test.each([
    ['null', null, 1],
    ['a small integer', 7, 2],
    ['a negative one', -7, 2],
    ['4 decimals', 0.0042, 2],
    ['more decimals', 0.00421, 9],
    ['2^51', 2 ** 51, 9],
    ['beyond 2^51', 2 ** 51 + 1, 9],
  ])('a number that is %s', (_, value, length) => {
    expect(written((writer) => writer.number(value)).length).toBe(length);
  });

  test.each([
    ['none', null, 0],
    ['an integer', 2 ** 51, 1],
    ['an integer below zero', -(2 ** 51), 1],
    ['4 decimals', 2 ** 51 / 10_000, 2],
    ['4 decimals below zero', -(2 ** 51) / 10_000, 2],
    ['any double', 2 ** 51 + 1, 3],
    ['any double below zero', -(2 ** 51) - 1, 3],
    ['any double with decimals', (2 ** 51 + 10) / 10_000, 3],
    ['-0', -0, 3],
  ])('a number begins with its kind: %s', (_, value, kind) => {
    expect(written((writer) => writer.number(value))[0]).toBe(kind);
  });

  test('a text in UTF-8 takes what UTF-8 takes', () => {
    for (const text of [
      'a',
      'aé',
      '\u007fé',
      'é',
      '漢',
      '😀',
      '\u0080',
      '\u07ff',
      '\u0800',
      '\uffff',
      '\u{10000}',
      '\u{10ffff}',
    ]) {
      const bytes = written((writer) => writer.text(text));
      expect(bytes.slice(1)).toEqual(new Uint8Array(Buffer.from(text)));
    }
  });
});

describe('what is refused', () => {
  test.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, largest + 1])('%d is not unsigned', (value) => {
    expect(() => new ByteWriter().unsigned(value)).toThrow(`not an unsigned safe integer: ${value}`);
  });

  test.each(['byte', 'unsigned', 'signed', 'float24', 'bytes', 'text', 'number'] as const)('a %s from no bytes', (kind) => {
    expect(() => new ByteReader(new Uint8Array(0))[kind]()).toThrow(new RangeError('the bytes end too early'));
  });

  test.each(['fixed32', 'double', 'float'] as const)('a %s from no bytes', (kind) => {
    expect(() => new ByteReader(new Uint8Array(0))[kind]()).toThrow(RangeError);
  });

  test.each([1, 2, 3, 4, 5])('an integer that ends after %d bytes', (count) => {
    expect(() => new ByteReader(new Uint8Array(count).fill(200)).unsigned()).toThrow('the bytes end too early');
  });

  test('bytes that end before their length', () => {
    expect(() => new ByteReader(Uint8Array.of(3, 1, 2)).bytes()).toThrow('the bytes end too early');
    expect(() => new ByteReader(Uint8Array.of(3, 97, 98)).text()).toThrow('the bytes end too early');
    expect(() => new ByteReader(Uint8Array.of(1, 2)).raw(3)).toThrow('the bytes end too early');
    expect(new ByteReader(Uint8Array.of(1, 2)).raw(2)).toEqual(Uint8Array.of(1, 2));
  });

  test('an integer beyond 2^53-1', () => {
    expect(() => new ByteReader(Uint8Array.of(128, 128, 128, 128, 128, 128, 128, 16)).unsigned()).toThrow('too large');
    expect(() => new ByteReader(new Uint8Array(9).fill(128)).unsigned()).toThrow('too long');
    expect(() => new ByteReader(new Uint8Array(9).fill(128, 0, 8)).unsigned()).toThrow('too long');
  });

  test('an unknown kind of number', () => {
    expect(() => new ByteReader(Uint8Array.of(4, 0)).number()).toThrow('unknown kind of number: 4');
  });
});

describe('hex', () => {
  test('is lower-case, two digits a byte, and read back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const text = Buffer.from(bytes).toString('hex');
        expect(written((writer) => writer.hex(text))).toEqual(bytes);
        expect(new ByteReader(bytes).hex(bytes.length)).toBe(text);
      }),
    );
  });

  test.each(['0G', 'AB', '0', 'abc', '0x', ' 0', 'é0', '/0', ':0', '`0', 'g0'])('%s is refused', (text) => {
    expect(() => new ByteWriter().hex(text)).toThrow('not lower-case hex');
  });

  test('ends before its length', () => {
    expect(() => new ByteReader(Uint8Array.of(1, 2)).hex(3)).toThrow('the bytes end too early');
  });
});

describe('single precision without its last byte', () => {
  test('takes 3 bytes and is read back', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true }), (value) => {
        const short = round16(value);
        const bytes = written((writer) => writer.byte(7).float24(short).byte(9));
        expect(bytes.length).toBe(5);
        const reader = new ByteReader(bytes);
        expect([reader.byte(), reader.float24(), reader.byte()]).toEqual([7, short, 9]);
      }),
    );
  });

  test('ends before its length', () => {
    expect(() => new ByteReader(Uint8Array.of(1, 2)).float24()).toThrow('the bytes end too early');
  });
});

describe('a finished writer', () => {
  test('leaves its bytes alone whatever is written afterwards, by itself or by others', () => {
    const first = new ByteWriter();
    const bytes = first.byte(1).text('first').finish();
    const second = new ByteWriter();
    second.byte(2).text('second');
    first.byte(3).text('again');
    expect(bytes).toEqual(Uint8Array.of(1, 5, ...Buffer.from('first')));
    expect(second.finish()).toEqual(Uint8Array.of(2, 6, ...Buffer.from('second')));
    expect(first.finish()).toEqual(Uint8Array.of(3, 5, ...Buffer.from('again')));
  });
});

test.each([
  [0, []],
  [1, [0]],
  [3, [0, 10, 20]],
])('a list of %d is read one after another', (count, list) => {
  expect(listOf(count, (index) => index * 10)).toEqual(list);
});
