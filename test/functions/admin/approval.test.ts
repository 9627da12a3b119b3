import { beforeEach, describe, expect, it } from 'vitest';
import type { Scope } from '../../../shared/contract/routes.ts';
import { createKey } from '../../../shared/edge/keys.ts';
import { defaultPolicy } from '../../../shared/policy/default.ts';
import { type Api, apiOnMemory, startMs } from '../../support/api.ts';
import { type Asking, asking } from '../../support/asking.ts';

const at = new Date(startMs).toISOString();
const policy = { ...defaultPolicy, cutoffs: { review: 41, block: 70 } };

let api: Api;
let ana: Asking;
let ben: Asking;
let cleo: Asking;

const person = async (owner: string, scopes: readonly Scope[] = ['read', 'admin'], createdBy = 'cli') => {
  const { key, record } = await createKey(api.store, { tenant: 'acme', scopes, createdBy, owner, expiresAtMs: null });
  return { ask: asking(api, key), keyId: record.keyId };
};

const publish = (by: Asking, status = 'active', document: object = policy) =>
  by('PUT', '/policy', { body: { policy: document, status } });
const approve = (by: Asking, version = 2) => by('POST', `/policy/versions/${version}/approval`);
const inForce = async () => (await ana('GET', '/policy')).body.version;

const start = async (policyApprovals: number) => {
  api = apiOnMemory({ policyApprovals });
  ana = (await person('ana')).ask;
  ben = (await person('ben')).ask;
  cleo = (await person('cleo')).ask;
};

beforeEach(() => start(2));

describe('POST /policy/versions/{version}/approval', () => {
  it('puts a pending version in force once enough others have approved it', async () => {
    expect(await publish(ana)).toMatchObject({ status: 201, body: { version: 2, status: 'pending' } });
    expect(await inForce()).toBe(1);
    const first = await approve(ben);
    expect(first).toMatchObject({
      status: 200,
      body: { version: 2, status: 'pending', approvals: [{ by: 'ben', at }], needed: 2 },
    });
    expect(await inForce()).toBe(1);
    expect((await approve(cleo)).body).toMatchObject({ status: 'active', approvals: [{ by: 'ben' }, { by: 'cleo' }] });
    expect(await inForce()).toBe(2);
    const { items } = (await ana('GET', '/audit/system')).body;
    expect(items.map(({ body }: { body: object }) => body)).toMatchObject([
      { event: 'POLICY_PUBLISHED', status: 'pending', author: 'ana' },
      { event: 'POLICY_APPROVED', status: 'pending', author: 'ana', approvedBy: ['ben'] },
      { event: 'POLICY_APPROVED', status: 'active', author: 'ana', approvedBy: ['ben', 'cleo'], approvalsNeeded: 2 },
    ]);
  });

  it('is shown with the version', async () => {
    await publish(ana);
    await approve(ben);
    const expected = { version: 2, status: 'pending', author: 'ana', approvals: [{ by: 'ben', at }] };
    expect((await ana('GET', '/policy/versions/2')).body).toMatchObject(expected);
    expect((await ana('GET', '/policy/versions')).body.items[0]).toMatchObject(expected);
  });

  it('counts an identity once, and neither the author nor a key that the author made', async () => {
    const author = await person('dora');
    await publish(author.ask);
    const made = (await person('ghost', ['admin'], author.keyId)).ask;
    const again = (await person('dora')).ask;
    // Dora's first key made a key that made another; she publishes with her second.
    const maker = await person('maker', ['admin'], author.keyId);
    const madeByMaker = (await person('other', ['admin'], maker.keyId)).ask;
    await publish(again, 'active', { ...policy, cutoffs: { review: 42, block: 70 } });
    for (const by of [author.ask, again, made, maker.ask, madeByMaker]) expect((await approve(by, 3)).status).toBe(409);
    for (const by of [author.ask, again, made]) expect((await approve(by)).status).toBe(409);
    for (const _ of [1, 2]) expect((await approve(ben)).body.approvals).toHaveLength(1);
    const bensOther = (await person('ben')).ask;
    expect((await approve(bensOther)).body.approvals).toHaveLength(1);
    expect(await inForce()).toBe(1);
  });

  it('is 404 for an unknown version, 409 for one that waits for nothing, 403 without the scope admin', async () => {
    await publish(ana, 'draft');
    expect((await approve(ben, 9)).status).toBe(404);
    expect((await approve(ben, 2)).status).toBe(409);
    expect((await approve(ben, 1)).status).toBe(409);
    expect((await approve((await person('eve', ['read', 'review'])).ask)).status).toBe(403);
    expect((await ben('POST', '/policy/versions/2/approval', { body: { note: 'fine' } })).status).toBe(400);
  });

  it('is not needed to put back what was in force, nor for lists', async () => {
    await publish(ana);
    await approve(ben);
    await approve(cleo);
    expect((await publish(ana, 'active', defaultPolicy)).body).toMatchObject({ status: 'active' });
    expect((await publish(ana)).body).toMatchObject({ version: 4, status: 'active' });
    expect((await ana('PUT', '/lists/blockedDevices/d_1', { body: {} })).status).toBe(200);
  });
});

describe('a deployment without approvals', () => {
  it('puts a version in force at once, and has nothing to approve', async () => {
    await start(0);
    expect((await publish(ana)).body).toMatchObject({ version: 2, status: 'active' });
    expect((await approve(ben)).status).toBe(409);
    expect((await ana('GET', '/policy')).body).not.toHaveProperty('author');
  });
});
