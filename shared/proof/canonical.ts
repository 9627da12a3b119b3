import { isUtf8 } from 'node:buffer';
import { hash } from 'node:crypto';
import canonicalize from 'canonicalize';

/** Lower-case hex SHA-256. */
export const sha256Hex = (data: Uint8Array | string): string => hash('sha256', data, 'hex');
export const sha256 = (data: Uint8Array): Uint8Array => hash('sha256', data, 'buffer');

/** RFC 8785 text. Throws TypeError for what JSON cannot hold. */
export const canonicalText = (value: unknown): string => {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('a value that JSON cannot hold has no canonical form');
  return text;
};

/** Whether these bytes are exactly the RFC 8785 form of what they say. */
export const isCanonical = (bytes: Buffer): boolean => scan(bytes, 0, bytes.length, null) || isCanonicalSlowly(bytes);

/** What the verifier reads of an audit body; `undefined` where the field is missing or of another kind. */
export interface BodyFields {
  readonly chain: string | undefined;
  readonly sequence: number | undefined;
  readonly previousHash: string | undefined;
  readonly at: string | undefined;
}

/**
 * The fields of a canonical body, or null when the bytes are not canonical JSON. One pass over the bytes, several times faster than
 * parsing: a million entries take seconds.
 */
export const readBody = (bytes: Buffer): BodyFields | null => {
  const spans: Spans = { at: [0, 0], chain: [0, 0], previousHash: [0, 0], sequence: [0, 0] };
  if (scan(bytes, 0, bytes.length, spans)) {
    return {
      chain: textAt(bytes, spans.chain),
      sequence: countAt(bytes, spans.sequence),
      previousHash: textAt(bytes, spans.previousHash),
      at: textAt(bytes, spans.at),
    };
  }
  if (!isCanonicalSlowly(bytes)) return null;
  const body: unknown = JSON.parse(bytes.toString('utf8'));
  const fields = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  return {
    chain: typeof fields.chain === 'string' ? fields.chain : undefined,
    sequence: Number.isSafeInteger(fields.sequence) ? (fields.sequence as number) : undefined,
    previousHash: typeof fields.previousHash === 'string' ? fields.previousHash : undefined,
    at: typeof fields.at === 'string' ? fields.at : undefined,
  };
};

type Span = [start: number, end: number];
type Spans = Record<'at' | 'chain' | 'previousHash' | 'sequence', Span>;

const isCanonicalSlowly = (bytes: Buffer): boolean => {
  if (!isUtf8(bytes)) return false;
  const text = bytes.toString('utf8');
  try {
    return canonicalize(JSON.parse(text)) === text;
  } catch {
    return false; // What cannot be parsed or has lone surrogates has no canonical form.
  }
};

const depthMax = 32;
const quote = 0x22;
const backslash = 0x5c;

/**
 * True only for canonical text; false also for canonical text beyond its means (keys that are not plain ASCII, deep nesting), which the
 * slow way settles.
 */
const scan = (bytes: Buffer, start: number, end: number, spans: Spans | null): boolean =>
  scanValue(bytes, start, end, 0, spans) === end && isUtf8(bytes);

/** The position after the value, or -1. */
const scanValue = (bytes: Buffer, at: number, end: number, depth: number, spans: Spans | null): number => {
  switch (bytes[at]) {
    case quote:
      return scanString(bytes, at, end);
    case 0x7b:
      return depth < depthMax ? scanObject(bytes, at, end, depth + 1, spans) : -1;
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

const scanObject = (bytes: Buffer, start: number, end: number, depth: number, spans: Spans | null): number => {
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
    if (spans) note(bytes, spans, keyStart, keyEnd, valueStart, at);
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

const note = (bytes: Buffer, spans: Spans, keyStart: number, keyEnd: number, valueStart: number, valueEnd: number): void => {
  const found = notedByLength[keyEnd - keyStart];
  if (!found) return;
  for (let i = 0; i < found.key.length; i++) if (found.key[i] !== bytes[keyStart + i]) return;
  spans[found.name] = [valueStart, valueEnd];
};

const textAt = (bytes: Buffer, [start, end]: Span): string | undefined => {
  if (bytes[start] !== quote || end <= start) return undefined;
  for (let i = start + 1; i < end - 1; i++) {
    if (bytes[i] === backslash || bytes[i]! > 0x7e) return JSON.parse(bytes.toString('utf8', start, end)) as string;
  }
  return bytes.toString('latin1', start + 1, end - 1);
};

const countAt = (bytes: Buffer, [start, end]: Span): number | undefined => {
  if (!isDigit(bytes[start])) return undefined;
  const value = Number(bytes.toString('latin1', start, end));
  return Number.isSafeInteger(value) ? value : undefined;
};
