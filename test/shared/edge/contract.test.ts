import { beforeEach, describe, expect, it } from 'vitest';
import type { Call, Fault } from '../../../shared/adapters/memory/faults.ts';
import { scopes } from '../../../shared/contract/routes.ts';
import { defaultPolicy } from '../../../shared/policy/default.ts';
import { runCardNumbers, runQueuedCardNumbers, runTokens } from '../../hostile/cards.ts';
import { runRepeats } from '../../hostile/repeats.ts';
import { runRequests } from '../../hostile/requests.ts';
import { type Api, apiOnMemory } from '../../support/api.ts';
import { document } from '../../support/documented.ts';
import type { Received, Sent } from '../../support/http.ts';

/** The contract's details through the whole API, each stage's own endpoints included. */

const transaction = {
  transactionId: 'txn_1',
  userId: 'u_42',
  accountId: 'a_7',
  occurredAt: '2026-11-20T13:45:00+05:30',
  amountMinor: 129900,
  currency: 'INR',
};

let api: Api;
let key: string;
let fault: (call: Call) => Fault;

const call = (method: string, path: string, body?: unknown, more: Partial<Sent> = {}): Promise<Received> =>
  api.call({ method, path, key, body: body === undefined ? null : JSON.stringify(body), ...more });

beforeEach(async () => {
  fault = () => 'none';
  api = apiOnMemory({ faults: (one) => fault(one) });
  key = await api.newKey(scopes);
  expect((await call('POST', '/decisions', transaction)).status).toBe(200);
});

describe('the order of tests, beyond the edge', () => {
  const bad = { disposition: 'MAYBE' };
  const known = { disposition: 'UNSURE' };

  it.each<[string, number, string, string, unknown]>([
    ['a bad id before the fields', 400, 'POST', '/decisions/a%20b/review', bad],
    ['the fields before the thing named', 400, 'POST', '/decisions/unknown/review', bad],
    ['the thing named', 404, 'POST', '/decisions/unknown/review', known],
    ['the fields of a list entry before the list', 400, 'PUT', '/lists/nowhere/x', { expiresAt: 'soon' }],
    ['the body of a list entry, which is an object or none', 400, 'PUT', '/lists/nowhere/x', null],
    ['the list named', 404, 'PUT', '/lists/nowhere/x', {}],
    ['the fields of a transaction before its conflict', 400, 'POST', '/decisions', { ...transaction, amountMinor: 0 }],
    ['the conflict', 409, 'POST', '/decisions', { ...transaction, amountMinor: 1 }],
    ['the fields of a policy before its version', 400, 'PUT', '/policy', { policy: {}, status: 'active', ifVersion: 99 }],
  ])('answers %s with %i', async (_, status, method, path, body) => {
    expect((await call(method, path, body)).status).toBe(status);
  });

  it('names all faults of a body at once', async () => {
    const received = await call('POST', '/decisions', { ...transaction, userId: '', amountMinor: 0, currency: 'X', extra: 1 });
    const { errors } = received.body as { errors: { pointer: string }[] };
    expect(errors.map(({ pointer }) => pointer)).toEqual(['/userId', '/amountMinor', '/currency', '/extra']);
  });
});

