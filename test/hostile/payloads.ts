import type { SeededRandom } from '../../shared/store/random.ts';
import { served, startMs } from '../support/api.ts';
import type { Sent } from '../support/http.ts';
import { brokenText, garbage, hostileText, mutated, writeJson } from './bodies.ts';

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
export function hostileRequest(draw: SeededRandom, known: Known): Sent {
  const kind = draw.fraction();
  if (kind < 0.06) return nonsense(draw, known);
  if (kind < 0.3) return hostileRead(draw, known);
  const sent = posted(draw, known);
  return draw.fraction() < 0.08 ? aroundBody(draw, sent) : sent;
}

export const validTransaction = (draw: SeededRandom, transactionId = `t${draw.below(2 ** 31)}`): Record<string, unknown> => ({
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

type Target = (draw: SeededRandom, known: Known) => { method: string; path: string; body: unknown };

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

function posted(draw: SeededRandom, known: Known): Sent {
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

const methods = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD', 'TRACE', 'get', ''];

/** What goes into one segment of a path: mostly percent-encoded, sometimes not at all. */
const anyPart = (draw: SeededRandom): string => {
  const text = hostileText(draw);
  const how = draw.fraction();
  if (how < 0.1) return draw.pick(['%', '%zz', '%ff', '%c0%af', '%2f', '%00', '%25', '%E0%A4%A', '%u0041']);
  return how < 0.8 && text.isWellFormed() ? encodeURIComponent(text) : text;
};

const parametersOf = (draw: SeededRandom, known: Known): Record<string, string> => {
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

function hostileRead(draw: SeededRandom, known: Known): Sent {
  const route = draw.pick(readable);
  const query: Record<string, string[]> = {};
  for (let count = draw.pick([0, 0, 1, 1, 2, 4]); count > 0; count--) {
    const name = draw.fraction() < 0.85 ? draw.pick(queryNames) : hostileText(draw);
    query[name] = Array.from({ length: draw.fraction() < 0.9 ? 1 : 2 }, () => queryValue(draw, known, name));
  }
  return { method: 'GET', path: route.pathWith(parametersOf(draw, known)), key: known.key, query };
}

function queryValue(draw: SeededRandom, known: Known, name: string): string {
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

function nonsense(draw: SeededRandom, known: Known): Sent {
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
function aroundBody(draw: SeededRandom, sent: Sent): Sent {
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
