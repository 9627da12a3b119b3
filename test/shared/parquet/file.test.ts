import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeFile, encodeFile, type Field, type FieldType, rowGroupRowsMax, rowsOf } from '../../../shared/parquet/file.ts';

const values: Readonly<Record<FieldType, fc.Arbitrary<unknown>>> = {
  text: fc.string({ unit: 'grapheme' }),
  int32: fc.integer(),
  int64: fc.maxSafeInteger(),
  double: fc.double({ noNaN: true }),
  flag: fc.boolean(),
  instant: fc.integer({ min: 0, max: 4_000_000_000_000 }),
  bytes: fc.uint8Array(),
};
const fields = Object.keys(values).flatMap((type): Field[] =>
  [false, true].map((nullable) => ({ name: `${type}_${nullable}`, type: type as FieldType, nullable, unit: null, meaning: '' })),
);
const rows = fc.array(
  fc.record(
    Object.fromEntries(fields.map(({ name, type, nullable }) => [name, nullable ? fc.option(values[type]) : values[type]])),
  ),
  { minLength: 1, maxLength: 40 },
);

describe('a Parquet file', () => {
  it('gives back every row of every kind of column', async () => {
    await fc.assert(
      fc.asyncProperty(rows, async (given) => {
        const bytes = encodeFile(fields, given);
        expect(rowsOf(fields, await decodeFile(bytes, fields, 'a file'))).toEqual(given.map((row) => ({ ...row })));
        expect(encodeFile(fields, given)).toEqual(bytes);
      }),
      { numRuns: 60 },
    );
  });

  it('keeps the order of rows over several row groups', async () => {
    const field = fields.find(({ name }) => name === 'int64_false')!;
    const given = Array.from({ length: 2 * rowGroupRowsMax + 7 }, (_, i) => ({ [field.name]: i }));
    const columns = await decodeFile(encodeFile([field], given), [field], 'a file');
    expect(columns.of(field.name)).toEqual(given.map((_, i) => i));
  });

  it('reads a column that a file lacks as missing, and passes over one that nobody asks for', async () => {
    const [first, second] = fields as [Field, Field];
    const columns = await decodeFile(encodeFile([first], [{ [first.name]: 'a' }]), [first, second], 'a file');
    expect(columns.of(second.name)).toBeUndefined();
    expect(rowsOf([first, second], columns)).toEqual([{ [first.name]: 'a', [second.name]: null }]);
    expect((await decodeFile(encodeFile([first], [{ [first.name]: 'a' }]), [], 'a file')).rows).toBe(1);
  });

  it('of another format is refused by name', async () => {
    const { parquetWriteBuffer } = await import('hyparquet-writer');
    const foreign = new Uint8Array(parquetWriteBuffer({ columnData: [{ name: 'a', data: [1], type: 'INT32' }] }));
    await expect(decodeFile(foreign, fields, 'parquet/x')).rejects.toThrow('parquet/x: format undefined; allowed: 1');
  });
});
