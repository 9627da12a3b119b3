/** A compact byte codec: variable-length integers up to 2^53-1, IEEE doubles, length-prefixed text and bytes. */

const chunk = 128;
const fourBytes = 2 ** 28;

const roomBytes = 1024;
/** Working memory that finished writers leave for the next ones: allocating it cost more than what was written into it. */
const spareViews: DataView<ArrayBuffer>[] = [];
const spareViewsMax = 4;

export class ByteWriter {
  #view = spareViews.pop() ?? new DataView(new ArrayBuffer(roomBytes));
  #bytes = new Uint8Array(this.#view.buffer);
  #length = 0;

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count, roomBytes));
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }

  byte(value: number): this {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
    return this;
  }

  /** An integer 0..2^53-1, 7 bits a byte, least significant first. */
  unsigned(value: number): this {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`not an unsigned safe integer: ${value}`);
    this.#reserve(8);
    let rest = value;
    // Bit operations while they can hold it: four bytes, which is nearly every value there is.
    if (rest < fourBytes) {
      while (rest >= chunk) {
        this.#bytes[this.#length++] = (rest & (chunk - 1)) | chunk;
        rest >>>= 7;
      }
      this.#bytes[this.#length++] = rest;
      return this;
    }
    while (rest >= chunk) {
      this.#bytes[this.#length++] = (rest % chunk) + chunk;
      rest = Math.floor(rest / chunk);
    }
    this.#bytes[this.#length++] = rest;
    return this;
  }

  /** A signed integer of at most 52 bits, small magnitudes short. */
  signed(value: number): this {
    return this.unsigned(value < 0 ? -2 * value - 1 : 2 * value);
  }

  /** An integer 0..2^32-1 in 4 bytes. */
  fixed32(value: number): this {
    this.#reserve(4);
    this.#view.setUint32(this.#length, value, true);
    this.#length += 4;
    return this;
  }

  double(value: number): this {
    this.#reserve(8);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
    return this;
  }

  float(value: number): this {
    this.#reserve(4);
    this.#view.setFloat32(this.#length, value, true);
    this.#length += 4;
    return this;
  }

  /** A single-precision number whose last byte is zero (`round16`), in 3 bytes. */
  float24(value: number): this {
    this.#reserve(4);
    this.#view.setFloat32(this.#length, value);
    this.#length += 3;
    return this;
  }

  /** Bytes whose length the reader knows. */
  raw(value: Uint8Array): this {
    this.#reserve(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
    return this;
  }

  bytes(value: Uint8Array): this {
    return this.unsigned(value.length).raw(value);
  }

  /** Bytes given as lower-case hex, whose length the reader knows; a RangeError for anything else. */
  hex(value: string): this {
    const count = Math.ceil(value.length / 2);
    this.#reserve(count);
    for (let i = 0; i < count; i++) this.#bytes[this.#length + i] = byteOfHex(value, i);
    this.#length += count;
    return this;
  }

  /** Well-formed text as UTF-8. */
  text(value: string): this {
    let ascii = true;
    for (let i = 0; i < value.length; i++)
      if (value.charCodeAt(i) > 127) {
        ascii = false;
        break;
      }
    if (!ascii) return this.bytes(encodeUtf8(value));
    this.unsigned(value.length);
    this.#reserve(value.length);
    for (let i = 0; i < value.length; i++) this.#bytes[this.#length++] = value.charCodeAt(i);
    return this;
  }

  /**
   * A finite number, short when it is an integer or has at most 4 decimals. Null is allowed. Exact: the reader gets the same double.
   */
  number(value: number | null): this {
    if (value === null) return this.byte(0);
    if (Number.isSafeInteger(value) && Math.abs(value) <= 2 ** 51 && !Object.is(value, -0)) return this.byte(1).signed(value);
    const scaled = Math.round(value * 10_000);
    if (Math.abs(scaled) <= 2 ** 51 && scaled / 10_000 === value && !Object.is(value, -0)) return this.byte(2).signed(scaled);
    return this.byte(3).double(value);
  }

  /** What was written; the writer is empty afterwards. */
  finish(): Uint8Array {
    const written = this.#bytes.slice(0, this.#length);
    if (this.#bytes.length === roomBytes && spareViews.length < spareViewsMax) spareViews.push(this.#view);
    this.#bytes = nothing;
    this.#view = nothingView;
    this.#length = 0;
    return written;
  }
}

/** As many values as the bytes say, read one after another. */
export const listOf = <T>(count: number, read: (index: number) => T): T[] => {
  const list: T[] = [];
  for (let i = 0; i < count; i++) list.push(read(i));
  return list;
};

const nothingView = new DataView(new ArrayBuffer(0));
const nothing = new Uint8Array(nothingView.buffer);

