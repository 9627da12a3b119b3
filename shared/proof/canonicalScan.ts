import { isUtf8 } from 'node:buffer';

/** Where something is in the bytes; both ends 0 where it is missing. */
type ByteRange = [start: number, end: number];

/** Where the values of the fields are that the verifier reads. */
export type FieldRanges = Record<'at' | 'chain' | 'previousHash' | 'sequence', ByteRange>;

export const noFields = (): FieldRanges => ({ at: [0, 0], chain: [0, 0], previousHash: [0, 0], sequence: [0, 0] });

/**
 * One pass over the bytes: true only for RFC 8785 text. False also for canonical text that the scan cannot judge (keys that are not plain
 * ASCII, deep nesting): parse it to know. With `ranges` it notes where the fields of the outermost object are.
 */
export const scanCanonical = (bytes: Buffer, ranges: FieldRanges | null): boolean =>
  scanValue(bytes, 0, bytes.length, 0, ranges) === bytes.length && isUtf8(bytes);

const depthMax = 32;
const quote = 0x22;
const backslash = 0x5c;

/** The position after the value, or -1. */
const scanValue = (bytes: Buffer, at: number, end: number, depth: number, ranges: FieldRanges | null): number => {
  switch (bytes[at]) {
    case quote:
      return scanString(bytes, at, end);
    case 0x7b:
      return depth < depthMax ? scanObject(bytes, at, end, depth + 1, ranges) : -1;
    case 0x5b:
      return depth < depthMax ? scanArray(bytes, at, end, depth + 1) : -1;
    case 0x74:
      return scanWord(bytes, at, 'true');
    case 0x66:
      return scanWord(bytes, at, 'false');
    case 0x6e:
      return scanWord(bytes, at, 'null');
    default:
      return scanNumber(bytes, at, end);
  }
};

const scanWord = (bytes: Buffer, at: number, word: string): number => {
  for (let i = 0; i < word.length; i++) if (bytes[at + i] !== word.charCodeAt(i)) return -1;
  return at + word.length;
};

const scanString = (bytes: Buffer, start: number, end: number): number => {
  let at = start + 1;
  while (at < end) {
    const byte = bytes[at]!;
    if (byte === quote) return at + 1;
    if (byte < 0x20) return -1;
    if (byte === backslash) {
      const length = escapeLength(bytes, at);
      if (length === 0) return -1;
      at += length;
    } else at++;
  }
  return -1;
};

/** RFC 8785 escapes only `"`, `\` and control characters, the latter in their short form or as \u00xx in lower case. */
const escapeLength = (bytes: Buffer, at: number): number => {
  const kind = String.fromCharCode(bytes[at + 1] ?? 0);
  if (kind === '"' || kind === '\\' || 'bfnrt'.includes(kind)) return 2;
  const text = String.fromCharCode(...bytes.subarray(at, at + 6));
  return /^\\u00(0[0-7be-f]|1[0-9a-f])$/.test(text) ? 6 : 0;
};

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte <= 0x39;
/** Numbers of so many digits print as they are written, trailing zeros of a fraction aside. */
const plainDigitsMax = 15;
/** No number prints longer. */
const numberLengthMax = 32;

const scanNumber = (bytes: Buffer, start: number, end: number): number => {
  const first = bytes[start] === 0x2d ? start + 1 : start;
  const point = digitsEnd(bytes, first);
  const whole = point - first;
  const hasLeadingZero = bytes[first] === 0x30;
  if (whole >= 1 && whole <= plainDigitsMax && !(hasLeadingZero && whole > 1)) {
    if (endsNumber(bytes, point, end) && !(hasLeadingZero && first > start)) return point;
    const at = bytes[point] === 0x2e ? digitsEnd(bytes, point + 1) : point;
    const isPlain = at > point + 1 && whole + at - point - 1 <= plainDigitsMax && bytes[at - 1] !== 0x30;
    if (isPlain && !(hasLeadingZero && isTiny(bytes, point)) && endsNumber(bytes, at, end)) return at;
  }
  let at = point;
  while (at < end && at - start <= numberLengthMax && isInNumber(bytes[at]!)) at++;
  const text = bytes.toString('latin1', start, at);
  const value = Number(text);
  return text.length > 0 && Number.isFinite(value) && String(value) === text ? at : -1;
};

const digitsEnd = (bytes: Buffer, start: number): number => {
  let at = start;
  while (isDigit(bytes[at])) at++;
  return at;
};

