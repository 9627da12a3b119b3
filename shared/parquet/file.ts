import { parquetMetadata, parquetRead } from 'hyparquet';
import { type BasicType, parquetWriteBuffer } from 'hyparquet-writer';

/** How a column holds its values; rows carry them as plain values: an instant as epoch milliseconds, bytes as a Uint8Array. */
export type FieldType = 'text' | 'int32' | 'int64' | 'double' | 'flag' | 'instant' | 'bytes';

/** One column: what writes and reads the files, makes the Glue table and is printed in docs/archive.md. */
export interface Field {
  readonly name: string;
  readonly type: FieldType;
  readonly nullable: boolean;
  readonly unit: string | null;
  readonly meaning: string;
}

/** A row by the names of its columns. */
export type Row = Readonly<Record<string, unknown>>;

interface Kind {
  readonly parquet: BasicType;
  readonly holds: (value: unknown) => boolean;
  /** The value as the library stores it, and back. */
  readonly pack?: (value: never) => unknown;
  readonly unpack?: (value: never) => unknown;
}

const kinds: Readonly<Record<FieldType, Kind>> = {
  text: { parquet: 'STRING', holds: (value) => typeof value === 'string' },
  int32: { parquet: 'INT32', holds: (value) => ((value as number) | 0) === value },
  int64: {
    parquet: 'INT64',
    holds: Number.isSafeInteger,
    pack: (value: number) => BigInt(value),
    unpack: (value: bigint) => Number(value),
  },
  double: { parquet: 'DOUBLE', holds: (value) => typeof value === 'number' },
  flag: { parquet: 'BOOLEAN', holds: (value) => typeof value === 'boolean' },
  instant: {
    parquet: 'TIMESTAMP',
    holds: Number.isSafeInteger,
    pack: (ms: number) => new Date(ms),
    unpack: (date: Date) => date.getTime(),
  },
  bytes: { parquet: 'BYTE_ARRAY', holds: (value) => value instanceof Uint8Array },
};

/** Whether a column can hold the value. */
export const holds = ({ type, nullable }: Field, value: unknown): boolean =>
  value === null ? nullable : kinds[type].holds(value);

/** Rows of one row group: what a reader holds decoded of one column at a time. */
export const rowGroupRowsMax = 20_000;
const formatKey = 'aegis.format';
const format = '1';

/** The rows as a Parquet file. The same fields and rows give the same bytes. Throws a RangeError naming the column for a value that it cannot hold. */
export const encodeFile = (fields: readonly Field[], rows: readonly Row[]): Uint8Array =>
  new Uint8Array(
    parquetWriteBuffer({
      columnData: fields.map((field) => {
        const { name, type, nullable } = field;
        const { parquet, pack } = kinds[type];
        const packed = (value: unknown): unknown => {
          if (!holds(field, value)) throw new RangeError(`column ${name}: ${JSON.stringify(value)}; allowed: ${type}`);
          return pack === undefined || value === null ? value : pack(value as never);
        };
        return { name, type: parquet, nullable, data: rows.map((row) => packed(row[name])) };
      }),
      rowGroupSize: rowGroupRowsMax,
      kvMetadata: [{ key: formatKey, value: format }],
      createdBy: 'aegis',
    }),
  );

export interface Columns {
  readonly rows: number;
  /** A column's values, null where a row has none; undefined where the file has no such column. */
  of(name: string): readonly unknown[] | undefined;
}

/** The columns of these fields that the file has. Throws an Error naming the file for bytes that are none of ours. */
export const decodeFile = async (bytes: Uint8Array, fields: readonly Field[], name: string): Promise<Columns> => {
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  const metadata = parquetMetadata(file);
  const said = metadata.key_value_metadata?.find(({ key }) => key === formatKey)?.value;
  if (said !== format) throw new Error(`${name}: format ${said}; allowed: ${format}`);
  const rows = Number(metadata.num_rows);
  const known = new Set(metadata.schema.map((element) => element.name));
  const wanted = fields.filter((field) => known.has(field.name));
  const columns = new Map<string, unknown[]>(wanted.map((field) => [field.name, new Array<unknown>(rows)]));
  const unpackers = new Map(wanted.map((field) => [field.name, kinds[field.type].unpack]));
  await parquetRead({
    file,
    metadata,
    columns: wanted.map((field) => field.name),
    utf8: false,
    onChunk({ columnName, columnData, rowStart }) {
      const column = columns.get(columnName)!;
      const unpack = unpackers.get(columnName);
      for (let i = 0; i < columnData.length; i++) {
        const value: unknown = columnData[i] ?? null;
        column[rowStart + i] = unpack === undefined || value === null ? value : unpack(value as never);
      }
    },
  });
  return { rows, of: (column) => columns.get(column) };
};

/** The rows of a file, by the names of the fields; a column that the file lacks reads as null. */
export const rowsOf = (fields: readonly Field[], columns: Columns): Row[] =>
  Array.from({ length: columns.rows }, (_, i) =>
    Object.fromEntries(fields.map(({ name }) => [name, columns.of(name)?.[i] ?? null])),
  );
