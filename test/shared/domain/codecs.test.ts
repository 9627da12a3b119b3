import { describe, expect, test } from 'vitest';
import { ByteReader, ByteWriter } from '../../../shared/domain/bytes.ts';
import {
  byte,
  bytes,
  copied,
  double,
  fixed,
  fixed32,
  float,
  float24,
  hex,
  json,
  list,
  little16,
  number,
  numberOrNull,
  orNull,
  perName,
  raw,
  record,
  signed,
  text,
  unsigned,
} from '../../../shared/domain/codecs.ts';
import { causes } from '../../../shared/domain/decision.ts';
import { type Codec, fieldsOf } from '../../../shared/domain/fields.ts';
import { knownLayout } from '../../../shared/domain/knownNames.ts';
import { signalNames } from '../../../shared/domain/signals/names.ts';

const write = <Value>(codec: Codec<Value>, value: Value): Uint8Array => {
  const writer = new ByteWriter();
  codec.write(writer, value, {}, knownLayout);
  return writer.finish();
};

const read = <Value>(codec: Codec<Value>, from: Uint8Array): Value => codec.read(new ByteReader(from), {}, knownLayout);

const of = fieldsOf<{ readonly name: string; readonly size: number }>();

describe('a value', () => {
  test.each<[string, Codec<never>, unknown, number[]]>([
    ['text', text as never, 'ab', [2, 97, 98]],
    ['unsigned', unsigned as never, 200, [200, 1]],
    ['signed', signed as never, -3, [5]],
    ['byte', byte as never, 255, [255]],
    ['fixed32', fixed32 as never, 258, [2, 1, 0, 0]],
    ['little16', little16 as never, 258, [2, 1]],
    ['a fixed number', fixed(2, byte) as never, [5, 6], [5, 6]],
    ['double', double as never, 2, [0, 0, 0, 0, 0, 0, 0, 64]],
    ['float', float as never, 2, [0, 0, 0, 64]],
    ['float24', float24 as never, 2, [64, 0, 0]],
    ['bytes', bytes as never, Uint8Array.of(7, 8), [2, 7, 8]],
    ['number', number as never, 4, [1, 8]],
    ['numberOrNull of none', numberOrNull as never, null, [0]],
    ['numberOrNull', numberOrNull as never, 4, [1, 8]],
    ['hex', hex(2) as never, '0aff', [10, 255]],
    ['raw', raw(2) as never, Uint8Array.of(7, 8), [7, 8]],
    ['copied', copied(2) as never, Uint8Array.of(7, 8), [7, 8]],
    ['json', json() as never, { a: 1 }, [7, 123, 34, 97, 34, 58, 49, 125]],
    ['list', list(byte) as never, [5, 6], [2, 5, 6]],
    ['a list whose length is written otherwise', list(byte, signed) as never, [5, 6], [4, 5, 6]],
    ['one of each name', perName('causes', byte) as never, causes.map((_, i) => i), causes.map((_, i) => i)],
    ['a record', record([of.field('name', text), of.field('size', byte)]) as never, { name: 'a', size: 9 }, [1, 97, 9]],
    ['null', orNull(byte) as never, null, [0]],
    ['no null', orNull(byte) as never, 9, [1, 9]],
  ])('%s is so many bytes, and reads back', (_, codec, value, expected) => {
    expect(Array.from(write(codec, value as never))).toEqual(expected);
    expect(read(codec, Uint8Array.from(expected))).toEqual(value);
  });

  test.each<[string, () => unknown, string]>([
    ['hex of another length', () => write(hex(2), '0aff0a'), '6 characters of hex, 4 expected'],
    ['bytes of another length', () => write(raw(2), Uint8Array.of(1)), '1 bytes, 2 expected'],
    ['another number of values', () => write(fixed(2, byte), [1]), '1 values, 2 expected'],
    ['values for other names', () => write(perName('signals', byte), [1]), `1 values for ${signalNames.length} signals`],
    ['a number that is missing', () => read(number, Uint8Array.of(0)), 'a number is missing'],
  ])('%s is refused', (_, act, message) => {
    expect(act).toThrow(new RangeError(message));
  });

  test('bytes that are copied outlive what they were read from', () => {
    const from = Uint8Array.of(7, 8);
    const [view, copy] = [read(raw(2), from), read(copied(2), from)];
    from.fill(0);
    expect([Array.from(view), Array.from(copy)]).toEqual([
      [0, 0],
      [7, 8],
    ]);
  });
});
