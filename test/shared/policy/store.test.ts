import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { describe, expect, it } from 'vitest';
import type { Policy } from '../../../shared/domain/policy.ts';
import { readSystemChain } from '../../../shared/ledger/systemChain.ts';
import { defaultPolicy } from '../../../shared/policy/default.ts';
import { policyHash } from '../../../shared/policy/hash.ts';
import {
  loadActivePolicy,
  loadPolicyVersion,
  policyCacheMs,
  publishPolicy,
  readActivePolicy,
  readPolicyVersion,
  readPolicyVersions,
} from '../../../shared/policy/store.ts';
import {
  type Item,
  OutcomeUnknown,
  type TableStore,
  Throttled,
  TransactionCancelled,
  Unavailable,
  type Write,
} from '../../../shared/ports/ports.ts';
import { policyVersionKey } from '../../../shared/store/names.ts';
import { useTables, withMethods } from './table.ts';

const newTable = useTables();
const nowMs = Date.UTC(2026, 10, 20);
const changed = (review: number): Policy => ({ ...defaultPolicy, cutoffs: { review, block: 70 } });

const publish = (table: TableStore, policy: Policy, status: 'draft' | 'active' = 'active', ifVersion?: number) =>
  publishPolicy(table, 'acme', { policy, status, by: 'key_1', atMs: nowMs, ...(ifVersion !== undefined && { ifVersion }) });

const putOf = (write: Write | undefined): Item => {
  if (write?.kind !== 'put') throw new Error('a put was expected');
  return write.item;
};

describe('a tenant that never published', () => {
  it('is on version 1, the default policy', async () => {
    const { table } = await newTable();
    const compiled = await loadActivePolicy(table, 'acme', nowMs);
    expect(compiled).toMatchObject({ version: 1, hash: policyHash(defaultPolicy), policy: defaultPolicy });
    expect(await readActivePolicy(table, 'acme')).toMatchObject({ version: 1, status: 'active', publishedAtMs: null });
    expect(await readPolicyVersions(table, 'acme', { limit: 10 })).toMatchObject([{ version: 1, status: 'active' }]);
  });
});

