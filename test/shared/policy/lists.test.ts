import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { describe, expect, it } from 'vitest';
import type { Policy } from '../../../shared/domain/policy.ts';
import type { Transaction } from '../../../shared/domain/transaction.ts';
import { readSystemChain } from '../../../shared/ledger/systemChain.ts';
import { deleteListEntry, listCacheMs, listHits, listLimits, putListEntry } from '../../../shared/policy/lists.ts';
import { type TableStore, Unavailable } from '../../../shared/ports/ports.ts';
import { listEntryKey, listVersionKey } from '../../../shared/store/names.ts';
import { barePolicy, transaction } from './fixtures.ts';
import { useTables, withMethods } from './table.ts';

const newTable = useTables();
const nowMs = transaction.occurredAtMs;
const dayMs = 86_400_000;
const salt = new Uint8Array(16).fill(7);

const policy: Policy = {
  ...barePolicy,
  lists: {
    devices: { kind: 'block', field: 'deviceId', outcome: 'BLOCK', overrides: false, text: 'x' },
    merchants: { kind: 'block', field: 'merchantId', outcome: 'REVIEW', overrides: false, text: 'x' },
  },
};

const put = (table: TableStore, list: string, entry: string, expiresAtMs: number | null = null, atMs = nowMs) =>
  putListEntry(table, 'acme', { list, entry, by: 'key_1', atMs, salt, expiresAtMs });

const remove = (table: TableStore, list: string, entry: string) =>
  deleteListEntry(table, 'acme', { list, entry, by: 'key_1', atMs: nowMs, salt });

const hits = (table: TableStore, change: Partial<Transaction> = {}, atMs = nowMs) =>
  listHits(table, 'acme', policy, { ...transaction, ...change }, atMs);

describe('a list', () => {
  it('hits by the field that it is about', async () => {
    const { table } = await newTable();
    await put(table, 'devices', 'd_9');
    await put(table, 'merchants', 'd_9');
    expect(await hits(table)).toEqual({ devices: true, merchants: false });
    expect(await hits(table, { deviceId: 'd_8', merchantId: 'd_9' })).toEqual({ devices: false, merchants: true });
  });

  it('does not hit a field that is absent', async () => {
    const { table } = await newTable();
    await put(table, 'devices', 'null');
    expect(await hits(table, { deviceId: null })).toEqual({ devices: false, merchants: false });
  });

  it('of another tenant does not hit', async () => {
    const { table } = await newTable();
    await put(table, 'devices', 'd_9');
    expect(await listHits(table, 'other', policy, transaction, nowMs)).toEqual({ devices: false, merchants: false });
  });

  it.each([
    ['a millisecond before', -1, true],
    ['at', 0, false],
    ['after', 1, false],
  ])("reads expiry against the payment's own time: %s it", async (_when, offsetMs, isHit) => {
    const { table } = await newTable();
    await put(table, 'devices', 'd_9', nowMs);
    // Now is long past the expiry in every row.
    expect(await hits(table, { occurredAtMs: nowMs + offsetMs }, nowMs + dayMs)).toMatchObject({ devices: isHit });
  });

  it('takes an entry out again, and a new expiry for one that is in', async () => {
    const { table } = await newTable();
    await put(table, 'devices', 'd_9', nowMs - 1);
    expect(await hits(table)).toMatchObject({ devices: false });
    await put(table, 'devices', 'd_9', nowMs + 1);
    expect(await hits(table)).toMatchObject({ devices: true });
    expect(await remove(table, 'devices', 'd_9')).toEqual({ ok: true });
    expect(await hits(table)).toMatchObject({ devices: false });
    expect(await remove(table, 'devices', 'd_9')).toEqual({ ok: false, cause: 'absent' });
  });

  it('changed by several at once loses nothing', async () => {
    const { table } = await newTable();
    const results = await Promise.all(['a', 'b', 'c', 'd'].map((entry) => put(table, 'devices', entry)));
    expect(results).toEqual(results.map(() => ({ ok: true })));
    const stored = await table.get(listVersionKey('acme'));
    expect(JSON.parse(String(stored?.lists))).toEqual({ devices: { changes: 4, count: 4 } });
  });
});

