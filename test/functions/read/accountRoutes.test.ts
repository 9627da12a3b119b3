import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { describe, expect, it } from 'vitest';
import { accountFromItem, stateItem } from '../../../shared/ledger/state.ts';
import { Unavailable } from '../../../shared/ports/ports.ts';
import { startMs, walk, world } from './world.ts';

const zeros = '0'.repeat(64);

describe('GET /accounts/{accountId}/decision', () => {
  it('gives the last decision by sequence, its triggers those of its explanation', async () => {
    const here = world();
    for (let i = 0; i < 30; i += 1) await here.pay({ transactionId: `t${i}` });
    const standing = (await here.get('/accounts/a_7/decision')).body;
    const decision = (await here.get('/decisions/t29')).body;
    const { userId, accountId, transactionId, outcome, score, decidedAt, transition, explanation } = decision;
    expect(standing).toEqual({
      userId,
      accountId,
      transactionId,
      outcome,
      score,
      decidedAt,
      transition,
      explanation,
      triggers: expect.any(Object),
    });
    expect(explanation).not.toBe('');
    const counts = Object.entries(standing.triggers).map(
      ([name, count]) => `${name}: ${count} ${count === 1 ? 'trigger' : 'triggers'}`,
    );
    expect(counts.join(' | ')).toBe(explanation);
  });

  it('takes a late payment that was decided last', async () => {
    const here = world();
    await here.pay({ transactionId: 't1' });
    await here.pay({ transactionId: 'late', occurredAtMs: startMs - 3_600_000 });
    expect((await here.get('/accounts/a_7/decision')).body.transactionId).toBe('late');
  });

  it('without userId gives the newest among the account’s users', async () => {
    const here = world();
    await here.pay({ transactionId: 't1', userId: 'u_1' });
    await here.pay({ transactionId: 't2', userId: 'u_2' });
    await here.pay({ transactionId: 't3', userId: 'u_1', occurredAtMs: startMs - 10_000 });
    expect((await here.get('/accounts/a_7/decision')).body).toMatchObject({ transactionId: 't3', userId: 'u_1' });
    expect((await here.get('/accounts/a_7/decision', { userId: 'u_2' })).body).toMatchObject({
      transactionId: 't2',
      userId: 'u_2',
    });
  });

  it('answers 404 for an account, a user or a tenant that is unknown', async () => {
    const here = world();
    await here.pay();
    expect((await here.get('/accounts/a_8/decision')).status).toBe(404);
    expect((await here.get('/accounts/a_7/decision', { userId: 'u_1' })).status).toBe(404);
    expect((await here.get('/accounts/a_7/decision', {}, 'other')).status).toBe(404);
  });
});

describe('GET /accounts/{accountId}/decisions', () => {
  it('lists the chain’s decisions, newest sequence first, page by page', async () => {
    const here = world();
    for (let i = 0; i < 12; i += 1) await here.pay({ transactionId: `t${i}` });
    await here.pay({ transactionId: 'late', occurredAtMs: startMs - 3_600_000 });
    const ids = ['late', ...Array.from({ length: 12 }, (_, i) => `t${11 - i}`)];
    for (const limit of ['1', '5', '13', '200']) {
      const items = await walk(here, '/accounts/a_7/decisions', { limit });
      expect(items.map((item) => item.transactionId)).toEqual(ids);
    }
  });

  it('has the items of latest', async () => {
    const here = world();
    for (let i = 0; i < 30; i += 1) await here.pay({ transactionId: `t${i}` });
    const timeline = (await here.get('/accounts/a_7/decisions')).body;
    const latest = (await here.get('/decisions/latest')).body;
    const withoutDistance = latest.items.map(({ distanceKm: _, ...item }: Record<string, unknown>) => item);
    expect(timeline).toEqual({ ...latest, items: withoutDistance });
    expect(timeline.items.some((item: { signals: string[] }) => item.signals.length > 0)).toBe(true);
  });
});

