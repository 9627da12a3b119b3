import type { SeededRandom } from '../../shared/store/random.ts';

/** Issuer prefixes and lengths as the networks publish them. */
const networks: readonly (readonly [prefix: string, digits: number])[] = [
  ['4', 13],
  ['4', 16],
  ['4', 19],
  ['51', 16],
  ['55', 16],
  ['2221', 16],
  ['2720', 16],
  ['34', 15],
  ['37', 15],
  ['300', 14],
  ['36', 14],
  ['38', 14],
  ['3528', 16],
  ['3589', 16],
  ['6011', 16],
  ['644', 16],
  ['65', 16],
  ['62', 16],
  ['62', 19],
  ['60', 16],
  ['81', 16],
  ['50', 16],
  ['67', 13],
  ['2200', 16],
];

/** A number that passes the check of its network. */
export function cardNumber(draw: SeededRandom): string {
  const [prefix, length] = draw.pick(networks);
  const digits = prefix + Array.from({ length: length - 1 - prefix.length }, () => draw.below(10)).join('');
  const sum = [...digits].reverse().reduce((total, digit, i) => {
    const doubled = Number(digit) * (i % 2 === 0 ? 2 : 1);
    return total + Math.floor(doubled / 10) + (doubled % 10);
  }, 0);
  return `${digits}${(10 - (sum % 10)) % 10}`;
}

/** Zeros of scripts, and of forms that NFKC turns into digits. */
const zeros = [0x660, 0x6f0, 0x966, 0x9e6, 0xe50, 0x17e0, 0xff10, 0x1d7ce, 0x1d7f6, 0x116da, 0x1e950];
const superscripts = ['\u2070', '\u00b9', '\u00b2', '\u00b3', '\u2074', '\u2075', '\u2076', '\u2077', '\u2078', '\u2079'];
const separators = [' ', '-', '\u00a0', '\u2013', '\u2014', '\u2011', '\u2212', '\u3000', '\uff0d', '\u202f'];

/** The number as somebody might write it, always a card number by the contract. */
export function disguised(draw: SeededRandom, digits: string): string {
  const zero = draw.pick(zeros);
  const inScript = (digit: string): string => String.fromCodePoint(zero + Number(digit));
  const separator = draw.pick(separators);
  const written = draw.pick<() => string>([
    () => digits,
    () => digits.replace(/(.{4})(?=.)/g, `$1${separator}`),
    () => [...digits].join(separator),
    () => digits.replace(/(.{4})(.{6})/, `$1${separator}$2${separator}`),
    () => [...digits].map(inScript).join(''),
    () => [...digits].map((digit) => (draw.fraction() < 0.5 ? inScript(digit) : digit)).join(''),
    () => [...digits].map((digit) => superscripts[Number(digit)]).join(''),
    () => [...digits].map(inScript).join(separator),
  ])();
  const [before, after] = draw.pick([
    ['', ''],
    ['', ''],
    ['card: ', '.'],
    ['txn_', ''],
    ['(', ')'],
    ['\u20ac', '/12'],
    ['\u4e00 ', ' \u4e8c'],
  ] as const);
  return `${before}${written}${after}`;
}

/** Every decimal digit there is, by its value: Unicode keeps each script's ten together, in order. */
const digitValues = new Map<string, string>();
for (let code = 0, run = 0; code <= 0x1ffff; code++) {
  const character = String.fromCodePoint(code);
  run = /\p{Nd}/u.test(character) ? run + 1 : 0;
  if (run > 0) digitValues.set(character, String((run - 1) % 10));
}

/** Whether anything held shows the number, however it is written. */
export function holds(held: unknown, digits: string): boolean {
  const text = JSON.stringify(held, (_, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value,
  );
  return shows(text, digits);
}

function shows(text: string, digits: string): boolean {
  const plain = text
    .replace(/\\+u([0-9a-fA-F]{4})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    .replace(/(?:%[0-9a-fA-F]{2})+/g, decoded)
    .normalize('NFKC')
    .replace(/[^\P{Nd}0-9]/gu, (digit) => digitValues.get(digit)!)
    .replace(/[\p{Pd}\p{Zs}\u2212]/gu, '');
  return plain.includes(digits);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}
