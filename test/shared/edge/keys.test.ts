import { beforeEach, describe, expect, it } from 'vitest';
import { createKey, foundLifetimeMs, keyCheck, listKeys } from '../../../shared/edge/keys.ts';
import { revokeKeyNoted, rotateKeyNoted } from '../../../tools/cli/keyChanges.ts';
import { testStores } from '../../support/stores.ts';

let store: ReturnType<typeof testStores>;

const wanted = { tenant: 'acme', scopes: ['read', 'ingest'], createdBy: 'ops', expiresAtMs: null } as const;

beforeEach(() => {
  store = testStores();
});

describe('API keys', () => {
  it('are made with their tenant in the name and found again', async () => {
    const { key, record } = await createKey(store, wanted);
    expect(key).toMatch(/^aegis_acme_[0-9a-f]{48}$/);
    expect(await keyCheck(store.table, store.clock)(key)).toEqual(record);
    expect(record).toMatchObject({ tenant: 'acme', scopes: ['ingest', 'read'], createdBy: 'ops', revokedAt: null });
  });

  it('are not stored, only their hash', async () => {
    const { key } = await createKey(store, wanted);
    const page = await store.table.query({ pk: 'K#acme', limit: 10 });
    expect(page.items).toHaveLength(1);
    expect(JSON.stringify(page.items)).not.toContain(key.split('_')[2]);
  });

  it.each([
    ['a tenant in capitals', { tenant: 'Acme' }],
    ['a tenant with an underscore', { tenant: 'a_b' }],
    ['no tenant', { tenant: '' }],
    ['a tenant of 33 characters', { tenant: 'a'.repeat(33) }],
    ['no scope', { scopes: [] }],
    ['an unknown scope', { scopes: ['root' as 'read'] }],
    ['an end that is past', { expiresAtMs: Date.UTC(2026, 10, 20, 12) }],
  ])('are not made with %s', async (_, change) => {
    await expect(createKey(store, { ...wanted, ...change })).rejects.toThrow(RangeError);
  });

  it('end with their expiry', async () => {
    const { key } = await createKey(store, { ...wanted, expiresAtMs: store.clock.nowMs() + 1000 });
    const check = keyCheck(store.table, store.clock);
    store.clock.advance(999);
    expect(await check(key)).not.toBeNull();
    store.clock.advance(1);
    expect(await check(key)).toBeNull();
  });

  it('end within 10 s of their revocation, though an instance has just seen them', async () => {
    const { key, record } = await createKey(store, wanted);
    const check = keyCheck(store.table, store.clock);
    expect(await check(key)).not.toBeNull();
    expect(await revokeKeyNoted(store, 'acme', record.keyId, 'ops')).toMatchObject({ revokedAt: '2026-11-20T12:00:00.000Z' });
    expect(foundLifetimeMs).toBeLessThanOrEqual(10_000);
    store.clock.advance(foundLifetimeMs);
    expect(await check(key)).toBeNull();
  });

  it('are looked up once while they are remembered', async () => {
    const { key } = await createKey(store, wanted);
    const check = keyCheck(store.table, store.clock);
    for (let i = 0; i < 5; i++) await check(key);
    expect(store.counts.gets).toBe(1);
  });

  it('are refused for a short time without a look when unknown', async () => {
    const check = keyCheck(store.table, store.clock);
    const unknown = `aegis_acme_${'0'.repeat(48)}`;
    expect([await check(unknown), await check(unknown)]).toEqual([null, null]);
    expect(store.counts.gets).toBe(1);
  });

  it('that are malformed cost no look', async () => {
    const check = keyCheck(store.table, store.clock);
    for (const key of [
      '',
      'aegis',
      'aegis_acme_',
      'aegis_ACME_0123456789abcdef',
      'aegis_acme_short',
      'aegis_acme_0123456789abcdef_x',
    ]) {
      expect(await check(key)).toBeNull();
    }
    expect(store.counts.gets).toBe(0);
  });

  it('of one tenant are no use to another, even with the same secret', async () => {
    const { key } = await createKey(store, wanted);
    expect(await keyCheck(store.table, store.clock)(key.replace('acme', 'other'))).toBeNull();
    expect(await revokeKeyNoted(store, 'other', 'key_x', 'ops')).toBeNull();
  });

  it('are listed without their secrets', async () => {
    const first = await createKey(store, wanted);
    store.clock.advance(1);
    const second = await createKey(store, { ...wanted, scopes: ['admin'] });
    expect(await listKeys(store.table, 'acme')).toEqual([first.record, second.record]);
    expect(await listKeys(store.table, 'other')).toEqual([]);
  });

  it('rotate into a new one with the same rights, the old one ending after the grace', async () => {
    const old = await createKey(store, wanted);
    const created = await rotateKeyNoted(store, { tenant: 'acme', keyId: old.record.keyId, by: 'ops', graceMs: 60_000 });
    const check = keyCheck(store.table, store.clock);
    expect(await check(created!.key)).toMatchObject({ scopes: ['ingest', 'read'] });
    expect(await check(old.key)).not.toBeNull();
    store.clock.advance(60_000);
    expect(await check(old.key)).toBeNull();
    expect(await check(created!.key)).not.toBeNull();
  });

  it('that are revoked or unknown do not rotate', async () => {
    const { record } = await createKey(store, wanted);
    await revokeKeyNoted(store, 'acme', record.keyId, 'ops');
    const rotation = { tenant: 'acme', by: 'ops', graceMs: 0 };
    expect(await rotateKeyNoted(store, { ...rotation, keyId: record.keyId })).toBeNull();
    expect(await rotateKeyNoted(store, { ...rotation, keyId: 'key_none' })).toBeNull();
  });
});
