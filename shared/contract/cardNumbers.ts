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

interface Run {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
}

/** Whether the text holds a card number. */
export function hasCardNumber(text: string): boolean {
  return !isHarmless(text) && findRuns(simplify(text).text, true).length > 0;
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
  const simple = simplify(text);
  let masked = '';
  let from = 0;
  for (const { start, end } of findRuns(simple.text, false)) {
    masked += text.slice(from, simple.origin(start));
    for (let i = start; i < end; i++) {
      masked += isDigit(simple.text[i]!) ? '*' : text.slice(simple.origin(i), simple.origin(i + 1));
    }
    from = simple.origin(end);
  }
  return masked + text.slice(from);
}

const isDigit = (character: string): boolean => character >= '0' && character <= '9';

const simpleEscapes: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

function decodeEscapes(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/g, (_, hexadecimal: string | undefined, letter: string) =>
    hexadecimal === undefined ? (simpleEscapes[letter] ?? letter) : String.fromCharCode(Number.parseInt(hexadecimal, 16)),
  );
}

interface Simple {
  /** Digits of every script as ASCII, separators as `-`, letters as `a`, anything else as `.`. */
  readonly text: string;
  /** Where in the given text the character at an index of the simple one began. */
  readonly origin: (index: number) => number;
}

function simplify(given: string): Simple {
  let text = '';
  const origins: number[] = [];
  let at = 0;
  for (const character of given) {
    for (const part of character.normalize('NFKC')) {
      text += simpleCharacter(part);
      origins.push(at);
    }
    at += character.length;
  }
  origins.push(at);
  return { text, origin: (index) => origins[index]! };
}

function simpleCharacter(character: string): string {
  const code = character.codePointAt(0)!;
  if (code >= 0x30 && code <= 0x39) return character;
  if (character === ' ' || character === '-') return '-';
  if (code < 0x80) return /[a-zA-Z]/.test(character) ? 'a' : '.';
  if (/\p{Nd}/u.test(character)) return String(digitValue(code));
  if (/[\p{Pd}\p{Zs}\u2212]/u.test(character)) return '-';
  return /\p{L}/u.test(character) ? 'a' : '.';
}

/** Unicode keeps the decimal digits of a script together, 0 to 9; scripts may follow each other without a gap. */
function digitValue(code: number): number {
  let first = code;
  while (/\p{Nd}/u.test(String.fromCodePoint(first - 1))) first--;
  return (code - first) % 10;
}

/** Every card number, the longest from each place; a longer row of groups is tried from each group to each later one. */
function findRuns(simple: string, firstOnly: boolean): readonly Run[] {
  const found: Run[] = [];
  for (const row of simple.matchAll(/[0-9]+(?:-[0-9]+)*/g)) {
    const groups = groupsOf(row[0], row.index);
    for (let i = 0; i < groups.length; i++) {
      const last = lastGroup(simple, groups, i);
      if (last === null) continue;
      found.push({ start: groups[i]!.start, end: groups[last]!.end });
      if (firstOnly) return found;
      i = last;
    }
  }
  return found;
}

/** The group with which the longest card number that begins at `first` ends; null when none begins there. */
function lastGroup(simple: string, groups: readonly Run[], first: number): number | null {
  let digits = '';
  let last: number | null = null;
  for (let i = first; i < groups.length; i++) {
    const { start, end } = groups[i]!;
    if (digits.length + end - start > mostDigits) break;
    digits += simple.slice(start, end);
    const isLongEnough = digits.length >= fewestDigits;
    if (isLongEnough && !touchesLetter(simple, { start: groups[first]!.start, end }) && isCardNumber(digits)) last = i;
  }
  return last;
}

function groupsOf(row: string, offset: number): readonly Run[] {
  return [...row.matchAll(/[0-9]+/g)].map((group) => ({
    start: offset + group.index,
    end: offset + group.index + group[0].length,
  }));
}

const touchesLetter = (simple: string, run: Run): boolean => simple[run.start - 1] === 'a' || simple[run.end] === 'a';

function isCardNumber(digits: string): boolean {
  return hasIssuerPrefix(digits) && isLuhnValid(digits);
}

function hasIssuerPrefix(digits: string): boolean {
  return issuerPrefixes.some(([first, last]) => {
    const prefix = Number(digits.slice(0, String(first).length));
    return prefix >= first && prefix <= last;
  });
}

function isLuhnValid(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 0x30;
    const doubled = i % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