const endsNumber = (bytes: Buffer, at: number, end: number): boolean =>
  at >= end || bytes[at] === 0x2c || bytes[at] === 0x7d || bytes[at] === 0x5d;

/** Below 10^-6 numbers print with an exponent: six zeros after the point, or more. */
const isTiny = (bytes: Buffer, point: number): boolean => {
  for (let i = 1; i <= 6; i++) if (bytes[point + i] !== 0x30) return false;
  return true;
};

const isInNumber = (byte: number): boolean =>
  isDigit(byte) || byte === 0x2e || byte === 0x2b || byte === 0x2d || byte === 0x65 || byte === 0x45;

const scanArray = (bytes: Buffer, start: number, end: number, depth: number): number => {
  let at = start + 1;
  if (bytes[at] === 0x5d) return at + 1;
  while (at < end) {
    at = scanValue(bytes, at, end, depth, null);
    if (at < 0) return -1;
    if (bytes[at] === 0x5d) return at + 1;
    if (bytes[at] !== 0x2c) return -1;
    at++;
  }
  return -1;
};

const scanObject = (bytes: Buffer, start: number, end: number, depth: number, ranges: FieldRanges | null): number => {
  let at = start + 1;
  if (bytes[at] === 0x7d) return at + 1;
  let lastStart = 0;
  let lastEnd = -1;
  while (at < end) {
    if (bytes[at] !== quote) return -1;
    const keyStart = at + 1;
    let keyEnd = keyStart;
    while (keyEnd < end && bytes[keyEnd] !== quote) {
      const byte = bytes[keyEnd]!;
      if (byte < 0x20 || byte > 0x7e || byte === backslash) return -1;
      keyEnd++;
    }
    if (lastEnd >= 0 && !isBefore(bytes, lastStart, lastEnd, keyStart, keyEnd)) return -1;
    lastStart = keyStart;
    lastEnd = keyEnd;
    if (bytes[keyEnd + 1] !== 0x3a) return -1;
    const valueStart = keyEnd + 2;
    at = scanValue(bytes, valueStart, end, depth, null);
    if (at < 0) return -1;
    if (ranges) note(bytes, ranges, keyStart, keyEnd, valueStart, at);
    if (bytes[at] === 0x7d) return at + 1;
    if (bytes[at] !== 0x2c) return -1;
    at++;
  }
  return -1;
};

/** Whether the first range of ASCII bytes sorts strictly before the second. */
const isBefore = (bytes: Buffer, aStart: number, aEnd: number, bStart: number, bEnd: number): boolean => {
  const common = Math.min(aEnd - aStart, bEnd - bStart);
  for (let i = 0; i < common; i++) {
    const difference = bytes[aStart + i]! - bytes[bStart + i]!;
    if (difference !== 0) return difference < 0;
  }
  return aEnd - aStart < bEnd - bStart;
};

const noted = (['at', 'chain', 'sequence', 'previousHash'] as const).map((name) => ({ name, key: Buffer.from(name) }));
/** By length: most keys are told apart by it alone. */
const notedByLength = Array.from({ length: 13 }, (_, length) => noted.find(({ key }) => key.length === length) ?? null);

const note = (
  bytes: Buffer,
  ranges: FieldRanges,
  keyStart: number,
  keyEnd: number,
  valueStart: number,
  valueEnd: number,
): void => {
  const found = notedByLength[keyEnd - keyStart];
  if (!found) return;
  for (let i = 0; i < found.key.length; i++) if (found.key[i] !== bytes[keyStart + i]) return;
  ranges[found.name] = [valueStart, valueEnd];
};

/** The text of a string value; undefined for another value. */
export const textAt = (bytes: Buffer, [start, end]: ByteRange): string | undefined => {
  if (bytes[start] !== quote || end <= start) return undefined;
  for (let i = start + 1; i < end - 1; i++) {
    if (bytes[i] === backslash || bytes[i]! > 0x7e) return JSON.parse(bytes.toString('utf8', start, end)) as string;
  }
  return bytes.toString('latin1', start + 1, end - 1);
};

/** The integer of a number value; undefined for another value. */
export const countAt = (bytes: Buffer, [start, end]: ByteRange): number | undefined => {
  if (!isDigit(bytes[start])) return undefined;
  const value = Number(bytes.toString('latin1', start, end));
  return Number.isSafeInteger(value) ? value : undefined;
};
