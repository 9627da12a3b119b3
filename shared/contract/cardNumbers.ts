/**
 * Card numbers as the contract defines them: 13-19 decimal digits of any script (after NFKC), single spaces or dashes between
 * them allowed, no letter or digit next to them, valid by Luhn, with an issuer prefix of a card network.
 */

const fewestDigits = 13;
const mostDigits = 19;

/** First and last prefix of each range, of equal length (ISO/IEC 7812 issuer ranges as the networks publish them). */
const issuerPrefixes: readonly (readonly [first: number, last: number, network: string])[] = [
  [4, 4, 'Visa'],
  [51, 55, 'Mastercard'],
  [2221, 2720, 'Mastercard'],
  [34, 34, 'American Express'],
  [37, 37, 'American Express'],
  [300, 305, 'Diners Club'],
  [3095, 3095, 'Diners Club'],
  [36, 36, 'Diners Club'],
  [38, 39, 'Diners Club'],
  [3528, 3589, 'JCB'],
  [6011, 6011, 'Discover'],
  [644, 659, 'Discover, RuPay, Elo'],
  [62, 62, 'UnionPay'],
  [81, 82, 'UnionPay, RuPay'],
  [60, 60, 'RuPay, Hipercard'],
  [50, 50, 'Maestro, RuPay, Verve'],
  [56, 58, 'Maestro'],
  [61, 61, 'Maestro'],
  [63, 63, 'Maestro'],
  [66, 69, 'Maestro'],
  [2200, 2205, 'Mir'],
  [9792, 9792, 'Troy'],
  [8600, 8600, 'Uzcard'],
  [9860, 9860, 'Humo'],
];

/** Whether the text holds a card number. */
export function hasCardNumber(text: string): boolean {
  return !isHarmless(text) && findRuns(simplify(text).kinds, true).length > 0;
}

/** The text with every digit of every card number in it, also one hidden in JSON escapes, replaced by `*`. */
export function maskCardNumbers(text: string): string {
  if (isHarmless(text)) return text;
  const masked = mask(text);
  if (!masked.includes('\\')) return masked;
  const unescaped = decodeEscapes(masked);
  const maskedAgain = mask(unescaped);
  return maskedAgain === unescaped ? masked : maskedAgain;
}

/** A quick no: too few characters that are digits or may become up to three (NFKC of numbers and symbols), and no escapes. */
function isHarmless(text: string): boolean {
  let digits = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x5c) return false;
    if (code > 0x7f) return 3 * (text.match(/[\p{N}\p{So}]/gu)?.length ?? 0) < fewestDigits && !text.includes('\\');
    if (code >= 0x30 && code <= 0x39) digits++;
  }
  return digits < fewestDigits;
}

function mask(text: string): string {
  const { kinds, origins } = simplify(text);
  let masked = '';
  let from = 0;
  for (const { start, end } of findRuns(kinds, false)) {
    masked += text.slice(from, origins[start]);
    for (let i = start; i < end; i++) masked += kinds[i]! <= 9 ? '*' : text.slice(origins[i], origins[i + 1]);
    from = origins[end]!;
  }
  return masked + text.slice(from);
}

const simpleEscapes: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

function decodeEscapes(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/g, (_, hexadecimal: string | undefined, letter: string) =>
    hexadecimal === undefined ? (simpleEscapes[letter] ?? letter) : String.fromCharCode(Number.parseInt(hexadecimal, 16)),
  );
}

/** What a character is: a digit's own value 0 to 9, or one of these. */
const separator = 10;
const letter = 11;
const other = 12;

interface Simple {
  readonly kinds: readonly number[];
  /** Where in the text the character at an index began; one more entry for the end. */
  readonly origins: readonly number[];
}

/** Character by character after NFKC, which neither makes nor moves digits across characters. */
function simplify(text: string): Simple {
  const kinds: number[] = [];
  const origins: number[] = [];
  let at = 0;
  for (const character of text) {
    const code = character.charCodeAt(0);
    if (code < 0x80) {
      kinds.push(asciiKinds[code]!);
      origins.push(at);
    } else {
      for (const part of character.normalize('NFKC')) {
        kinds.push(kindOf(part));
        origins.push(at);
      }
    }
    at += character.length;
  }
  origins.push(at);
  return { kinds, origins };
}

const asciiKinds: readonly number[] = Array.from({ length: 0x80 }, (_, code) => kindOf(String.fromCharCode(code)));

function kindOf(character: string): number {
  if (/\p{Nd}/u.test(character)) return digitValue(character.codePointAt(0)!);
  if (/[\p{Pd}\p{Zs}\u2212]/u.test(character)) return separator;
  return /\p{L}/u.test(character) ? letter : other;
}

/** Unicode keeps the decimal digits of a script together, 0 to 9; scripts may follow each other without a gap. */
function digitValue(code: number): number {
  let first = code;
  while (/\p{Nd}/u.test(String.fromCodePoint(first - 1))) first--;
  return (code - first) % 10;
}

interface Run {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
}

/** Every card number, the longest from each place; in a longer row of groups of digits, from each group to each later one. */
function findRuns(kinds: readonly number[], firstOnly: boolean): readonly Run[] {
  const found: Run[] = [];
  for (let start = 0; start < kinds.length; start++) {
    if (kinds[start]! > 9 || !isApart(kinds[start - 1])) continue;
    const end = endOfCardNumber(kinds, start);
    if (end === null) continue;
    found.push({ start, end });
    if (firstOnly) return found;
    start = end;
  }
  return found;
}

/** Neither letter nor digit. */
const isApart = (kind: number | undefined): boolean => kind === undefined || kind === separator || kind === other;

/** Where the longest card number that begins at `start` ends; null when none begins there. */
function endOfCardNumber(kinds: readonly number[], start: number): number | null {
  const digits: number[] = [];
  let end: number | null = null;
  for (let at = start; at < kinds.length; at++) {
    const kind = kinds[at]!;
    if (kind > separator) break;
    if (kind === separator) {
      if (!(kinds[at + 1]! <= 9)) break;
      continue;
    }
    if (digits.length === mostDigits) break;
    digits.push(kind);
    if (digits.length === prefixDigits && !isIssuerPrefix[numberOf(digits)]) break;
    if (digits.length >= fewestDigits && isApart(kinds[at + 1]) && isLuhnValid(digits)) end = at + 1;
  }
  return end;
}

const prefixDigits = 4;

/** By the first four digits of a number. */
const isIssuerPrefix = new Uint8Array(10 ** prefixDigits);
for (const [first, last] of issuerPrefixes) {
  const followers = 10 ** (prefixDigits - String(first).length);
  isIssuerPrefix.fill(1, first * followers, (last + 1) * followers);
}

const numberOf = (digits: readonly number[]): number => digits.reduce((value, digit) => 10 * value + digit, 0);

function isLuhnValid(digits: readonly number[]): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = digits[digits.length - 1 - i]!;
    const doubled = i % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
