import { gunzipSync } from 'node:zlib';
import { parquetReadObjects } from 'hyparquet';
import type { Attribute } from '../../shared/ports/ports.ts';

/**
 * People made to be found again: whatever is personal of person i says so in its own text, and their place is a number that nobody else has.
 */
export const place = (i: number) => ({ latitude: 10.123456789 + i / 9_973, longitude: 20.987654321 + i / 9_967 });

export const personal = (i: number) => ({
  userId: `user-of-${i}.x`,
  accountId: `account-of-${i}.x`,
  channel: `channel-of-${i}.x`,
  deviceId: `device-of-${i}.x`,
  merchantId: `merchant-of-${i}.x`,
  merchantCategory: `category-of-${i}.x`,
  location: place(i),
  metadata: { memo: `metadata-of-${i}.x` },
});

const doubles = (value: number): string[] => {
  const bytes = Buffer.alloc(16);
  bytes.writeDoubleLE(value, 0);
  bytes.writeDoubleBE(value, 8);
  return [bytes.toString('latin1', 0, 8), bytes.toString('latin1', 8, 16)];
};

/** Finds everybody whose text or place stands anywhere in some bytes, as text or as a packed number. */
export const traceFinder = (people: number): ((bytes: Buffer) => ReadonlySet<number>) => {
  const byNumber = new Map<string, number>();
  const byDouble = new Map<string, number>();
  for (let i = 0; i < people; i++) {
    for (const value of Object.values(place(i))) {
      byNumber.set(String(value), i);
      for (const packed of doubles(value)) byDouble.set(packed, i);
    }
  }
  return (bytes) => {
    const text = bytes.toString('latin1');
    const found = new Set<number>();
    for (const [, i] of text.matchAll(/-of-(\d+)\.x/g)) found.add(Number(i));
    for (const [number] of text.matchAll(/\d+\.\d{6,}/g)) if (byNumber.has(number)) found.add(byNumber.get(number)!);
    for (let at = 0; at + 8 <= text.length; at++) {
      const i = byDouble.get(text.slice(at, at + 8));
      if (i !== undefined) found.add(i);
    }
    return found;
  };
};

/** The bytes of an attribute, unpacked, with those of every attribute within. */
export const bytesOfAttribute = (value: Attribute): Buffer => {
  if (value instanceof Uint8Array) return unpacked(value);
  if (typeof value !== 'object' || value === null) return Buffer.from(String(value));
  return Buffer.concat(Object.entries(value).flatMap(([name, inner]) => [Buffer.from(` ${name} `), bytesOfAttribute(inner)]));
};

/** Bytes as they are read: unpacked where they are gzip. */
export const unpacked = (bytes: Uint8Array): Buffer =>
  bytes[0] === 0x1f && bytes[1] === 0x8b && bytes[2] === 8 ? gunzipSync(bytes) : Buffer.from(bytes);

/** An object's bytes as they are read: unpacked where they are gzip, every value of every row where they are Parquet. */
export const readable = async (bytes: Uint8Array): Promise<Buffer> => {
  if (Buffer.from(bytes.subarray(0, 4)).toString('latin1') !== 'PAR1') return unpacked(bytes);
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  const rows = await parquetReadObjects({ file, utf8: false });
  return Buffer.concat(
    rows.flatMap((row) =>
      Object.entries(row).flatMap(([name, value]) => [
        Buffer.from(` ${name} `),
        value instanceof Uint8Array ? Buffer.from(value) : Buffer.from(String(value)),
      ]),
    ),
  );
};
