import type { SeededRandomness } from '../../shared/adapters/memory/random.ts';
import { served, startMs } from '../support/api.ts';
import type { Sent } from '../support/http.ts';

/** What a hostile caller knows of the API under attack. */
export interface Known {
  /** Holds every scope. */
  readonly key: string;
  readonly transactionIds: readonly string[];
  readonly accountIds: readonly string[];
  /** Cursors that the API gave. */
  readonly cursors: readonly string[];
  readonly policy: unknown;
  /** How many valid changes of policy and lists are still to be made: each one stays stored. */
  changesLeft: number;
}

/** The next request: valid, with a field changed, broken as text, or broken around the body. */
export function hostileRequest(draw: SeededRandomness, known: Known): Sent {
  const kind = draw.fraction();
  if (kind < 0.06) return nonsense(draw, known);
  if (kind < 0.3) return hostileRead(draw, known);
  const sent = posted(draw, known);
  return draw.fraction() < 0.08 ? aroundBody(draw, sent) : sent;
}

export const validTransaction = (draw: SeededRandomness, transactionId = `t${draw.below(2 ** 31)}`): Record<string, unknown> => ({
  transactionId,
  userId: `u_${draw.below(20)}`,
  accountId: `a_${draw.below(200)}`,
  occurredAt: new Date(startMs - draw.below(3_600_000)).toISOString(),
  amountMinor: 1 + draw.below(1_000_000),
  currency: draw.pick(['INR', 'USD', 'JPY', 'KWD']),
  ...(draw.fraction() < 0.5 && { channel: 'upi', deviceId: `d_${draw.below(50)}`, merchantId: 'm_3', merchantCategory: '5411' }),
  ...(draw.fraction() < 0.3 && { location: { latitude: 12.97, longitude: 77.59 } }),
  ...(draw.fraction() < 0.3 && { metadata: { order: 'o_1', note: 'gr\u00fc\u00df' } }),
});

type Target = (draw: SeededRandomness, known: Known) => { method: string; path: string; body: unknown };

const targets: readonly (readonly [weight: number, target: Target])[] = [
  [26, (draw) => ({ method: 'POST', path: '/transactions', body: validTransaction(draw) })],
  [
    12,
    (draw) => ({
      method: 'POST',
      path: '/transactions/batch',
      body: { transactions: Array.from({ length: 1 + draw.below(6) }, () => validTransaction(draw)) },
    }),
  ],
  [
    30,
    (draw, { transactionIds }) => ({
      method: 'POST',
      path: '/decisions',
      body: draw.fraction() < 0.1 ? validTransaction(draw, draw.pick(transactionIds)) : validTransaction(draw),
    }),
  ],
  [
    14,
    (draw, { transactionIds }) => ({
      method: 'POST',
      path: `/decisions/${draw.fraction() < 0.9 ? draw.pick(transactionIds) : anyPart(draw)}/review`,
      body: { disposition: draw.pick(['CONFIRMED_FRAUD', 'LEGITIMATE', 'UNSURE']), note: 'seen' },
    }),
  ],
  [9, (_, { policy }) => ({ method: 'PUT', path: '/policy', body: { policy, status: 'draft' } })],
  [
    9,
    (draw) => ({
      method: draw.pick(['PUT', 'DELETE']),
      path: `/lists/${draw.pick(['trusted', 'blocked', 'nothing'])}/${draw.fraction() < 0.7 ? 'd_1' : anyPart(draw)}`,
      body: { expiresAt: '2027-01-01T00:00:00Z' },
    }),
  ],
];

const totalWeight = targets.reduce((sum, [weight]) => sum + weight, 0);

function targetAt(place: number): Target {
  let before = 0;
  for (const [weight, target] of targets) {
    before += weight;
    if (place < before) return target;
  }
  throw new RangeError(`no target at ${place}`);
}

function posted(draw: SeededRandomness, known: Known): Sent {
  const place = draw.below(totalWeight);
  const { method, path, body } = targetAt(place)(draw, known);
  const changesSettings = path.startsWith('/policy') || path.startsWith('/lists');
  const sent = { method, path, key: known.key };
  const how = draw.fraction();
  if (how < 0.2 && !(changesSettings && known.changesLeft === 0)) {
    if (changesSettings) known.changesLeft--;
    return { ...sent, body: JSON.stringify(body) };
  }
  if (how < 0.6 || (changesSettings && how < 0.5)) return { ...sent, body: writeJson(draw, mutated(draw, body)) };
  if (how < 0.95) return { ...sent, body: brokenText(draw, JSON.stringify(body)) };
  return { ...sent, body: garbage(draw) };
}

/** A copy with one to three of its values, keys or members changed, at any depth. */
function mutated(draw: SeededRandomness, value: unknown): unknown {
  let copy = structuredClone(value);
  for (let changes = 1 + draw.below(3); changes > 0; changes--) copy = mutatedOnce(draw, copy);
  return copy;
}

