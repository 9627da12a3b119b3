import { describe, expect, it } from 'vitest';
import { deleteListEntry, putListEntry } from '../../../functions/admin/lists.ts';
import { putPolicy } from '../../../functions/admin/putPolicy.ts';
import { policyQueries } from '../../../functions/read/admin.ts';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import { type Json, parseJson } from '../../../shared/contract/json.ts';
import type { Policy } from '../../../shared/domain/policy.ts';
import { Problem } from '../../../shared/edge/problem.ts';
import type { Answer, ApiRequest, Endpoint } from '../../../shared/edge/request.ts';
import { defaultPolicy } from '../../../shared/policy/default.ts';
import { policyHash } from '../../../shared/policy/hash.ts';
import type { Randomness } from '../../../shared/ports/ports.ts';

const randomness: Randomness = { bytes: (count) => new Uint8Array(count).fill(1), fraction: () => 0.5 };
const nowMs = Date.UTC(2026, 10, 20);

const request = (change: Partial<ApiRequest>): ApiRequest => ({
  operationId: 'putPolicy',
  tenant: 'acme',
  keyId: 'key_1',
  identity: 'key_1',
  scopes: ['admin', 'read'],
  correlationId: 'c',
  parameters: {},
  query: {},
  json: undefined,
  receivedAtMs: nowMs,
  ...change,
});

const jsonOf = (body: unknown): Json | undefined => (body === undefined ? undefined : parseJson(JSON.stringify(body)));

const sent = async <Body>(endpoint: Endpoint<Body>, given: ApiRequest): Promise<Answer> =>
  endpoint.answer(given, endpoint.read(given));

const api = () => {
  const table = memoryTable();
  const queries = policyQueries(table);
  const publish = putPolicy(table, 0);
  const put = putListEntry(table, randomness);
  const remove = deleteListEntry(table, randomness);
  return {
    publish: (body: unknown) => sent(publish, request({ json: jsonOf(body) })),
    put: (list: string, entry: string, body?: unknown) =>
      sent(put, request({ operationId: 'putListEntry', parameters: { list, entry }, json: jsonOf(body) })),
    remove: (list: string, entry: string) => remove(request({ operationId: 'deleteListEntry', parameters: { list, entry } })),
    get: (operationId: keyof typeof queries, change: Partial<ApiRequest> = {}) =>
      queries[operationId](request({ operationId, query: { limit: '50' }, ...change })),
  };
};

/** The problem that a call must be refused with. */
const problemOf = async (call: Promise<Answer>): Promise<Problem> => {
  const error = await call.then(
    (answer) => new Error(`answered ${answer.status}`),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Problem)) throw error;
  return error;
};

const pointers = async (call: Promise<Answer>): Promise<string[]> => (await problemOf(call)).errors.map((fault) => fault.pointer);

const changed = (review: number): Policy => ({ ...defaultPolicy, cutoffs: { review, block: 70 } });

describe('PUT /policy', () => {
  it('answers 201 with version, hash and status, and GET shows it in force', async () => {
    const { publish, get } = api();
    const hash = policyHash(changed(41));
    expect(await publish({ policy: changed(41), status: 'active' })).toEqual({
      status: 201,
      body: { version: 2, hash, status: 'active' },
    });
    expect(await get('getPolicy')).toEqual({
      status: 200,
      body: { version: 2, hash, status: 'active', policy: changed(41), publishedAt: '2026-11-20T00:00:00.000Z', by: 'key_1' },
    });
  });

  it('takes back what GET gave', async () => {
    const { publish, get } = api();
    const { policy } = (await get('getPolicy')).body as { policy: Policy };
    expect(await publish({ policy: JSON.parse(JSON.stringify(policy)), status: 'draft', ifVersion: 1 })).toMatchObject({
      status: 201,
      body: { version: 2, hash: policyHash(defaultPolicy), status: 'draft' },
    });
  });

  it('answers 409 to a stale ifVersion', async () => {
    const { publish } = api();
    await publish({ policy: changed(41), status: 'active', ifVersion: 1 });
    const problem = await problemOf(publish({ policy: changed(42), status: 'active', ifVersion: 1 }));
    expect(problem).toMatchObject({ status: 409, errors: [{ pointer: '/ifVersion' }] });
  });

  it('answers 400 to a bad rule, with its line and column', async () => {
    const { publish } = api();
    const rules = [{ id: 'r', when: 'txn.late &&\n  txn.nope == 1', points: 5, text: 'x' }];
    const problem = await problemOf(publish({ policy: { ...defaultPolicy, rules }, status: 'active' }));
    expect(problem).toMatchObject({
      status: 400,
      errors: [
        {
          pointer: '/policy/rules/0/when',
          line: 2,
          column: 7,
          detail: expect.stringContaining('line 2, column 7: unknown field'),
        },
      ],
    });
  });

  it.each<[string, unknown, string[]]>([
    ['no object', [], ['']],
    ['no policy', { status: 'active' }, ['/policy']],
    ['no status', { policy: defaultPolicy }, ['/status']],
    ['another status', { policy: defaultPolicy, status: 'retired' }, ['/status']],
    ['an unknown field', { policy: defaultPolicy, status: 'draft', note: 'x' }, ['/note']],
    ['a version that is no number', { policy: defaultPolicy, status: 'draft', ifVersion: '1' }, ['/ifVersion']],
    ['version 0', { policy: defaultPolicy, status: 'draft', ifVersion: 0 }, ['/ifVersion']],
    [
      'all of it at once',
      { policy: { ...defaultPolicy, failTo: 'X', more: 1 }, status: 'x', ifVersion: 1.5 },
      ['/status', '/ifVersion', '/policy/failTo', '/policy/more'],
    ],
  ])('answers 400 to %s', async (_what, body, expected) => {
    expect(await pointers(api().publish(body))).toEqual(expected);
  });
});

