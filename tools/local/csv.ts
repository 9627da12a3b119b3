import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { CsvError, type Info, type Options, parse } from 'csv-parse';
import { parse as parseWhole } from 'csv-parse/sync';

/** Makes one value of a row; `line` is the line of the file, from 1, on which the row begins. A row may be shorter than the header. */
export type RowReader<Row> = (cells: readonly string[], line: number) => Row;

/** Bytes read so far of how many: for a progress bar. */
export type Progress = (read: number, total: number) => void;

/** A quote that is never closed must not read a whole file into one cell. */
const rowBytesMax = 1_000_000;
const progressEveryRows = 1_000;

const options = {
  bom: true,
  info: true,
  max_record_size: rowBytesMax,
  record_delimiter: ['\r\n', '\n'],
  relax_column_count: true,
  skip_empty_lines: true,
} satisfies Options;

interface Parsed {
  readonly record: readonly string[];
  readonly info: Info;
}

/**
 * Reads a CSV file (plain or .gz) with a header line, row by row, in file order. Cells may be quoted and then hold commas, line breaks and
 * doubled quotes; empty lines are skipped. `readerOf` gets the names of the columns once. Throws an Error naming file and line for text that
 * is not CSV, and for a file without a header; throws what `readerOf` and its reader throw.
 */
export async function* readCsv<Row>(
  path: string,
  readerOf: (columns: readonly string[]) => RowReader<Row>,
  progress: Progress = () => undefined,
): AsyncGenerator<Row> {
  const { size } = await stat(path);
  const file = createReadStream(path);
  const parser = parse(options);
  const fail = (error: Error): void => void parser.destroy(error);
  file.once('error', fail);
  if (path.endsWith('.gz')) file.pipe(createGunzip()).once('error', fail).pipe(parser);
  else file.pipe(parser);
  let reader: RowReader<Row> | null = null;
  let rows = 0;
  const firstLineOf = lineCounter();
  try {
    for await (const row of parser as AsyncIterable<Parsed>) {
      const line = firstLineOf(row);
      if (reader === null) {
        reader = readerOf(row.record);
        continue;
      }
      rows += 1;
      if (rows % progressEveryRows === 0) progress(file.bytesRead, size);
      yield reader(row.record, line);
    }
  } catch (error) {
    throw named(error, path);
  } finally {
    file.destroy();
  }
  if (reader === null) throw emptyFile(path);
  progress(size, size);
}

/** Reads the text of a CSV file as `readCsv` does; `name` is the file's, for errors. */
export const readCsvText = <Row>(
  text: string,
  name: string,
  readerOf: (columns: readonly string[]) => RowReader<Row>,
): readonly Row[] => {
  const [header, ...rows] = parsed(text, name);
  if (header === undefined) throw emptyFile(name);
  const firstLineOf = lineCounter();
  firstLineOf(header);
  const reader = readerOf(header.record);
  return rows.map((row) => reader(row.record, firstLineOf(row)));
};

const parsed = (text: string, name: string): readonly Parsed[] => {
  try {
    return parseWhole(text, options) as unknown as readonly Parsed[];
  } catch (error) {
    throw named(error, name);
  }
};

const named = (error: unknown, name: string): unknown =>
  error instanceof CsvError ? new Error(`${name}: ${error.message}`, { cause: error }) : error;

const emptyFile = (name: string): Error => new Error(`${name} is empty; its first line must name the columns`);

/**
 * Returns a function that gives the first line of each row in turn. The parser says on which line a row ends, and counts the two characters of a
 * Windows line break in a quoted cell as two lines.
 */
const lineCounter = (): ((parsed: Parsed) => number) => {
  let countedTwice = 0;
  return ({ record, info }) => {
    let breaks = 0;
    for (const cell of record) {
      if (!/[\r\n]/.test(cell)) continue;
      breaks += cell.split(/\r\n|\r|\n/).length - 1;
      countedTwice += cell.split('\r\n').length - 1;
    }
    return info.lines - countedTwice - breaks;
  };
};