const float = new DataView(new ArrayBuffer(4));

/** Reads what ByteWriter wrote; every read past the end throws a RangeError. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get done(): boolean {
    return this.#position === this.#bytes.length;
  }

  byte(): number {
    const value = this.#bytes[this.#position];
    if (value === undefined) throw new RangeError('the bytes end too early');
    this.#position++;
    return value;
  }

  unsigned(): number {
    const bytes = this.#bytes;
    const at = this.#position;
    if (at + 4 <= bytes.length) {
      let byte = bytes[at]!;
      let small = byte & (chunk - 1);
      let end = at + 1;
      for (let shift = 7; byte >= chunk && shift < 28; shift += 7) {
        byte = bytes[end++]!;
        small |= (byte & (chunk - 1)) << shift;
      }
      if (byte < chunk) {
        this.#position = end;
        return small;
      }
    }
    let value = 0;
    let factor = 1;
    for (let count = 0; count < 8; count++) {
      const byte = this.byte();
      if (byte < chunk) {
        value += byte * factor;
        if (!Number.isSafeInteger(value)) throw new RangeError('an integer is too large');
        return value;
      }
      value += (byte - chunk) * factor;
      factor *= chunk;
    }
    throw new RangeError('an integer is too long');
  }

  signed(): number {
    const value = this.unsigned();
    return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
  }

  fixed32(): number {
    const value = this.#view.getUint32(this.#position, true);
    this.#position += 4;
    return value;
  }

  double(): number {
    const value = this.#view.getFloat64(this.#position, true);
    this.#position += 8;
    return value;
  }

  float(): number {
    const value = this.#view.getFloat32(this.#position, true);
    this.#position += 4;
    return value;
  }

  float24(): number {
    const at = this.#skip(3);
    float.setUint16(0, this.#view.getUint16(at));
    float.setUint8(2, this.#view.getUint8(at + 2));
    return float.getFloat32(0);
  }

  /** A view, no copy: it is good as long as the bytes that are read. */
  raw(count: number): Uint8Array {
    const from = this.#skip(count);
    return this.#bytes.subarray(from, from + count);
  }

  /** `count` bytes as lower-case hex. */
  hex(count: number): string {
    const from = this.#skip(count);
    let text = '';
    for (let i = from; i < from + count; i++) text += hexPairs[this.#bytes[i]!]!;
    return text;
  }

  #skip(count: number): number {
    const from = this.#position;
    if (from + count > this.#bytes.length) throw new RangeError('the bytes end too early');
    this.#position = from + count;
    return from;
  }

  bytes(): Uint8Array {
    return this.raw(this.unsigned());
  }

  text(): string {
    const count = this.unsigned();
    const from = this.#skip(count);
    return decodeUtf8(this.#bytes, from, from + count);
  }

  number(): number | null {
    const kind = this.byte();
    if (kind === 0) return null;
    if (kind === 1) return this.signed();
    if (kind === 2) return this.signed() / 10_000;
    if (kind === 3) return this.double();
    throw new RangeError(`unknown kind of number: ${kind}`);
  }
}

const hexPairs = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

const byteOfHex = (text: string, at: number): number =>
  digitOf(text.charCodeAt(2 * at)) * 16 + digitOf(text.charCodeAt(2 * at + 1));

const digitOf = (code: number): number => {
  if (code >= 48 && code <= 57) return code - 48;
  if (code >= 97 && code <= 102) return code - 87;
  throw new RangeError('not lower-case hex');
};

const encodeUtf8 = (text: string): Uint8Array => {
  const bytes: number[] = [];
  for (const character of text) {
    const point = character.codePointAt(0)!;
    if (point < 0x80) bytes.push(point);
    else if (point < 0x800) bytes.push(0xc0 | (point >> 6), 0x80 | (point & 63));
    else if (point < 0x10000) bytes.push(0xe0 | (point >> 12), 0x80 | ((point >> 6) & 63), 0x80 | (point & 63));
    else bytes.push(0xf0 | (point >> 18), 0x80 | ((point >> 12) & 63), 0x80 | ((point >> 6) & 63), 0x80 | (point & 63));
  }
  return Uint8Array.from(bytes);
};

const decodeUtf8 = (bytes: Uint8Array, from: number, to: number): string => {
  let text = '';
  let i = from;
  while (i < to) {
    const first = bytes[i++]!;
    if (first < 0x80) text += String.fromCharCode(first);
    else {
      const more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
      let point = first & (63 >> more);
      for (let count = 0; count < more; count++) point = (point << 6) | (bytes[i++]! & 63);
      text += String.fromCodePoint(point);
    }
  }
  return text;
};
