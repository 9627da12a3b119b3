import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCsv, readCsvText } from '../../../tools/local/csv.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'aegis-csv-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const asGiven = () => (cells: readonly string[], line: number) => ({ cells, line });
const rowsOf = (text: string) => readCsvText(text, 'f.csv', asGiven);
const quoted = (cell: string): string => `"${cell.replaceAll('"', '""')}"`;

describe('a CSV file', () => {
  it('gives back any cells that were quoted, each row with the line on which it begins', async () => {
    const cell = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r\n', 'é', ' '), maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { maxLength: 8 }),
        fc.constantFrom('\n', '\r\n'),
        fc.boolean(),
        async (rows, lineBreak, zipped) => {
          const text = [['x', 'y'], ...rows].map((cells) => cells.map(quoted).join(',') + lineBreak).join('');
          let line = 2;
          const expected = rows.map((cells) => {
            const row = { cells, line };
            line += 1 + cells.join('').split(/\r?\n/).length - 1;
            return row;
          });
          expect(rowsOf(text)).toEqual(expected);
          const file = join(folder, zipped ? 'rows.csv.gz' : 'rows.csv');
          writeFileSync(file, zipped ? gzipSync(text) : text);
          expect(await Array.fromAsync(readCsv(file, asGiven))).toEqual(expected);
        },
      ),
      { numRuns: 60 },
    );
  });

  it.each([
    ['a byte order mark', '\uFEFFa,b\n1,2\n', [{ cells: ['1', '2'], line: 2 }]],
    ['empty lines', 'a,b\n\n1,2\n\n', [{ cells: ['1', '2'], line: 3 }]],
    ['a last line without a line break', 'a,b\n1,2', [{ cells: ['1', '2'], line: 2 }]],
    ['a row shorter than the header', 'a,b\n1\n', [{ cells: ['1'], line: 2 }]],
    ['a header alone', 'a,b\n', []],
  ])('may have %s', (_, text, expected) => {
    expect(rowsOf(text)).toEqual(expected);
  });

  it.each([
    ['no header', '', /^f\.csv is empty; its first line must name the columns$/],
    ['a quote that is never closed', 'a\n"b\nc\n', /^f\.csv: Quote Not Closed.*line/],
    ['a quote within a plain cell', 'a\nb"c\n', /^f\.csv: Invalid Opening Quote.*line 2/],
    ['a cell of more than a megabyte', `a\n${'b'.repeat(1_100_000)}\n`, /^f\.csv: Max Record Size.*line 2/],
  ])('is refused with %s, by name and line', async (_, text, message) => {
    expect(() => rowsOf(text)).toThrow(message);
    const file = join(folder, 'f.csv');
    writeFileSync(file, text);
    await expect(Array.fromAsync(readCsv(file, asGiven))).rejects.toThrow(/f\.csv/);
  });

  it('is refused when it is not there, or is not gzip under that name', async () => {
    await expect(Array.fromAsync(readCsv(join(folder, 'none.csv'), asGiven))).rejects.toThrow('ENOENT');
    const file = join(folder, 'plain.csv.gz');
    writeFileSync(file, 'a,b\n1,2\n');
    await expect(Array.fromAsync(readCsv(file, asGiven))).rejects.toThrow('incorrect header check');
  });
});