function mutatedOnce(draw: SeededRandomness, value: unknown): unknown {
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

const hostileText = (draw: SeededRandomness): string => {
  const how = draw.fraction();
  if (how < 0.8) return draw.pick(hostileTexts);
  if (how < 0.9) return `${draw.pick(hostileTexts)}${draw.pick(hostileTexts)}`;
  return String.fromCharCode(...Array.from({ length: 1 + draw.below(40) }, () => draw.below(0x10000)));
};

function hostileValue(draw: SeededRandomness): unknown {
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
function writeJson(draw: SeededRandomness, value: unknown): string {
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
function brokenText(draw: SeededRandomness, text: string): string | Uint8Array {
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

function garbage(draw: SeededRandomness): string | Uint8Array | null {
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

const methods = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD', 'TRACE', 'get', ''];

/** What goes into one segment of a path: mostly percent-encoded, sometimes not at all. */
const anyPart = (draw: SeededRandomness): string => {
  const text = hostileText(draw);
  const how = draw.fraction();
  if (how < 0.1) return draw.pick(['%', '%zz', '%ff', '%c0%af', '%2f', '%00', '%25', '%E0%A4%A', '%u0041']);
  return how < 0.8 && text.isWellFormed() ? encodeURIComponent(text) : text;
};

const parametersOf = (draw: SeededRandomness, known: Known): Record<string, string> => {
  const one = (values: readonly string[]): string => (draw.fraction() < 0.6 ? draw.pick(values) : anyPart(draw));
  return {
    transactionId: one(known.transactionIds),
    accountId: one(known.accountIds),
    version: one(['1', '2', '999', '0', '-1', '1.5', '1e3', '99999999999999999999']),
    path: one(['swagger-ui.css', 'start.js', 'index.html', 'assets/x.js', '../package.json']),
    list: one(['trusted', 'blocked', 'x']),
    entry: one(['d_1', 'm_1']),
  };
};

const queryNames = ['limit', 'cursor', 'outcome', 'signal', 'userId', 'state', 'minutes', 'explain'];

const readable = served.filter((route) => route.method === 'GET');

function hostileRead(draw: SeededRandomness, known: Known): Sent {
  const route = draw.pick(readable);
  const query: Record<string, string[]> = {};
  for (let count = draw.pick([0, 0, 1, 1, 2, 4]); count > 0; count--) {
    const name = draw.fraction() < 0.85 ? draw.pick(queryNames) : hostileText(draw);
    query[name] = Array.from({ length: draw.fraction() < 0.9 ? 1 : 2 }, () => queryValue(draw, known, name));
  }
  return { method: 'GET', path: route.pathWith(parametersOf(draw, known)), key: known.key, query };
}

function queryValue(draw: SeededRandomness, known: Known, name: string): string {
  if (draw.fraction() < 0.3) return hostileText(draw);
  if (name === 'cursor') {
    const cursor = draw.pick(known.cursors);
    const at = draw.below(cursor.length);
    return draw.pick([
      cursor,
      cursor.slice(0, at),
      `${cursor.slice(0, at)}${draw.pick(['A', '-', '='])}${cursor.slice(at + 1)}`,
      `${cursor}=`,
    ]);
  }
  return draw.pick([
    '1',
    '50',
    '200',
    '201',
    '0',
    '1440',
    '1441',
    'ALLOW',
    'BLOCK',
    'ANOMALY',
    'TXN_VELOCITY_1H',
    'open',
    'closed',
    'full',
    'u_1',
    'u_2',
  ]);
}

function nonsense(draw: SeededRandomness, known: Known): Sent {
  const path = draw.pick([
    '',
    '/',
    '//',
    '/.',
    '/..',
    '/%2e%2e/',
    '/decisions',
    '/decisions/',
    '/decisions//review',
    '/accounts//decision',
    '/policy/versions/1/2',
    `/${anyPart(draw)}`,
    `/decisions/${anyPart(draw)}/${anyPart(draw)}`,
    `/docs/${anyPart(draw)}`,
    `/console/${anyPart(draw)}`,
    `${'/a'.repeat(500)}`,
  ]);
  return {
    method: draw.pick(methods),
    path,
    key: draw.fraction() < 0.8 ? known.key : null,
    body: draw.fraction() < 0.5 ? garbage(draw) : null,
  };
}

/** The same request with something wrong in its headers or method. */
function aroundBody(draw: SeededRandomness, sent: Sent): Sent {
  const header = draw.pick<readonly [string, string]>([
    [
      'Content-Type',
      draw.pick([
        '',
        'text/plain',
        'application/json; charset=utf-16',
        'application/json, text/html',
        'multipart/form-data',
        'application/jsonx',
        hostileText(draw),
      ]),
    ],
    ['Content-Encoding', draw.pick(['gzip', 'br', 'identity', 'deflate, gzip', hostileText(draw)])],
    [
      'Authorization',
      draw.pick([
        '',
        'Bearer',
        'Bearer ',
        `Bearer ${sent.key}x`,
        `bearer ${sent.key}`,
        `Basic ${sent.key}`,
        'Bearer aegis_acme_',
        'Bearer eyJhbGciOiJub25lIn0.e30.',
        `Bearer ${'x'.repeat(20_000)}`,
        hostileText(draw),
      ]),
    ],
    ['x-correlation-id', hostileText(draw)],
    ['X-Forwarded-For', hostileText(draw)],
    ['__proto__', hostileText(draw)],
  ]);
  return draw.fraction() < 0.1 ? { ...sent, method: draw.pick(methods) } : { ...sent, headers: Object.fromEntries([header]) };
}
