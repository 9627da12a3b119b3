import { describe, expect, it } from 'vitest';
import { virtualClock } from '../../../shared/adapters/memory/clock.ts';
import { faultyTable } from '../../../shared/adapters/memory/faults.ts';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import { bearerAuthentication } from '../../../shared/edge/authentication.ts';
import { keyCheck, listKeys } from '../../../shared/edge/keys.ts';
import { readSystemChain } from '../../../shared/ledger/systemChain.ts';
import { seededRandom } from '../../../shared/store/random.ts';
import { createKeyNoted, revokeKeyNoted, rotateKeyNoted } from '../../../tools/cli/keyChanges.ts';

const store = () => ({ table: memoryTable(), clock: virtualClock(Date.UTC(2026, 10, 20, 12)), randomness: seededRandom(1) });
const wanted = { tenant: 'acme', scopes: ['read'] as const, createdBy: 'cli', expiresAtMs: null };

describe('a change of keys', () => {
  it('stands in the system chain, without the key or its hash', async () => {
    const world = store();
    const { key, record } = await createKeyNoted(world, wanted);
    await revokeKeyNoted(world, 'acme', record.keyId, 'cli');
    const chain = await readSystemChain(world.table, 'acme', 1, 10);
    expect(chain.map(({ body }) => [body.event, body.by, body.keyId])).toEqual([
      ['KEY_CREATED', 'cli', record.keyId],
      ['KEY_REVOKED', 'cli', record.keyId],
    ]);
    const secret = key.split('_')[2]!;
    const hash = world.table.all().find(({ pk }) => pk.startsWith('K#'))!.sk;
    expect(JSON.stringify(chain)).not.toContain(secret);
    expect(JSON.stringify(chain)).not.toContain(hash);
  });

  it('does not happen when its entry cannot be written', async () => {
    const world = store();
    const broken = faultyTable(world.table, ({ operation }) => (operation === 'transact' ? 'unavailable' : 'none'));
    await expect(createKeyNoted({ ...world, table: broken }, wanted)).rejects.toThrow('unavailable');
    expect(world.table.all()).toEqual([]);
  });

  it('makes keys that work until revoked', async () => {
    const world = store();
    const { key, record } = await createKeyNoted(world, wanted);
    expect(await keyCheck(world.table, world.clock)(key)).toMatchObject({ keyId: record.keyId, scopes: ['read'] });
    expect(await revokeKeyNoted(world, 'acme', record.keyId, 'cli')).toMatchObject({ revokedAt: expect.any(String) });
    expect(await keyCheck(world.table, world.clock)(key)).toBeNull();
    expect(await revokeKeyNoted(world, 'other', record.keyId, 'cli')).toBeNull();
  });

  it('rotates with a grace: both keys work, then the new one alone', async () => {
    const world = store();
    const old = await createKeyNoted(world, wanted);
    const next = await rotateKeyNoted(world, { tenant: 'acme', keyId: old.record.keyId, by: 'cli', graceMs: 60_000 });
    const works = (key: string) => keyCheck(world.table, world.clock)(key).then((record) => record !== null);
    expect([await works(old.key), await works(next!.key)]).toEqual([true, true]);
    world.clock.advance(60_000);
    expect([await works(old.key), await works(next!.key)]).toEqual([false, true]);
    expect(await listKeys(world.table, 'acme')).toHaveLength(2);
    expect(await rotateKeyNoted(world, { tenant: 'acme', keyId: old.record.keyId, by: 'cli', graceMs: 0 })).toBeNull();
  });

  it.each([
    ['of an owner', { owner: 'ana' }, 'ana'],
    ['that stands for itself', {}, null],
    ['of 0.1, which had no owner', 'of 0.1', null],
  ] as const)('keeps who a key %s is, through rotations', async (_, more, owner) => {
    const world = store();
    const old = await createKeyNoted(world, more === 'of 0.1' ? wanted : { ...wanted, ...more });
    if (more === 'of 0.1') {
      const [item] = world.table.all().filter(({ pk }) => pk.startsWith('K#'));
      const { owner: __, ...without } = item!;
      await world.table.put(without as typeof without & { pk: string; sk: string });
    }
    const authenticate = bearerAuthentication(world.table, world.clock, null);
    const identityOf = async (key: string) => (await authenticate(`Bearer ${key}`))?.identity;
    const expected = owner ?? old.record.keyId;
    expect(await identityOf(old.key)).toBe(expected);
    let keyId = old.record.keyId;
    for (let times = 0; times < 2; times += 1) {
      const next = await rotateKeyNoted(world, { tenant: 'acme', keyId, by: 'cli', graceMs: 60_000 });
      keyId = next!.record.keyId;
      expect(await identityOf(next!.key)).toBe(expected);
    }
  });

  it('refuses an owner that is no name', async () => {
    await expect(createKeyNoted(store(), { ...wanted, owner: 'a b' })).rejects.toThrow('owner must be');
  });

  it('gives a key that is revoked meanwhile no successor', async () => {
    const world = store();
    const { record } = await createKeyNoted(world, wanted);
    let isRevoked = false;
    const query: typeof world.table.query = async (asked) => {
      const answer = await world.table.query(asked);
      if (!isRevoked) {
        isRevoked = true;
        await revokeKeyNoted(world, 'acme', record.keyId, 'ana');
      }
      return answer;
    };
    const meanwhile = { ...world, table: { ...world.table, query } };
    expect(await rotateKeyNoted(meanwhile, { tenant: 'acme', keyId: record.keyId, by: 'cli', graceMs: 0 })).toBeNull();
    expect((await listKeys(world.table, 'acme')).map(({ revokedAt }) => revokedAt)).toEqual([expect.any(String)]);
  });

  it.each([
    ['no scope', { scopes: [] }, 'scopes must be some of'],
    ['a tenant that is none', { tenant: 'A' }, 'tenant must be'],
  ])('is refused with %s', async (_, given, message) => {
    await expect(createKeyNoted(store(), { ...wanted, ...given })).rejects.toThrow(message);
  });
});
