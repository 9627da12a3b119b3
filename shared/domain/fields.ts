import type { ByteReader, ByteWriter } from './bytes.ts';

/**
 * Tables of fields: a packed row is described once, and written and read by that description. The order of a table is the order of
 * the bytes.
 */

/** The names that rows refer to by position. Each list only grows at its end. */
export interface Names {
  readonly signals: readonly string[];
  readonly features: readonly string[];
  readonly causes: readonly string[];
}

/** How many names of each list a row refers to: positions below these stand in it, and none beyond. */
export type Counts = { readonly [List in keyof Names]: number };

/** What a row says of itself, and the names to read it with. */
export interface Layout {
  readonly format: number;
  readonly counts: Counts;
  readonly names: Names;
}

/** A row that is being read: the fields that came before. */
export type Draft<Row> = { -readonly [Name in keyof Row]?: Row[Name] };

/** How a value is packed; it may depend on the fields before it. */
export interface Codec<Value, Row = unknown> {
  write(writer: ByteWriter, value: Value, row: Row, layout: Layout): void;
  read(reader: ByteReader, row: Draft<Row>, layout: Layout): Value;
}

export interface Field<Row> {
  /** The format that brought this field; left out: 1. */
  readonly newestFormat?: number;
  /** The first format that holds what the row has here; left out: 1. */
  readonly formatFor?: (row: Row) => number;
  write(writer: ByteWriter, row: Row, layout: Layout): void;
  read(reader: ByteReader, row: Draft<Row>, layout: Layout): void;
}

export const writeFields = <Row>(fields: readonly Field<Row>[], writer: ByteWriter, row: Row, layout: Layout): void => {
  for (const field of fields) field.write(writer, row, layout);
};

/** Reads into `row`, which may hold what stands beside the bytes. */
export const readFields = <Row>(fields: readonly Field<Row>[], reader: ByteReader, row: Draft<Row>, layout: Layout): Row => {
  for (const field of fields) field.read(reader, row, layout);
  return row as Row;
};

/** The newest format that a table describes. */
export const newestFormatOf = <Row>(fields: readonly Field<Row>[]): number =>
  fields.reduce((newest, { newestFormat = 1 }) => Math.max(newest, newestFormat), 1);

/** The first format that holds all of the row. */
export const formatForAll = <Row>(fields: readonly Field<Row>[], row: Row): number =>
  fields.reduce((format, { formatFor }) => (formatFor === undefined ? format : Math.max(format, formatFor(row))), 1);

/** Bits of a row that share a byte. */
export interface Bits<Row> {
  readonly width: number;
  get(row: Row): number;
  set(row: Draft<Row>, value: number): void;
}

type NumberNames<Row> = { [Name in keyof Row]: Row[Name] extends number ? Name : never }[keyof Row];

/** What a table for rows of this type is made of. */
export const fieldsOf = <Row>() => {
  const field = <Name extends keyof Row>(name: Name, codec: Codec<Row[Name], Row>): Field<Row> => ({
    write: (writer, row, layout) => codec.write(writer, row[name], row, layout),
    read: (reader, row, layout) => {
      row[name] = codec.read(reader, row, layout);
    },
  });

  /** A number kept as its distance from one that comes before it. */
  const distance = <Name extends NumberNames<Row>>(name: Name, from: NumberNames<Row>, codec: Codec<number>): Field<Row> => ({
    write: (writer, row, layout) => codec.write(writer, (row[name] as number) - (row[from] as number), row, layout),
    read: (reader, row, layout) => {
      row[name] = ((row[from] as number) + codec.read(reader, row, layout)) as Row[Name];
    },
  });

  /** A field that earlier bits, see `present`, say whether it stands there. */
  const optional = <Name extends keyof Row>(name: Name, codec: Codec<NonNullable<Row[Name]>, Row>): Field<Row> => ({
    write: (writer, row, layout) => {
      const value = row[name];
      if (value !== null) codec.write(writer, value as NonNullable<Row[Name]>, row, layout);
    },
    read: (reader, row, layout) => {
      if (row[name] !== null) row[name] = codec.read(reader, row, layout);
    },
  });

  /** A field that a later format brought; a row of an earlier format reads `absent`, and a row that holds just that stays in its format. */
  const since = <Name extends keyof Row>(
    format: number,
    name: Name,
    codec: Codec<Row[Name], Row>,
    absent: Row[Name],
  ): Field<Row> => ({
    newestFormat: format,
    formatFor: (row) => (row[name] === absent ? 1 : format),
    write: (writer, row, layout) => {
      if (layout.format >= format) codec.write(writer, row[name], row, layout);
    },
    read: (reader, row, layout) => {
      row[name] = layout.format >= format ? codec.read(reader, row, layout) : absent;
    },
  });

  /** The fields of a part of the row, in its place. */
  const inside = <Name extends keyof Row>(name: Name, fields: readonly Field<Row[Name]>[]): Field<Row> => ({
    newestFormat: newestFormatOf(fields),
    formatFor: (row) => formatForAll(fields, row[name]),
    write: (writer, row, layout) => writeFields(fields, writer, row[name], layout),
    read: (reader, row, layout) => {
      const part = (row[name] ?? {}) as Draft<Row[Name]>;
      row[name] = readFields(fields, reader, part, layout);
    },
  });

  /** Some bits in one byte, the first lowest. Throws a RangeError when a bit is set that none of them owns. */
  const bits = (...parts: readonly Bits<Row>[]): Field<Row> => ({
    write: (writer, row) => {
      let value = 0;
      let shift = 0;
      for (const part of parts) {
        value |= part.get(row) << shift;
        shift += part.width;
      }
      writer.byte(value);
    },
    read: (reader, row) => {
      let rest = reader.byte();
      for (const part of parts) {
        part.set(row, rest & ((1 << part.width) - 1));
        rest >>= part.width;
      }
      if (rest !== 0) throw new RangeError('flags that are not known');
    },
  });

  /** Whether an `optional` field stands there; null when it does not. */
  const present = (name: keyof Row): Bits<Row> => ({
    width: 1,
    get: (row) => (row[name] === null ? 0 : 1),
    set: (row, value) => {
      if (value === 0) row[name] = null as Row[typeof name];
    },
  });

  const flag = (name: keyof Row): Bits<Row> => ({
    width: 1,
    get: (row) => (row[name] ? 1 : 0),
    set: (row, value) => {
      row[name] = (value === 1) as Row[typeof name];
    },
  });

  /** One of a few values that never change, in 2 bits. */
  const choice = <Name extends keyof Row>(name: Name, values: readonly Row[Name][]): Bits<Row> => ({
    width: 2,
    get: (row) => values.indexOf(row[name]),
    set: (row, value) => {
      if (value >= values.length) throw new RangeError(`${String(name)} ${value} is not known`);
      row[name] = values[value]!;
    },
  });

  const unused = (width: number): Bits<Row> => ({
    width,
    get: () => 0,
    set: (_, value) => {
      if (value !== 0) throw new RangeError('flags that are not known');
    },
  });

  /** Bits of a part of the row. */
  const bitsInside = <Name extends keyof Row>(name: Name, part: Bits<Row[Name]>): Bits<Row> => ({
    width: part.width,
    get: (row) => part.get(row[name]),
    set: (row, value) => {
      const inner = (row[name] ?? {}) as Draft<Row[Name]>;
      part.set(inner, value);
      row[name] = inner as Row[Name];
    },
  });

  return { field, distance, optional, since, inside, bits, present, flag, choice, unused, bitsInside };
};