describe('the hot path', () => {
  it('reads nothing for a policy without lists', async () => {
    const { table, consumed } = await newTable();
    expect(await listHits(table, 'acme', barePolicy, transaction, nowMs)).toEqual({});
    expect(consumed).toEqual([]);
  });

  it('reads one small item at most every few seconds while nothing changes', async () => {
    const { table, consumed } = await newTable();
    await put(table, 'devices', 'd_9');
    await hits(table);
    consumed.length = 0;
    for (const ageMs of [0, 1, listCacheMs - 1]) await hits(table, {}, nowMs + ageMs);
    expect(consumed).toEqual([]);
    await hits(table, {}, nowMs + listCacheMs);
    expect(consumed).toEqual([{ operation: 'get', readUnits: 1, writeUnits: 0 }]);
  });

  it('reads a changed list alone, and acts on it within 10 s', async () => {
    const { table } = await newTable();
    await put(table, 'merchants', 'm_1');
    const queried: string[] = [];
    const other = withMethods(table, {
      query: (query) => {
        queried.push(query.pk);
        return table.query(query);
      },
    });
    expect(await hits(other)).toEqual({ devices: false, merchants: false });
    await put(table, 'devices', 'd_9');
    queried.length = 0;
    expect(await hits(other, {}, nowMs + listCacheMs)).toEqual({ devices: true, merchants: false });
    expect(queried).toEqual([listEntryKey('acme', 'devices', '').pk]);
    expect(listCacheMs).toBeLessThan(10_000);
  });

  it('shares one read among those who ask at once', async () => {
    const { table, consumed } = await newTable();
    await Promise.all(Array.from({ length: 20 }, () => hits(table)));
    expect(consumed).toHaveLength(1);
  });

  it('never takes an unreadable list for an empty one', async () => {
    const { table } = await newTable();
    let fails = true;
    const failing = withMethods(table, {
      get: (...given) => (fails ? Promise.reject(new Unavailable('down')) : table.get(...given)),
    });
    await expect(hits(failing)).rejects.toThrow(Unavailable);
    fails = false;
    expect(await hits(failing)).toEqual({ devices: false, merchants: false });
  });
});

describe('a change', () => {
  it('is in the system chain, with the entry erasable', async () => {
    const { table } = await newTable();
    await put(table, 'devices', 'd_9', nowMs + dayMs);
    await remove(table, 'devices', 'd_9');
    const entries = await readSystemChain(table, 'acme', 1, 10);
    expect(entries.map((entry) => entry.body)).toMatchObject([
      { event: 'LIST_CHANGED', list: 'devices', action: 'put', expiresAt: '2026-11-21T08:15:00.000Z', by: 'key_1' },
      { event: 'LIST_CHANGED', list: 'devices', action: 'delete', expiresAt: null, by: 'key_1' },
    ]);
    for (const { body, inputs } of entries) {
      expect(JSON.stringify(body)).not.toContain('d_9');
      expect(inputs).toEqual({ entry: 'd_9', salt: '07'.repeat(16) });
      expect(body.inputsHash).toBe(createHash('sha256').update(canonicalize(inputs)!).digest('hex'));
    }
  });
});

describe('a full list', () => {
  const fill = async (table: TableStore, expired: readonly number[]): Promise<void> => {
    await put(table, 'devices', 'd_0');
    for (const [i, expiresAtMs] of expired.entries()) {
      await table.put({ ...listEntryKey('acme', 'devices', `old_${i}`), expiresAtMs });
    }
    const lists = JSON.stringify({ devices: { changes: 1, count: listLimits.entries } });
    await table.update(listVersionKey('acme'), { set: { lists } });
  };
  const count = async (table: TableStore): Promise<unknown> =>
    JSON.parse(String((await table.get(listVersionKey('acme')))?.lists)).devices.count;

  it('takes no further entry, but a new expiry for one that is in, and one after another has left', async () => {
    const { table } = await newTable();
    await fill(table, []);
    expect(await put(table, 'devices', 'd_9')).toEqual({ ok: false, cause: 'full' });
    expect(await put(table, 'devices', 'd_0', nowMs + 1)).toEqual({ ok: true });
    expect(await remove(table, 'devices', 'd_0')).toEqual({ ok: true });
    expect(await put(table, 'devices', 'd_9')).toEqual({ ok: true });
    expect(await count(table)).toBe(10_000);
  });

  it('drops entries that no payment can need any more', async () => {
    const { table } = await newTable();
    await fill(table, [nowMs - 2 * dayMs, nowMs - 3 * dayMs, nowMs - 2 * dayMs + 1]);
    expect(await put(table, 'devices', 'd_9')).toEqual({ ok: true });
    expect(await count(table)).toBe(9_999);
    const left = await table.query({ pk: listEntryKey('acme', 'devices', '').pk, limit: 10 });
    expect(left.items.map((item) => item.sk)).toEqual(['d_0', 'd_9', 'old_2']);
  });

  it('that another instance fills first refuses in the end', async () => {
    const { table } = await newTable();
    await fill(table, []);
    await remove(table, 'devices', 'd_0');
    const results = await Promise.all(['a', 'b', 'c'].map((entry) => put(table, 'devices', entry)));
    expect(results.filter((result) => result.ok)).toHaveLength(1);
    expect(results.filter((result) => !result.ok && result.cause === 'full')).toHaveLength(2);
  });
});