describe('GET /accounts/{accountId}/audit', () => {
  it('lets anyone check the chain, oldest first, over pages', async () => {
    const here = world();
    for (let i = 0; i < 9; i += 1) await here.pay({ transactionId: `t${i}`, deviceId: 'd_9' });
    for (const limit of ['1', '4', '9', '200']) {
      const items = await walk(here, '/accounts/a_7/audit', { limit });
      let previousHash = zeros;
      for (const [index, { body, hash, inputs }] of items.entries()) {
        expect(body).toMatchObject({
          sequence: index + 1,
          previousHash,
          event: 'DECISION_MADE',
          transactionId: `t${index}`,
          chain: items[0].body.chain,
        });
        expect(hash).toBe(createHash('sha256').update(canonicalize(body)!).digest('hex'));
        expect(inputs).toMatchObject({
          transactionId: `t${index}`,
          userId: 'u_42',
          accountId: 'a_7',
          deviceId: 'd_9',
          channel: null,
        });
        previousHash = hash;
      }
      expect(items).toHaveLength(9);
    }
  });

  it('has no inputs once the salt is destroyed, and the same hashes', async () => {
    const here = world();
    await here.pay();
    const before = (await here.get('/accounts/a_7/audit')).body.items[0];
    const state = (await here.table.get({ pk: 'S#acme#a_7', sk: 'u_42' }))!;
    await here.table.put(stateItem('acme', 'a_7', 'u_42', { ...accountFromItem(state), salt: new Uint8Array(16) }));
    const after = (await here.get('/accounts/a_7/audit')).body.items[0];
    expect(after).toEqual({ ...before, inputs: null });
  });

  describe('says what proves each entry', () => {
    // biome-ignore lint/suspicious/noExplicitAny: bodies are JSON from outside
    const proofs = (items: readonly any[]) => items.map(({ proof }) => `${proof.state} ${proof.checkpoint}`);

    it('a checkpoint, or the chain alone after the last one', async () => {
      const here = world();
      const read = async () => (await here.get('/accounts/a_7/audit')).body.items;
      for (let i = 0; i < 3; i += 1) await here.pay({ transactionId: `t${i}` });
      expect(proofs(await read())).toEqual(Array(3).fill('CHAINED null'));
      await here.checkpoint(await read());
      for (let i = 3; i < 5; i += 1) await here.pay({ transactionId: `t${i}` });
      expect(proofs(await read())).toEqual([...Array(3).fill('CHECKPOINTED 1'), ...Array(2).fill('CHAINED null')]);
      await here.checkpoint((await read()).slice(0, 4));
      expect(proofs(await read())).toEqual([...Array(4).fill('CHECKPOINTED 2'), 'CHAINED null']);
      await here.checkpoint(await read());
      expect(proofs(await read())).toEqual(Array(5).fill('CHECKPOINTED 3'));
      const paged = await walk(here, '/accounts/a_7/audit', { limit: '2' });
      expect(proofs(paged)).toEqual([1, 1, 2, 2, 3].map((number) => `CHECKPOINTED ${number}`));
    });
    it('of this chain only: a checkpoint of another account proves nothing here', async () => {
      const here = world();
      await here.pay({ transactionId: 't1' });
      await here.pay({ transactionId: 't2', accountId: 'a_8' });
      await here.checkpoint((await here.get('/accounts/a_8/audit')).body.items);
      expect(proofs((await here.get('/accounts/a_7/audit')).body.items)).toEqual(['CHAINED null']);
    });
    it('or that the checkpoints cannot be read now', async () => {
      const here = world();
      await here.pay();
      await here.checkpoint((await here.get('/accounts/a_7/audit')).body.items);
      here.checkpoints.get = async () => {
        throw new Unavailable('down');
      };
      expect(proofs((await here.get('/accounts/a_7/audit')).body.items)).toEqual(['UNKNOWN null']);
    });
  });

  it('begins at the first row kept and says so, on the first page only', async () => {
    const here = world();
    for (let i = 0; i < 9; i += 1) await here.pay({ transactionId: `t${i}` });
    const rows = here.table.all().filter(({ pk }) => pk.startsWith('A#'));
    const expiredS = Math.floor(startMs / 1_000);
    // TTL removes in any order and late: the first three are gone, of the next two one is still there.
    for (const row of rows.slice(0, 4)) await here.table.delete(row);
    await here.table.put({ ...rows[4]!, ttl: expiredS });
    await here.table.put({ ...rows[5]!, ttl: expiredS + 86_400 });
    const first = (await here.get('/accounts/a_7/audit', { limit: '2' })).body;
    expect(first).toMatchObject({ archivedThrough: 5, items: [{ body: { sequence: 6 } }, { body: { sequence: 7 } }] });
    const second = (await here.get('/accounts/a_7/audit', { limit: '2', cursor: first.cursor })).body;
    expect(second.items.map((item: { body: { sequence: number } }) => item.body.sequence)).toEqual([8, 9]);
    expect(second).not.toHaveProperty('archivedThrough');
    expect((await here.get('/accounts/a_7/decisions')).body.items).toHaveLength(4);
    for (const row of rows) await here.table.put({ ...row, ttl: expiredS });
    expect((await here.get('/accounts/a_7/audit')).body).toMatchObject({ items: [], archivedThrough: 9 });
  });
});

describe('timeline and audit', () => {
  it.each(['decisions', 'audit'])('%s asks for userId when the account has several users', async (route) => {
    const here = world();
    await here.pay({ transactionId: 't1', userId: 'u_1' });
    await here.pay({ transactionId: 't2', userId: 'u_2' });
    const { status, body } = await here.get(`/accounts/a_7/${route}`);
    expect([status, body.errors[0].pointer]).toEqual([400, '?userId']);
    expect((await here.get(`/accounts/a_7/${route}`, { userId: 'u_2' })).body.items).toHaveLength(1);
  });

  it.each(['decisions', 'audit'])('%s answers 404 for what is unknown', async (route) => {
    const here = world();
    await here.pay();
    expect((await here.get(`/accounts/a_8/${route}`)).status).toBe(404);
    expect((await here.get(`/accounts/a_7/${route}`, { userId: 'u_1' })).status).toBe(404);
    expect((await here.get(`/accounts/a_7/${route}`, {}, 'other')).status).toBe(404);
  });

  it.each(['decisions', 'audit'])('%s refuses the cursor of another account', async (route) => {
    const here = world();
    for (let i = 0; i < 2; i += 1) await here.pay({ transactionId: `t${i}` });
    await here.pay({ transactionId: 'other', accountId: 'a_8' });
    const { cursor } = (await here.get(`/accounts/a_7/${route}`, { limit: '1' })).body;
    expect((await here.get(`/accounts/a_8/${route}`, { cursor })).status).toBe(400);
  });
});