describe('all faults of a request', () => {
  const visa = '4111 1111 1111 1111';

  it.each<[string, string, unknown, string[]]>([
    ['POST', '/transactions?x=1', { ...transaction, amountMinor: 0 }, ['?x', '/amountMinor']],
    ['POST', '/transactions/batch?x=1', { transactions: [], y: 1 }, ['?x', '/y', '/transactions']],
    ['POST', '/decisions?x=1', { ...transaction, userId: '', currency: visa }, ['?x', '/userId', '/currency']],
    ['POST', '/decisions/a%20b/review?x=1', { disposition: 'MAYBE' }, ['/transactionId', '?x', '/disposition']],
    ['POST', '/decisions/txn_1/review', { disposition: visa, note: 1 }, ['/disposition', '/note']],
    ['PUT', '/lists/a%20b/x', { expiresAt: 'soon', y: visa }, ['/list', '/y', '/expiresAt']],
    ['PUT', '/policy?x=1', { policy: defaultPolicy, status: 'old', ifVersion: 0 }, ['?x', '/status', '/ifVersion']],
    [
      'PUT',
      '/policy',
      { policy: { ...defaultPolicy, failTo: visa, cutoffs: 1 }, status: 'draft' },
      ['/policy/failTo', '/policy/cutoffs'],
    ],
  ])('%s %s are named at once', async (method, path, body, pointers) => {
    const [bare, search] = path.split('?') as [string, string?];
    const query = search === undefined ? {} : { x: ['1'] };
    const received = await call(method, bare, body, { query });
    const { errors } = received.body as { errors: { pointer: string }[] };
    expect([received.status, errors.map(({ pointer }) => pointer)]).toEqual([400, pointers]);
    expect(received.result.body).not.toContain('1111');
  });

  it.each<[string, string, object]>([
    ['POST', '/decisions', transaction],
    ['POST', '/transactions/batch', { transactions: [transaction] }],
    ['POST', '/decisions/txn_1/review', { disposition: 'FRAUD' }],
    ['PUT', '/policy', { policy: defaultPolicy, status: 'draft' }],
    ['PUT', '/lists/trusted/x', {}],
  ])('%s %s: 32 of them at most', async (method, path, body) => {
    const unknown = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`x${i}`, 1]));
    const received = await call(method, path, { ...body, ...unknown }, { query: { x: ['1'] } });
    const { errors } = received.body as { errors: { pointer: string; detail: string }[] };
    expect(received.status).toBe(400);
    expect(errors).toHaveLength(32);
    expect(errors[0]!.pointer).toBe('?x');
    expect(errors.at(-1)).toEqual({ pointer: '', detail: 'and more: at most 32 faults are listed' });
  });

  it('in path and query alone leave a good body undone', async () => {
    expect((await call('POST', '/decisions', { ...transaction, transactionId: 'txn_2' }, { query: { x: ['1'] } })).status).toBe(
      400,
    );
    expect((await call('GET', '/decisions/txn_2')).status).toBe(404);
  });
});

describe('unknown fields', () => {
  it.each<[string, string, unknown]>([
    ['POST', '/decisions', transaction],
    ['POST', '/decisions/txn_1/review', { disposition: 'UNSURE' }],
    ['PUT', '/lists/blockedAccounts/x', {}],
    ['PUT', '/policy', { policy: defaultPolicy, status: 'draft' }],
  ])('%s %s names them by an RFC 6901 pointer, cut short', async (method, path, body) => {
    const received = await call(method, path, { ...(body as object), 'a/b~c': 1, ['x'.repeat(1_000)]: 1 });
    const { errors } = received.body as { errors: { pointer: string }[] };
    expect([received.status, errors.map(({ pointer }) => pointer)]).toEqual([400, ['/a~1b~0c', `/${'x'.repeat(64)}...`]]);
  });
});

describe('identifiers in a path', () => {
  const withIds = ['/decisions/ID', '/accounts/ID/decision', '/accounts/ID/decisions', '/accounts/ID/audit'];

  it.each(withIds)('%s answers 400 to what no id can be', async (path) => {
    const others = ['%20', 'a%20b', '-a', 'a%2Fb', '%00', '%D0%B0bc', 'a'.repeat(65), '%ff', '%252e', '..%2f..'];
    for (const id of others) expect((await call('GET', path.replace('ID', id))).status, id).toBe(400);
  });

  it.each(withIds)('%s answers 404 to one that is unknown, and to one of another tenant', async (path) => {
    expect((await call('GET', path.replace('ID', 'nobody'))).status).toBe(404);
    const other = await api.newKey(scopes, 'other');
    for (const id of ['txn_1', 'a_7'])
      expect((await call('GET', path.replace('ID', id), undefined, { key: other })).status).toBe(404);
  });

  it('are decoded once', async () => {
    await call('POST', '/decisions', { ...transaction, transactionId: 'a:b' });
    expect((await call('GET', '/decisions/a%3Ab')).status).toBe(200);
    expect((await call('GET', '/decisions/a%253Ab')).status).toBe(400);
  });
});

