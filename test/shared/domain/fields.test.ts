import { describe, expect, test } from 'vitest';
import { ByteReader, ByteWriter } from '../../../shared/domain/bytes.ts';
import { number, text, unsigned } from '../../../shared/domain/codecs.ts';
import { type Field, fieldsOf, formatForAll, newestFormatOf, readFields, writeFields } from '../../../shared/domain/fields.ts';
import { knownLayout } from '../../../shared/domain/knownNames.ts';

interface Row {
  readonly name: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly note: string | null;
  readonly kind: 'a' | 'b' | 'c';
  readonly isOpen: boolean;
  readonly part: { readonly size: number; readonly isLarge: boolean; readonly added: number | null };
}

const row: Row = {
  name: 'n',
  fromMs: 100,
  toMs: 103,
  note: 'hi',
  kind: 'c',
  isOpen: true,
  part: { size: 7, isLarge: false, added: null },
};
const of = fieldsOf<Row>();
const inPart = fieldsOf<Row['part']>();

const bytesOf = (fields: readonly Field<Row>[], given: Row, format = 1): number[] => {
  const writer = new ByteWriter();
  writeFields(fields, writer, given, { ...knownLayout, format });
  return Array.from(writer.finish());
};

const readFrom = (fields: readonly Field<Row>[], bytes: readonly number[], format = 1, beside: Partial<Row> = {}): unknown =>
  readFields<Row>(fields, new ByteReader(Uint8Array.from(bytes)), beside, { ...knownLayout, format });

describe('a table of fields', () => {
  test.each<[string, Field<Row>[], number[], Partial<Row>]>([
    [
      'writes them in its order',
      [of.field('name', text), of.field('fromMs', unsigned)],
      [1, 110, 100],
      { name: 'n', fromMs: 100 },
    ],
    [
      'keeps a number as its distance from another',
      [of.field('fromMs', unsigned), of.distance('toMs', 'fromMs', unsigned)],
      [100, 3],
      { fromMs: 100, toMs: 103 },
    ],
    [
      'puts bits in one byte, the first lowest',
      [of.bits(of.flag('isOpen'), of.unused(2), of.choice('kind', ['a', 'b', 'c']))],
      [1 + (2 << 3)],
      { isOpen: true, kind: 'c' },
    ],
    ['writes what is present', [of.bits(of.present('note')), of.optional('note', text)], [1, 2, 104, 105], { note: 'hi' }],
    [
      'writes the fields of a part in its place',
      [of.inside('part', [inPart.field('size', number)]), of.field('name', text)],
      [1, 14, 1, 110],
      { part: { size: 7 } as Row['part'], name: 'n' },
    ],
    [
      'takes the bits of a part in among others',
      [of.bits(of.flag('isOpen'), of.bitsInside('part', inPart.flag('isLarge')))],
      [1],
      { isOpen: true, part: { isLarge: false } as Row['part'] },
    ],
  ])('%s', (_, fields, bytes, read) => {
    expect(bytesOf(fields, row)).toEqual(bytes);
    expect(readFrom(fields, bytes)).toEqual(read);
  });

  test('writes nothing of what is absent, and reads null', () => {
    const fields = [of.bits(of.present('note')), of.optional('note', text)];
    expect(bytesOf(fields, { ...row, note: null })).toEqual([0]);
    expect(readFrom(fields, [0])).toEqual({ note: null });
  });

  test('reads into what stands beside the bytes, and into a part of it', () => {
    const fields = [of.bits(of.bitsInside('part', inPart.flag('isLarge'))), of.inside('part', [inPart.field('size', number)])];
    const beside = { name: 'beside', part: { added: 1 } as Row['part'] };
    expect(readFrom(fields, [1, 1, 14], 1, beside)).toEqual({ name: 'beside', part: { added: 1, isLarge: true, size: 7 } });
  });

  test.each<[string, Field<Row>, number, string]>([
    ['a bit that nobody owns', of.bits(of.flag('isOpen')), 2, 'flags that are not known'],
    ['a bit that is not used', of.bits(of.unused(2), of.flag('isOpen')), 1, 'flags that are not known'],
    ['a choice that is none', of.bits(of.choice('kind', ['a', 'b', 'c'])), 3, 'kind 3 is not known'],
  ])('refuses %s', (_, field, byte, message) => {
    expect(() => readFrom([field], [byte])).toThrow(new RangeError(message));
  });
});

describe('a field that a later format brought', () => {
  const added = inPart.since(3, 'added', number as never, null);
  const fields = [of.inside('part', [inPart.field('size', number), added]), of.since(5, 'kind', text as never, 'a')];
  const later = { ...row, part: { ...row.part, added: 2 }, kind: 'a' as const };

  test('is written and read from that format on', () => {
    expect(bytesOf(fields, later, 2)).toEqual([1, 14]);
    expect(bytesOf(fields, later, 3)).toEqual([1, 14, 1, 4]);
    expect(readFrom(fields, [1, 14], 2)).toEqual({ part: { size: 7, added: null }, kind: 'a' });
    expect(readFrom(fields, [1, 14, 1, 4], 4)).toEqual({ part: { size: 7, added: 2 }, kind: 'a' });
  });

  test('makes its format the newest of the table', () => {
    expect(newestFormatOf(fields)).toBe(5);
    expect(newestFormatOf(fields.slice(0, 1))).toBe(3);
    expect(newestFormatOf([of.field('name', text)])).toBe(1);
  });

  test.each([
    ['nothing that is new', { ...row, kind: 'a' as const }, 1],
    ['what format 3 brought', later, 3],
    ['what format 5 brought', { ...row, kind: 'b' as const }, 5],
    ['both', { ...later, kind: 'b' as const }, 5],
  ])('a row with %s needs no later format', (_, given, format) => {
    expect(formatForAll(fields, given)).toBe(format);
  });
});
