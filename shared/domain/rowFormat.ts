import { ByteReader, ByteWriter } from './bytes.ts';
import {
  type Counts,
  type Draft,
  type Field,
  formatForAll,
  type Layout,
  type Names,
  newestFormatOf,
  readFields,
  writeFields,
} from './fields.ts';

/**
 * The formats of packed rows. A row begins with its format. Format 1 is what 0.1 wrote: it states no counts, because it always means
 * the lists of 0.1. From format 2 on the counts follow: how many names of each list the row refers to. A row is written in the first
 * format that holds it, so that a version that is being replaced reads all that it can understand, and refuses the rest by its format.
 */
export interface RowFormat<Row> {
  /** What such a row is called in errors. */
  readonly kind: string;
  readonly fields: readonly Field<Row>[];
  /** How many names of each list the row refers to. */
  readonly counts: (row: Row, names: Names) => Counts;
}

/** The lists as 0.1 had them: what a row of format 1 refers to. */
export const firstCounts: Counts = { signals: 9, features: 25, causes: 7 };

const firstFormat = 1;
const countedFormat = 2;
const lists = Object.keys(firstCounts) as (keyof Names)[];

/**
 * A row that a newer version wrote and this one cannot read: the row is whole, and a function of the newer version reads it. Nothing is
 * decided on it; its message returns to the queue.
 */
export class NewerRow extends RangeError {
  override readonly name = 'NewerRow';
  /** What the row is, and its key. */
  readonly row: string;
  readonly format: number;
  readonly newestKnown: number;
  constructor(row: string, format: number, newestKnown: number, detail: string) {
    super(`the ${row} is in format ${format}${detail}; this version reads formats up to ${newestKnown}`);
    this.row = row;
    this.format = format;
    this.newestKnown = newestKnown;
  }
}

/** A row whose bytes are not what any version writes. */
export class DamagedRow extends RangeError {
  override readonly name = 'DamagedRow';
}

export function packRow<Row>(rowFormat: RowFormat<Row>, row: Row, names: Names): Uint8Array {
  const needed = rowFormat.counts(row, names);
  const format = formatOf(rowFormat, row, needed);
  const counts = format === firstFormat ? firstCounts : needed;
  const writer = new ByteWriter();
  writer.byte(format);
  if (format >= countedFormat) for (const list of lists) writer.unsigned(counts[list]);
  writeFields(rowFormat.fields, writer, row, { format, counts, names });
  return writer.finish();
}

/**
 * `key` names the row in errors; `beside` is what is stored beside the bytes. Throws NewerRow when the row refers to something that this
 * version does not know, DamagedRow when it is no such row.
 */
export function unpackRow<Row>(
  rowFormat: RowFormat<Row>,
  bytes: Uint8Array,
  names: Names,
  key: string,
  beside: Draft<Row> = {},
): Row {
  const row = `${rowFormat.kind} ${key}`.trimEnd();
  try {
    const reader = new ByteReader(bytes);
    const layout = readLayout(reader, Math.max(countedFormat, newestFormatOf(rowFormat.fields)), names, row);
    const read = readFields(rowFormat.fields, reader, beside, layout);
    if (!reader.done) throw new RangeError('it is longer than it says');
    return read;
  } catch (error) {
    if (error instanceof NewerRow || !(error instanceof RangeError || error instanceof SyntaxError)) throw error;
    throw new DamagedRow(`the ${row} is damaged: ${error.message}`, { cause: error });
  }
}

function readLayout(reader: ByteReader, newestKnown: number, names: Names, row: string): Layout {
  const format = reader.byte();
  if (format > newestKnown) throw new NewerRow(row, format, newestKnown, '');
  if (format < firstFormat) throw new RangeError(`there is no format ${format}`);
  if (format === firstFormat) return { format, counts: firstCounts, names };
  const counts = { ...firstCounts };
  for (const list of lists) {
    counts[list] = reader.unsigned();
    const known = names[list].length;
    if (counts[list] > known)
      throw new NewerRow(row, format, newestKnown, ` and refers to ${counts[list]} ${list}, of which ${known} are known`);
  }
  return { format, counts, names };
}

/** The first format that holds the row. */
const formatOf = <Row>({ fields }: RowFormat<Row>, row: Row, counts: Counts): number =>
  Math.max(lists.every((list) => counts[list] <= firstCounts[list]) ? firstFormat : countedFormat, formatForAll(fields, row));