describe('GET /policy/versions', () => {
  it('lists all, newest first, page by page', async () => {
    const { publish, get } = api();
    for (const review of [41, 42]) await publish({ policy: changed(review), status: 'active' });
    const first = (await get('getPolicyVersions', { query: { limit: '2' } })).body as { items: object[]; cursor: string };
    expect(first.items).toMatchObject([
      { version: 3, status: 'active' },
      { version: 2, status: 'superseded' },
    ]);
    const second = (await get('getPolicyVersions', { query: { limit: '2', cursor: first.cursor } })).body as object;
    expect(second).toMatchObject({ items: [{ version: 1, status: 'superseded', publishedAt: null }] });
    expect(second).not.toHaveProperty('cursor');
  });

  it('refuses a cursor of another route or tenant', async () => {
    const { publish, get } = api();
    await publish({ policy: changed(41), status: 'active' });
    const { cursor } = (await get('getPolicyVersions', { query: { limit: '1' } })).body as { cursor: string };
    const foreign = { query: { limit: '1', cursor } };
    expect(await pointers(get('getSystemAudit', foreign))).toEqual(['?cursor']);
    expect(await pointers(get('getPolicyVersions', { ...foreign, tenant: 'other' }))).toEqual(['?cursor']);
  });

  it('shows one version, and 404 for one that never was', async () => {
    const { get } = api();
    expect(await get('getPolicyVersion', { parameters: { version: '1' } })).toMatchObject({ body: { policy: defaultPolicy } });
    expect(await problemOf(get('getPolicyVersion', { parameters: { version: '2' } }))).toMatchObject({ status: 404 });
  });
});

describe('PUT and DELETE /lists/{list}/{entry}', () => {
  it('put an entry in, with its expiry, and take it out', async () => {
    const { put, remove } = api();
    expect(await put('blockedDevices', 'd_9', { expiresAt: '2026-12-01T05:30:00+05:30' })).toEqual({
      status: 200,
      body: { list: 'blockedDevices', entry: 'd_9', expiresAt: '2026-12-01T00:00:00.000Z', note: null },
    });
    expect(await remove('blockedDevices', 'd_9')).toEqual({ status: 200, body: { list: 'blockedDevices', entry: 'd_9' } });
    expect(await problemOf(remove('blockedDevices', 'd_9'))).toMatchObject({ status: 404 });
  });

  it.each([
    ['no body', undefined],
    ['an empty object', {}],
    ['null for never', { expiresAt: null }],
  ])('take %s as an entry that never expires', async (_what, body) => {
    expect(await api().put('blockedDevices', 'd_9', body)).toMatchObject({ body: { expiresAt: null } });
  });

  it.each<[string, unknown, string[]]>([
    ['a time without an offset', { expiresAt: '2026-12-01T00:00:00' }, ['/expiresAt']],
    ['a number', { expiresAt: 1 }, ['/expiresAt']],
    ['an unknown field', { until: null }, ['/until']],
    ['no object', [], ['']],
  ])('answer 400 to %s', async (_what, body, expected) => {
    expect(await pointers(api().put('blockedDevices', 'd_9', body))).toEqual(expected);
  });

  it('answer 404 to a list that the policy in force does not have', async () => {
    const { put, remove } = api();
    expect(await problemOf(put('nope', 'd_9'))).toMatchObject({ status: 404 });
    expect(await problemOf(remove('constructor', 'd_9'))).toMatchObject({ status: 404 });
  });
});

describe('GET /audit/system', () => {
  it('shows every change, oldest first, page by page, each bound to the one before', async () => {
    const { publish, put, remove, get } = api();
    await publish({ policy: changed(41), status: 'active' });
    await put('blockedDevices', 'd_9');
    await remove('blockedDevices', 'd_9');
    type Page = { items: { body: Record<string, unknown>; hash: string; inputs: unknown }[]; cursor?: string };
    const first = (await get('getSystemAudit', { query: { limit: '2' } })).body as Page;
    const second = (await get('getSystemAudit', { query: { limit: '2', cursor: first.cursor! } })).body as Page;
    expect(second.cursor).toBeUndefined();
    const entries = [...first.items, ...second.items];
    expect(entries.map(({ body }) => [body.sequence, body.event, body.action])).toEqual([
      [1, 'POLICY_PUBLISHED', undefined],
      [2, 'LIST_CHANGED', 'put'],
      [3, 'LIST_CHANGED', 'delete'],
    ]);
    expect(entries[1]?.body.previousHash).toBe(entries[0]?.hash);
    expect(entries[2]?.body.previousHash).toBe(entries[1]?.hash);
    expect(entries[1]?.inputs).toMatchObject({ entry: 'd_9' });
  });
});