describe('publishing', () => {
  it('puts a new version in force and keeps the old one as it was', async () => {
    const { table } = await newTable();
    expect(await publish(table, changed(41))).toEqual({ ok: true, version: 2, hash: policyHash(changed(41)), status: 'active' });
    expect(await loadActivePolicy(table, 'acme', nowMs)).toMatchObject({ version: 2, policy: changed(41) });
    expect(await readPolicyVersion(table, 'acme', 1)).toMatchObject({ status: 'superseded', policy: defaultPolicy });
    expect(await readPolicyVersion(table, 'acme', 2)).toMatchObject({ status: 'active', by: 'key_1', publishedAtMs: nowMs });
    expect(await readPolicyVersion(table, 'acme', 3)).toBeNull();
  });

  it('keeps a draft without putting it in force', async () => {
    const { table } = await newTable();
    expect(await publish(table, changed(41), 'draft')).toMatchObject({ ok: true, version: 2, status: 'draft' });
    expect(await loadActivePolicy(table, 'acme', nowMs)).toMatchObject({ version: 1 });
    expect(await readPolicyVersion(table, 'acme', 2)).toMatchObject({ status: 'draft', policy: changed(41) });
  });

  it('lists versions newest first, in pages', async () => {
    const { table } = await newTable();
    for (const review of [41, 42, 43]) await publish(table, changed(review));
    const first = await readPolicyVersions(table, 'acme', { limit: 3 });
    expect(first.map((stored) => [stored.version, stored.status])).toEqual([
      [4, 'active'],
      [3, 'superseded'],
      [2, 'superseded'],
    ]);
    const second = await readPolicyVersions(table, 'acme', { limit: 3, beforeVersion: 2 });
    expect(second.map((stored) => stored.version)).toEqual([1]);
    expect(await readPolicyVersions(table, 'acme', { limit: 3, beforeVersion: 1 })).toEqual([]);
  });

  it.each([
    ['the version in force', 2, true],
    ['a draft that is newer', 3, true],
    ['a version that was superseded', 1, false],
    ['a version that never was', 4, false],
  ])('made from %s is accepted or refused', async (_what, ifVersion, isOk) => {
    const { table } = await newTable();
    await publish(table, changed(41));
    await publish(table, changed(42), 'draft');
    const published = await publish(table, changed(43), 'active', ifVersion);
    expect(published).toMatchObject(isOk ? { ok: true, version: 4 } : { ok: false, conflict: 'stale', activeVersion: 2 });
  });

  it('by several at once gives each its own version, and one winner to those who name the same ifVersion', async () => {
    const { table } = await newTable();
    const free = await Promise.all([41, 42, 43].map((review) => publish(table, changed(review))));
    expect(free.map((published) => published.ok && published.version).sort()).toEqual([2, 3, 4]);
    const racing = await Promise.all([44, 45, 46].map((review) => publish(table, changed(review), 'active', 4)));
    expect(racing.filter((published) => published.ok)).toHaveLength(1);
    expect(racing.filter((published) => !published.ok && published.conflict === 'stale')).toHaveLength(2);
  });

  it('of one tenant does not touch another', async () => {
    const { table } = await newTable();
    await publish(table, changed(41));
    expect(await loadActivePolicy(table, 'other', nowMs)).toMatchObject({ version: 1 });
    expect(await readSystemChain(table, 'other', 1, 10)).toEqual([]);
  });

  it('enters every version into the system chain, which anyone can check', async () => {
    const { table } = await newTable();
    await Promise.all([41, 42, 43].map((review) => publish(table, changed(review), review === 42 ? 'draft' : 'active')));
    const entries = await readSystemChain(table, 'acme', 1, 10);
    expect(entries).toHaveLength(3);
    let previousHash = '0'.repeat(64);
    for (const [i, { body, hash, inputs }] of entries.entries()) {
      expect(body).toMatchObject({
        chain: 'system.acme',
        sequence: i + 1,
        previousHash,
        event: 'POLICY_PUBLISHED',
        at: '2026-11-20T00:00:00.000Z',
        by: 'key_1',
        version: i + 2,
        policyHash: expect.stringMatching(/^[0-9a-f]{64}$/),
      });
      expect(hash).toBe(createHash('sha256').update(canonicalize(body)!).digest('hex'));
      expect(inputs).toEqual({});
      previousHash = hash;
    }
  });

  it('whose reply is lost is settled by reading, and happens once', async () => {
    const { table } = await newTable();
    const losing = withMethods(table, {
      transact: async (writes) => {
        await table.transact(writes);
        throw new OutcomeUnknown('the reply was lost');
      },
    });
    expect(await publish(losing, changed(41))).toMatchObject({ ok: true, version: 2 });
    expect(await readSystemChain(table, 'acme', 1, 10)).toHaveLength(1);
  });

  it('whose reply is lost while another event took its place is tried again', async () => {
    const { table } = await newTable();
    let sent = 0;
    const losing = withMethods(table, {
      transact: async (writes) => {
        if (sent++ > 0) return table.transact(writes);
        await table.put({ ...putOf(writes[0]), hash: 'f'.repeat(64) });
        throw new OutcomeUnknown('the reply was lost');
      },
    });
    expect(await publish(losing, changed(41))).toMatchObject({ ok: true, version: 2 });
    expect(await readPolicyVersion(table, 'acme', 2)).toMatchObject({ status: 'active' });
    expect(await readSystemChain(table, 'acme', 1, 10)).toHaveLength(2);
  });

  it('writes entry, pointer and version in one transaction, each by condition', async () => {
    const { table } = await newTable();
    const sent: (readonly Write[])[] = [];
    const watched = withMethods(table, {
      transact: (writes) => {
        sent.push(writes);
        return table.transact(writes);
      },
    });
    await publish(watched, changed(41));
    await publish(watched, changed(42));
    const conditions = sent.map((writes) => writes.map((write) => [write.kind, 'condition' in write ? write.condition : null]));
    const absent = ['put', { kind: 'absent' }];
    // That a policy of the hash was in force is true for ever: its note has no condition.
    const note = ['put', null];
    expect(conditions).toEqual([
      [absent, absent, note, absent, absent],
      [absent, ['put', { kind: 'equals', attribute: 'place', value: '2/2' }], note, absent],
    ]);
  });

  it('whose request is lost is not called done', async () => {
    const { table } = await newTable();
    const losing = withMethods(table, { transact: () => Promise.reject(new OutcomeUnknown('the request was lost')) });
    await expect(publish(losing, changed(41))).rejects.toThrow(OutcomeUnknown);
    expect(await loadActivePolicy(table, 'acme', nowMs)).toMatchObject({ version: 1 });
  });

  it('that loses the chain to another event takes the next place', async () => {
    const { table } = await newTable();
    let races = 0;
    const racing = withMethods(table, {
      transact: async (writes) => {
        if (races++ === 0) await table.put({ ...putOf(writes[0]), hash: 'f'.repeat(64) });
        await table.transact(writes);
      },
    });
    expect(await publish(racing, changed(41))).toMatchObject({ ok: true, version: 2 });
    const entries = await readSystemChain(table, 'acme', 1, 10);
    expect(entries.map((entry) => entry.body.sequence)).toEqual([1, 2]);
    expect(entries[1]?.body.previousHash).toBe('f'.repeat(64));
  });

  it('that is throttled says so', async () => {
    const { table } = await newTable();
    const none = { code: 'None', item: null } as const;
    const throttled = withMethods(table, {
      transact: () => Promise.reject(new TransactionCancelled([none, { code: 'Throttled', item: null }, none, none])),
    });
    await expect(publish(throttled, changed(41))).rejects.toThrow(Throttled);
  });

  it('in conflict with others is tried again', async () => {
    const { table } = await newTable();
    let conflicts = 0;
    const conflicting = withMethods(table, {
      transact: (writes) => {
        if (conflicts++ > 0) return table.transact(writes);
        const none = { code: 'None', item: null } as const;
        return Promise.reject(new TransactionCancelled([none, { code: 'TransactionConflict', item: null }, none, none]));
      },
    });
    expect(await publish(conflicting, changed(41))).toMatchObject({ ok: true, version: 2 });
  });

  it('leaves a chain that is read whole though pages are short', async () => {
    const { table } = await newTable();
    for (const review of [41, 42, 43]) await publish(table, changed(review));
    const short = withMethods(table, { query: (query) => table.query({ ...query, limit: 1 }) });
    expect((await readSystemChain(short, 'acme', 1, 10)).map(({ body }) => body.sequence)).toEqual([1, 2, 3]);
    expect((await readSystemChain(short, 'acme', 2, 1)).map(({ body }) => body.sequence)).toEqual([2]);
    expect((await readPolicyVersions(short, 'acme', { limit: 3 })).map(({ version }) => version)).toEqual([4, 3, 2]);
  });

  it('that never gets its turn says so', async () => {
    const { table } = await newTable();
    let puts = 0;
    const hopeless = withMethods(table, {
      transact: async (writes) => {
        puts++;
        await table.put({ ...putOf(writes[0]), hash: 'f'.repeat(64) });
        await table.transact(writes);
      },
    });
    await expect(publish(hopeless, changed(41))).rejects.toThrow(Throttled);
    expect(puts).toBe(8);
  });
});