describe('methods', () => {
  it.each(Object.entries(document.paths))('%s names those it takes to any other', async (path, methods) => {
    const at = path
      .replace('{path}', 'x')
      .replace(/\{version\}/, '1')
      .replace(/\{\w+\}/g, 'a');
    const taken = Object.keys(methods).map((method) => method.toUpperCase());
    for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD'].filter((one) => !taken.includes(one))) {
      const received = await call(method, at);
      expect([method, received.status, received.headers.allow]).toEqual([method, 405, taken.sort().join(', ')]);
    }
  });
});

describe('times', () => {
  it.each([
    ['2026-11-20T12:00:00Z', '2026-11-20T12:00:00.000Z'],
    ['2026-11-20T12:00:00+00:00', '2026-11-20T12:00:00.000Z'],
    ['2026-11-20T12:00:00-00:00', '2026-11-20T12:00:00.000Z'],
    ['2026-11-20T13:45:00.123456789+05:30', '2026-11-20T13:45:00.123+05:30'],
    ['2026-11-20T08:15:00.9-03:45', '2026-11-20T08:15:00.900-03:45'],
  ])('%s comes back as %s', async (given, echoed) => {
    const received = await call('POST', '/decisions', { ...transaction, transactionId: 'txn_2', occurredAt: given });
    expect(received).toMatchObject({ status: 200, body: { occurredAt: echoed } });
    expect(await call('GET', '/decisions/txn_2')).toMatchObject({ body: { occurredAt: echoed } });
  });
});

describe('a dependency that is down', () => {
  const next = { ...transaction, transactionId: 'txn_3' };

  it.each<[string, (one: Call) => Fault]>([
    ['the table', () => 'unavailable'],
    ['every commit', ({ operation }) => (operation === 'transact' ? 'unavailable' : 'none')],
    ['the knowledge of every commit', ({ operation }) => (operation === 'transact' ? 'lostBeforeEffect' : 'none')],
  ])('answers 503 with Retry-After while %s is lost, and the repeat is decided once', async (_, plan) => {
    fault = plan;
    const received = await call('POST', '/decisions', next);
    expect(received.status).toBe(503);
    expect(Number(received.headers['retry-after'])).toBeGreaterThan(0);
    fault = () => 'none';
    expect(await call('POST', '/decisions', next)).toMatchObject({ status: 200, body: { duplicate: false } });
    expect(await call('POST', '/decisions', next)).toMatchObject({ status: 200, body: { duplicate: true } });
  });

  it('answers with the decision when only the reply of its commit was lost', async () => {
    fault = ({ operation }) => (operation === 'transact' ? 'lostAfterEffect' : 'none');
    expect((await call('POST', '/decisions', next)).status).toBe(200);
  });
});

describe('hostile callers, a small dose', () => {
  it('get no 500, store nothing that is refused and are answered as documented', async () => {
    expect((await runRequests(5, 1_000)).faults).toEqual([]);
  });

  it('bring no card number into a store, queue, log line or dead letter', async () => {
    expect(await runCardNumbers(5, 500)).toEqual([]);
    expect(await runQueuedCardNumbers(5, 300)).toEqual([]);
  });

  it('have no token of letters and digits taken for a card number', async () => {
    expect(await runTokens(5, 1_000)).toBe(0);
  });

  it('overwrite nothing by repeats', async () => {
    expect(await runRepeats(5, 34)).toEqual([]);
  });
});
