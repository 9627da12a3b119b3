import { listOf } from './bytes.ts';
import { type Codec, type Field, type Names, readFields, writeFields } from './fields.ts';

/** How values of all kinds are packed. */

export const text: Codec<string> = {
  write: (writer, value) => writer.text(value),
  read: (reader) => reader.text(),
};

export const unsigned: Codec<number> = {
  write: (writer, value) => writer.unsigned(value),
  read: (reader) => reader.unsigned(),
};

export const signed: Codec<number> = {
  write: (writer, value) => writer.signed(value),
  read: (reader) => reader.signed(),
};

export const byte: Codec<number> = {
  write: (writer, value) => writer.byte(value),
  read: (reader) => reader.byte(),
};

export const fixed32: Codec<number> = {
  write: (writer, value) => writer.fixed32(value),
  read: (reader) => reader.fixed32(),
};

/** An integer 0..2^16-1, least significant byte first. */
export const little16: Codec<number> = {
  write: (writer, value) => writer.byte(value & 255).byte(value >> 8),
  read: (reader) => reader.byte() + reader.byte() * 256,
};

export const double: Codec<number> = {
  write: (writer, value) => writer.double(value),
  read: (reader) => reader.double(),
};

export const float: Codec<number> = {
  write: (writer, value) => writer.float(value),
  read: (reader) => reader.float(),
};

export const float24: Codec<number> = {
  write: (writer, value) => writer.float24(value),
  read: (reader) => reader.float24(),
};

export const bytes: Codec<Uint8Array> = {
  write: (writer, value) => writer.bytes(value),
  read: (reader) => reader.bytes(),
};

export const numberOrNull: Codec<number | null> = {
  write: (writer, value) => writer.number(value),
  read: (reader) => reader.number(),
};

export const number: Codec<number> = {
  write: (writer, value) => writer.number(value),
  read: (reader) => {
    const value = reader.number();
    if (value === null) throw new RangeError('a number is missing');
    return value;
  },
};

/** `count` bytes, as lower-case hex. */
export const hex = (count: number): Codec<string> => ({
  write: (writer, value) => {
    if (value.length !== 2 * count) throw new RangeError(`${value.length} characters of hex, ${2 * count} expected`);
    writer.hex(value);
  },
  read: (reader) => reader.hex(count),
});

/** `count` bytes: a view, good as long as what is read. */
export const raw = (count: number): Codec<Uint8Array> => ({
  write: (writer, value) => {
    if (value.length !== count) throw new RangeError(`${value.length} bytes, ${count} expected`);
    writer.raw(value);
  },
  read: (reader) => reader.raw(count),
});

/** `count` bytes, as a copy that outlives what is read. */
export const copied = (count: number): Codec<Uint8Array> => ({
  ...raw(count),
  read: (reader) => reader.raw(count).slice(),
});

export const json = <Value>(): Codec<Value> => ({
  write: (writer, value) => writer.text(JSON.stringify(value)),
  read: (reader) => JSON.parse(reader.text()) as Value,
});

/** Any number of elements, with their number before them. */
export const list = <Element, Row>(
  element: Codec<Element, Row>,
  length: Codec<number> = unsigned,
): Codec<readonly Element[], Row> => ({
  write: (writer, values, row, layout) => {
    length.write(writer, values.length, row, layout);
    for (const value of values) element.write(writer, value, row, layout);
  },
  read: (reader, row, layout) => listOf(length.read(reader, row, layout), () => element.read(reader, row, layout)),
});

/** As many elements as the format fixes. */
export const fixed = <Element>(count: number, element: Codec<Element>): Codec<readonly Element[]> => ({
  write: (writer, values, row, layout) => {
    if (values.length !== count) throw new RangeError(`${values.length} values, ${count} expected`);
    for (const value of values) element.write(writer, value, row, layout);
  },
  read: (reader, row, layout) => listOf(count, () => element.read(reader, row, layout)),
});

/** One element for each name of a list that the row knows. */
export const perName = <Element>(name: keyof Names, element: Codec<Element>): Codec<readonly Element[]> => ({
  write: (writer, values, row, layout) => {
    const count = layout.counts[name];
    if (values.length !== count) throw new RangeError(`${values.length} values for ${count} ${name}`);
    for (const value of values) element.write(writer, value, row, layout);
  },
  read: (reader, row, layout) => listOf(layout.counts[name], () => element.read(reader, row, layout)),
});

/** A value made of fields of its own. */
export const record = <Value>(fields: readonly Field<Value>[]): Codec<Value> => ({
  write: (writer, value, _, layout) => writeFields(fields, writer, value, layout),
  read: (reader, _, layout) => readFields(fields, reader, {}, layout),
});

/** Null, or a value: a byte says which. */
export const orNull = <Value, Row>(codec: Codec<Value, Row>): Codec<Value | null, Row> => ({
  write: (writer, value, row, layout) => {
    writer.byte(value === null ? 0 : 1);
    if (value !== null) codec.write(writer, value, row, layout);
  },
  read: (reader, row, layout) => (reader.byte() === 0 ? null : codec.read(reader, row, layout)),
});