describe('the policy in force', () => {
  const counting = (table: TableStore) => {
    let reads = 0;
    const counted = withMethods(table, {
      get: (...given) => {
        reads++;
        return table.get(...given);
      },
    });
    return { table: counted, reads: () => reads };
  };

  it('is read once in a while, and its version once for ever', async () => {
    const counted = counting((await newTable()).table);
    await publish(counted.table, changed(41));
    const before = counted.reads();
    for (const ageMs of [0, 1, policyCacheMs - 1]) await loadActivePolicy(counted.table, 'acme', nowMs + ageMs);
    expect(counted.reads() - before).toBe(2);
    await loadActivePolicy(counted.table, 'acme', nowMs + policyCacheMs);
    expect(counted.reads() - before).toBe(3);
  });

  it('acts on an instance that knew the one before within 10 s', async () => {
    const { table } = await newTable();
    const other = withMethods(table, {});
    expect(await loadActivePolicy(other, 'acme', nowMs)).toMatchObject({ version: 1 });
    await publish(table, changed(41));
    expect(await loadActivePolicy(other, 'acme', nowMs + policyCacheMs)).toMatchObject({ version: 2 });
    expect(policyCacheMs).toBeLessThan(10_000);
  });

  it('is read again after a failed read', async () => {
    const { table } = await newTable();
    let fails = true;
    const failing = withMethods(table, {
      get: (...given) => (fails ? Promise.reject(new Unavailable('down')) : table.get(...given)),
    });
    await expect(loadActivePolicy(failing, 'acme', nowMs)).rejects.toThrow(Unavailable);
    fails = false;
    expect(await loadActivePolicy(failing, 'acme', nowMs)).toMatchObject({ version: 1 });
  });

  it('is refused when it does not have the hash it was published with', async () => {
    const { table } = await newTable();
    await publish(table, changed(41));
    await table.update(policyVersionKey('acme', 2), { set: { document: JSON.stringify(changed(99)) } });
    await expect(loadPolicyVersion(table, 'acme', 2)).rejects.toThrow('does not have the hash');
    await expect(loadActivePolicy(table, 'acme', nowMs)).rejects.toThrow('does not have the hash');
  });

  it('throws for a version that never was', async () => {
    const { table } = await newTable();
    await expect(loadPolicyVersion(table, 'acme', 7)).rejects.toThrow('tenant acme has no policy version 7');
  });
});
