import type { SeededRandom } from '../../shared/store/random.ts';

/** A copy with one to three of its values, keys or members changed, at any depth. */
export function mutated(draw: SeededRandom, value: unknown): unknown {
  let copy = structuredClone(value);
  for (let changes = 1 + draw.below(3); changes > 0; changes--) copy = mutatedOnce(draw, copy);
  return copy;
}

function mutatedOnce(draw: SeededRandom, value: unknown): unknown {
  if (Array.isArray(value) && value.length > 0 && draw.fraction() < 0.8) {
    const at = draw.below(value.length);
    return value.with(at, mutatedOnce(draw, value[at]));
  }
  if (typeof value === 'object' && value !== null && draw.fraction() < 0.9) {
    const members = Object.entries(value);
    const how = draw.fraction();
    if (members.length === 0 || how < 0.15) return Object.fromEntries([...members, [hostileText(draw), hostileValue(draw)]]);
    const at = draw.below(members.length);
    const [key, inner] = members[at]!;
    if (how < 0.3) members.splice(at, 1);
    else if (how < 0.4) members[at] = [hostileText(draw), inner];
    else members[at] = [key, mutatedOnce(draw, inner)];
    return Object.fromEntries(members);
  }
  return hostileValue(draw);
}

/** Written as it stands instead of a value: JavaScript has no such numbers. */
class Raw {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

// biome-ignore format: a table of words reads best as words
const hostileNumbers = [
  '0', '-0', '-1', '1.0', '1e2', '1E+2', '0.1', '9007199254740991', '9007199254740992', '9007199254740993', '1e400', '-1e400', '1e-400',
  '18446744073709551616', '90', '90.0000000001', '-180', '180.5', '12.340000000000000000000000000000000001', '00', '+1', '.5', '1.', 'NaN', 'Infinity', '0x10', '1_000',
].map((text) => new Raw(text));

// biome-ignore format: a table of words reads best as words
const hostileTexts = [
  '', ' ', '.', '..', '../..', '%2e%2e', 'latest', '__proto__', 'constructor', 'toString', 'hasOwnProperty', 'null', 'undefined', 'true',
  '\u0000', 'a\u0000b', '\u202eabc', '\u200b', 'a\u200bb', '\ufeff', '\uffff', '\ufffe', 'a\u0301', '\u00e1', '\u0430ccount', '\uff41', '\u2163', '\u0661\u0662', '\ud83d\ude00',
  '\ud800', '\udc00x', "' OR 1=1 --", '"; drop', 'jndi:ldap://x/a', '{{7*7}}', '<script>alert(1)</script>', '$ne', '%s%n%x', '#', 'a#b', 'a/b', 'a\\b', '\r\nset-cookie: x',
  'x'.repeat(64), 'x'.repeat(65), 'x'.repeat(256), 'x'.repeat(257), 'x'.repeat(10_000), '\u00e9'.repeat(300), '\ud83d\ude00'.repeat(256),
  '2026-11-20T12:00:00Z', '2026-11-20T12:00:00', '2026-02-30T12:00:00Z', '2026-11-20T24:00:00Z', '2026-11-20T12:00:60Z', '2026-11-20 12:00:00Z', '1999-12-31T23:59:59Z',
  '9999-12-31T23:59:59Z', '+010000-01-01T00:00:00Z', '2026-11-20T12:00:00+14:01', '2026-11-20T12:00:00-00:00', '2026-11-20T12:00:00.0000000001Z', '2026-11-20t12:00:00z',
  'USD', 'usd', 'XXX', 'US\u0405', 'INR ', 'CONFIRMED_FRAUD', 'transaction.amountMinor > 10', '((((((((((((((((((((1', 'size("a") > ', 'a.b.c.d.e.f()',
];

export const hostileText = (draw: SeededRandom): string => {
  const how = draw.fraction();
  if (how < 0.8) return draw.pick(hostileTexts);
  if (how < 0.9) return `${draw.pick(hostileTexts)}${draw.pick(hostileTexts)}`;
  return String.fromCharCode(...Array.from({ length: 1 + draw.below(40) }, () => draw.below(0x10000)));
};

function hostileValue(draw: SeededRandom): unknown {
  const how = draw.fraction();
  if (how < 0.35) return hostileText(draw);
  if (how < 0.6) return draw.pick(hostileNumbers);
  if (how < 0.7) return draw.pick([null, true, false]);
  if (how < 0.8) return draw.pick<unknown>([[], {}, [[]], [null], { '': '' }, { constructor: { prototype: {} } }, [{}, {}]]);
  if (how < 0.85) return nested(draw.pick([2, 12, 15, 16, 17, 40]), draw.fraction() < 0.5);
  if (how < 0.9) return Object.fromEntries(Array.from({ length: draw.pick([19, 20, 21, 100]) }, (_, i) => [`k${i}`, 'v']));
  if (how < 0.95) return new Raw('9'.repeat(draw.pick([16, 17, 400, 5_000])));
  return Array.from({ length: draw.pick([1, 500, 501]) }, () => draw.pick<unknown>([0, 'x', null]));
}

function nested(levels: number, inArrays: boolean): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = inArrays ? [value] : { a: value };
  return value;
}

