import { beforeEach, describe, expect, it } from 'vitest';
import { routes } from '../../../shared/contract/routes.ts';
import { httpHandler } from '../../../shared/edge/http.ts';
import { type Log, logLine } from '../../../shared/edge/log.ts';
import { invalid, unavailable } from '../../../shared/edge/problem.ts';
import type { Endpoints } from '../../../shared/edge/request.ts';
import { readShareOf, requestLog } from '../../../shared/edge/requestLog.ts';
import { eventOf, type Sent } from '../../support/http.ts';
import { newKey, testStores } from '../../support/stores.ts';

let stores: ReturnType<typeof testStores>;
let lines: Record<string, unknown>[];
let key: string;
let fail: Error | null;

const answering = new Proxy<Endpoints>(
  {},
  {
    get: () => ({
      read: () => undefined,
      answer: async () => {
        if (fail) throw fail;
        return { status: 200, body: { userId: 'u_1' } };
      },
    }),
  },
);

const log: Log = (level, message, fields = {}) => {
  if (level === 'audit') lines.push(JSON.parse(logLine(level, message, fields)));
};

const send = async (sent: Sent, more: { throttle?: { ratePerSecond: number; burst: number }; readLogShare?: number } = {}) => {
  const event = { ...eventOf(sent), requestContext: { requestId: 'gateway-1' } as ReturnType<typeof eventOf>['requestContext'] };
  return httpHandler('read', answering, { ...stores, log, ...more })(event);
};

beforeEach(async () => {
  stores = testStores();
  lines = [];
  fail = null;
  key = await newKey(stores, ['read', 'review', 'admin']);
});

const secret = 'u_4711';
const body = JSON.stringify({ note: secret });

describe('the line of a refused request', () => {
  it.each<[string, () => Promise<unknown>, object]>([
    ['without a key', () => send({ path: '/policy' }), { status: 401, problem: 'Unauthorized', method: 'GET' }],
    [
      'of a scope that the key lacks',
      async () => send({ path: '/policy', key: await newKey(stores, ['ingest']) }),
      { status: 403, operationId: 'getPolicy', tenant: 'acme' },
    ],
    ['of no route', () => send({ path: `/${secret}`, key }), { status: 404, method: 'GET', tenant: 'acme' }],
    [
      'of a method that the route does not take',
      () => send({ path: '/policy', method: 'PATCH', key }),
      { status: 405, method: 'PATCH' },
    ],
    [
      'above the rate',
      () => send({ path: '/policy', key }, { throttle: { ratePerSecond: 1, burst: 0 } }),
      { status: 429, operationId: 'getPolicy' },
    ],
    [
      'whose query is wrong',
      () => send({ path: '/reviews', key, query: { nonsense: [secret] } }),
      { status: 400, problem: 'Bad Request', operationId: 'getReviews' },
    ],
    [
      'whose body has faults',
      () => {
        fail = invalid([{ pointer: '/note', detail: secret }]);
        return send({ path: '/decisions/t1/review', method: 'POST', key, body });
      },
      { status: 400, operationId: 'postReview', transactionId: 't1' },
    ],
    [
      'that a store failed',
      () => {
        fail = unavailable('the table is away');
        return send({ path: '/decisions/t1', key });
      },
      { status: 503, problem: 'Service Unavailable', operationId: 'getDecision', transactionId: 't1' },
    ],
    [
      'that failed',
      () => {
        fail = new Error(secret);
        return send({ path: '/decisions/t1', key });
      },
      { status: 500, operationId: 'getDecision' },
    ],
  ])('%s says who, what and the outcome, once, and nothing of a person', async (_, ask, expected) => {
    const answer = (await ask()) as { readonly headers: Readonly<Record<string, string>> };
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      message: 'request',
      gatewayId: 'gateway-1',
      correlationId: answer.headers['x-correlation-id'],
      ...expected,
    });
    expect(JSON.stringify(lines)).not.toContain(secret);
  });

  it('names the key, and no key that is wrong', async () => {
    await send({ path: '/policy', key: `aegis_dev_${'0'.repeat(48)}` });
    await send({ path: '/audit/system', key: await newKey(stores, ['read']) });
    expect(lines.map(({ keyId }) => keyId)).toEqual([undefined, expect.stringMatching(/^key_/)]);
    expect(JSON.stringify(lines)).not.toMatch(/0{48}/);
  });
});

describe('the line of a change', () => {
  it.each([
    ['PUT', '/policy', 'putPolicy'],
    ['DELETE', `/lists/watch/${secret}`, 'deleteListEntry'],
    ['PUT', `/lists/watch/${secret}`, 'putListEntry'],
  ])('%s %s is always written, without its body and its entry', async (method, path, operationId) => {
    await send({ method, path, key, ...(method === 'PUT' && { body }) }, { readLogShare: 0 });
    expect(lines).toEqual([
      expect.objectContaining({ operationId, status: 200, tenant: 'acme', keyId: expect.stringMatching(/^key_/) }),
    ]);
    expect(JSON.stringify(lines)).not.toContain(secret);
  });
});

describe('the line of a read', () => {
  /** All others must be taken for personal. */
  const impersonal = [
    'getOverview',
    'getPolicy',
    'getPolicyVersions',
    'getPolicyVersion',
    'getModel',
    'getModelVersions',
    'getCaller',
    'getHealth',
    'getOpenApi',
    'getDocs',
    'getDocsFile',
    'getHome',
    'getConsole',
    'getConsoleFile',
  ];
  const readings = routes.filter(({ method }) => method === 'GET');
  const pathOf = (path: string): string =>
    path.replace('{transactionId}', 't1').replace('{accountId}', secret).replace('{version}', '1').replace('{path+}', 'x');

  it.each(readings.map(({ operationId, path }) => [operationId, path] as const))(
    '%s is written always if it tells of a person, else by the share',
    async (operationId, path) => {
      await send(
        { path: pathOf(path), key, ...(path.startsWith('/accounts') && { query: { userId: ['u_1'] } }) },
        { readLogShare: 0 },
      );
      expect(lines.map((line) => line.operationId)).toEqual(impersonal.includes(operationId) ? [] : [operationId]);
      expect(JSON.stringify(lines)).not.toContain(secret);
    },
  );

  it('is drawn by the share', () => {
    const draws = [0.1, 0.2, 0.3].values();
    const note = requestLog(log, 0.2, { fraction: () => draws.next().value! });
    for (const status of [200, 200, 200])
      note({ correlationId: 'c', method: 'GET', operationId: 'getPolicy', status, tookMs: 1 });
    expect(lines).toHaveLength(1);
  });
});

describe('the share of reads', () => {
  it.each([
    [undefined, 1],
    ['0', 0],
    ['0.01', 0.01],
    ['1', 1],
  ])('%s is %d', (text, share) => {
    expect(readShareOf(text)).toBe(share);
  });
  it.each(['2', '-1', 'all'])('%s is refused', (text) => {
    expect(() => readShareOf(text)).toThrow('AEGIS_READ_LOG_SHARE');
  });
});

it('a line is at most a third of a kilobyte: the bytes of the log are paid for', async () => {
  await send({ path: `/decisions/${'t'.repeat(64)}`, key });
  expect(Buffer.byteLength(JSON.stringify(lines[0]))).toBeLessThanOrEqual(341);
});
