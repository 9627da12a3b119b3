import type { Attribute, Item } from '../../ports/ports.ts';

/** Of a list or a map, besides 1 byte for each of its elements. */
const containerBytes = 3;

/**
 * An item's size as DynamoDB bills it: attribute names and values, by the rules of "DynamoDB item sizes and formats" in its
 * developer guide. Strings count in UTF-8, binaries raw, a number one byte per two significant digits and one more, and one for a
 * minus sign.
 */
export function itemSizeBytes(item: Item): number {
  let bytes = 0;
  for (const name of Object.keys(item)) bytes += utf8Bytes(name) + attributeBytes(item[name]!);
  return bytes;
}

function attributeBytes(value: Attribute): number {
  if (value === null || typeof value === 'boolean') return 1;
  if (typeof value === 'string') return utf8Bytes(value);
  if (typeof value === 'number') return numberBytes(value);
  if (value instanceof Uint8Array) return value.length;
  let bytes = containerBytes;
  if (Array.isArray(value)) {
    for (const element of value as readonly Attribute[]) bytes += 1 + attributeBytes(element);
  } else {
    for (const [name, element] of Object.entries(value)) bytes += 1 + utf8Bytes(name) + attributeBytes(element);
  }
  return bytes;
}

/**
 * The guide's "approximately" settled as the emulator counts: leading and trailing zeros are trimmed, and the digits before and after
 * the decimal point are paired apart.
 */
function numberBytes(value: number): number {
  if (value === 0) return 1;
  if (Number.isSafeInteger(value)) return wholeNumberBytes(Math.abs(value)) + (value < 0 ? 1 : 0);
  const [mantissa = '', exponent = ''] = Math.abs(value).toExponential().split('e');
  const digits = mantissa.replace('.', '').length;
  const before = Number(exponent) + 1;
  const mixed = before > 0 && before < digits;
  const pairs = mixed ? Math.ceil(before / 2) + Math.ceil((digits - before) / 2) : Math.ceil(digits / 2);
  return pairs + 1 + (value < 0 ? 1 : 0);
}

/** The same without making a text of it. */
function wholeNumberBytes(value: number): number {
  let rest = value;
  while (rest % 10 === 0) rest /= 10;
  let digits = 0;
  for (; rest >= 1; rest = Math.floor(rest / 10)) digits += 1;
  return Math.ceil(digits / 2) + 1;
}

const utf8Bytes = (text: string): number => Buffer.byteLength(text);