/** JSON text; `Raw` is written as it stands, lone surrogates as themselves, members of `__proto__` too. */
export function writeJson(draw: SeededRandom, value: unknown): string {
  if (value instanceof Raw) return value.text;
  if (Array.isArray(value)) return `[${value.map((inner) => writeJson(draw, inner)).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    return `{${Object.entries(value)
      .map(([key, inner]) => `${JSON.stringify(key)}:${writeJson(draw, inner)}`)
      .join(',')}}`;
  }
  return JSON.stringify(value);
}

/** Of broken texts: those of the largest size allowed, or beyond. */
const largeShare = 0.01;

/** A text broken as text. */
export function brokenText(draw: SeededRandom, text: string): string | Uint8Array {
  const at = draw.below(text.length);
  const bytes = (): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(text));
  const breaks: readonly (() => string | Uint8Array)[] = [
    () => text.slice(0, at),
    () => text.slice(at),
    () => text + text,
    () =>
      `${text.slice(0, at)}${draw.pick(['"', '{', '}', '[', ']', ',', ':', '\\', '\u0000', '\n', '//', '/**/', "'"])}${text.slice(at)}`,
    () => text.slice(0, at) + text.slice(at + 1),
    () => `\ufeff${text}`,
    () => `${text}\u0000`,
    () => `${text},`,
    () => text.replace('}', ',}'),
    () => text.replace('{', '{"__proto__":{"a":1},'),
    () => text.replace('{', '{"transactionId":"x","transactionId":"y",'),
    () => text.replace('{', '{"a":1,"\\u0061":2,'),
    () => text.replaceAll('"', "'"),
    () => text.replace(/"(\w+)":/, '$1:'),
    () => text.replace(/:"([^"]*)"/, ':"\\ud800"'),
    () => text.replace(/:"([^"]*)"/, ':"\\x41"'),
    () => text.replace(/:"([^"]*)"/, ':"\\u00zz"'),
    () => `${'['.repeat(1_000)}${text}${']'.repeat(1_000)}`,
    () => {
      const broken = bytes();
      broken[at % broken.length] = draw.pick([0x80, 0xc0, 0xff, 0xfe, 0xed, 0xf8]);
      return broken;
    },
    () => new Uint8Array(Buffer.from(text, 'utf16le')),
    () => Uint8Array.of(0xef, 0xbb, 0xbf, ...bytes()),
    () => Uint8Array.of(0x1f, 0x8b, 8, 0, ...bytes()),
    () => new Uint8Array(Buffer.from(text, 'latin1')),
  ];
  const large: typeof breaks = [
    () => '['.repeat(100_000),
    () => '{"a":'.repeat(20_000),
    () => `${' '.repeat(200_000)}${text}`,
    () => `${text}${' '.repeat(262_144)}`,
    () => `"${'x'.repeat(262_142)}"`,
    () => `[${'{},'.repeat(50_000)}{}]`,
  ];
  return draw.pick(draw.fraction() < largeShare ? large : breaks)();
}

export function garbage(draw: SeededRandom): string | Uint8Array | null {
  const how = draw.fraction();
  if (how < 0.1) return null;
  if (how < 0.2) return '';
  if (how < 0.5)
    return draw.pick([
      'null',
      'true',
      '0',
      '""',
      '[]',
      '{}',
      '[{}]',
      '{"transactions":[]}',
      '{"transactions":{}}',
      '{"transactions":[1,null,[]]}',
      'undefined',
      '<xml/>',
      'a=b&c=d',
    ]);
  if (how < 0.7) return hostileText(draw);
  return draw.bytes(draw.below(2_000));
}
