import { describe, expect, it } from 'vitest';
import { accountFromItem, stateItem } from '../../../shared/ledger/state.ts';
import type { Item } from '../../../shared/ports/ports.ts';
import { canonicalText, sha256Hex } from '../../../shared/proof/canonical.ts';
import { readPendingHeads } from '../../../shared/proof/heads.ts';
import { auditKey } from '../../../shared/store/names.ts';
import { accounts, dayMs, paid, stateOf, type World } from './world.ts';

const rowOf = async ({ at }: World, chain: string, sequence: number): Promise<Item> =>
  (await at.table.get(auditKey(chain, sequence)))!;

describe('a sweep of a table that somebody changed names the chain', () => {
  it.each<[string, string, (world: World, chain: string) => Promise<unknown>]>([
    ['whose signed tail is cut off', 'cut-short', async ({ at }, chain) => at.table.delete(auditKey(chain, 8))],
    [
      'that is gone as a whole, with its state and its decisions',
      'cut-short',
      async ({ at }, chain) => {
        for (let sequence = 1; sequence <= 8; sequence += 1) await at.table.delete(auditKey(chain, sequence));
        await at.table.delete(stateOf(7));
        const ids = at.table.all().filter(({ pk }) => pk.startsWith('D#'));
        for (const { pk, sk } of ids) await at.table.delete({ pk, sk });
      },
    ],
    [
      'whose signed entry was rewritten',
      'rewritten',
      async (world, chain) => {
        const other = await rowOf(world, chain, 7);
        await world.at.table.put({ ...other, ...auditKey(chain, 8) });
      },
    ],
    [
      'whose signed entry cannot be read',
      'unreadable',
      async ({ at }, chain) => at.table.put({ ...auditKey(chain, 8), p: new Uint8Array([1, 2, 3]) }),
    ],
    [
      'whose state names an entry that is not there',
      'state-without-entry',
      async ({ at }) => {
        const account = accountFromItem((await at.table.get(stateOf(7)))!);
        await at.table.put(stateItem('dev', 'account-of-7.x', 'user-of-7.x', { ...account, sequence: 11 }));
      },
    ],
    [
      'whose state names another head',
      'state-differs',
      async ({ at }) => {
        const account = accountFromItem((await at.table.get(stateOf(7)))!);
        await at.table.put(stateItem('dev', 'account-of-7.x', 'user-of-7.x', { ...account, head: 'ab'.repeat(32) }));
      },
    ],
    [
      'whose state was set back',
      'state-behind',
      async (world) => {
        const { at } = world;
        const early = (await at.table.get(stateOf(7)))!;
        await at.pay(7);
        await at.table.put(early);
      },
    ],
    [
      'whose unsigned entry cannot be read',
      'unreadable',
      async ({ at }, chain) => at.table.put({ ...auditKey(chain, 9), p: new Uint8Array([1, 2, 3]) }),
    ],
    ['whose state is gone', 'without-state', async ({ at }) => at.table.delete(stateOf(7))],
    [
      'whose account began anew without an erasure',
      'without-state',
      async ({ at }) => {
        await at.table.delete(stateOf(7));
        await at.pay(7);
      },
    ],
  ])('%s: %s', async (_, kind, change) => {
    const made = await paid();
    const chain = made.chains[7]!;
    await change(made, chain);
    await made.at.sweepAll();
    expect(made.at.named()).toContainEqual({ kind, chain });
    expect(new Set(made.at.named().map((facts) => (facts as { chain: string }).chain))).toEqual(new Set([chain]));
    await made.at.pay(1);
    await made.at.note();
    await made.at.checkpoint();
    const sweeps = (await made.at.stored()).flatMap(({ body }) => body.sweeps ?? []);
    expect(sweeps.reduce((total, { findings }) => total + findings, 0)).toBe(made.at.named().length);
  });
  it('whose signed entry says something else under the same hash', async () => {
    const { at } = await paid();
    const row = (await at.table.get(auditKey('system.dev', 1)))!;
    await at.table.put({ ...row, body: String(row.body).replace('KEY_ADDED', 'KEY_TAKEN') });
    await at.sweepAll();
    expect(at.named()).toEqual([{ kind: 'edited', chain: 'system.dev' }]);
  });
  it.each<[string, string, (world: World) => Promise<unknown>]>([
    [
      'edited',
      'an entry under a hash that its body does not give',
      async ({ at }) => {
        const row = (await at.table.get(auditKey('system.dev', 1)))!;
        await at.table.put({ ...row, ...auditKey('system.dev', 2), hash: 'ab'.repeat(32) });
      },
    ],
    [
      'unlinked',
      'an entry far ahead of the others',
      async ({ at }) => {
        const row = (await at.table.get(auditKey('system.dev', 1)))!;
        const body = canonicalText({ ...JSON.parse(String(row.body)), sequence: 99, previousHash: row.hash });
        await at.table.put({ ...row, ...auditKey('system.dev', 99), body, hash: sha256Hex(body) });
      },
    ],
    [
      'unlinked',
      'an entry that continues another',
      async ({ at }) => {
        await at.administer();
        const row = (await at.table.get(auditKey('system.dev', 2)))!;
        const body = canonicalText({ ...JSON.parse(String(row.body)), previousHash: 'cd'.repeat(32) });
        await at.table.put({ ...row, body, hash: sha256Hex(body) });
      },
    ],
    [
      'unreadable',
      'a row without a sequence',
      async ({ at, chains }) => at.table.put({ ...auditKey(chains[7]!, 1), sk: 'last' }),
    ],
  ])('and has nothing signed that continues no chain: %s, %s', async (kind, _, change) => {
    const made = await paid();
    await change(made);
    await made.at.sweepAll();
    expect(made.at.named().map((facts) => (facts as { kind: string }).kind)).toContain(kind);
    expect((await readPendingHeads(made.at.table, 1_000, 0)).heads).toEqual([]);
  });
  it('names nobody: neither in the log nor in what it keeps', async () => {
    const made = await paid();
    for (let account = 0; account < accounts; account += 1) await made.at.table.delete(stateOf(account));
    await made.at.sweepAll();
    const kept = made.at.table.all().filter(({ pk }) => pk.startsWith('T#'));
    expect(made.at.named()).toHaveLength(accounts);
    expect(JSON.stringify([made.at.lines, kept])).not.toContain('-of-');
  });
});

describe('rows that expire', () => {
  const expired = async (hotDays: number | null) => {
    const made = await paid(hotDays);
    made.at.clock.advance(41 * dayMs);
    for (const { pk, sk } of made.at.table.all().filter(({ pk }) => pk.startsWith('A#') && !pk.startsWith('A#system.')))
      await made.at.table.delete({ pk, sk });
    return made;
  };
  it('are no contradiction where rows expire', async () => {
    const { at } = await expired(40);
    expect(await at.sweepAll()).toMatchObject({ findings: 0 });
  });
  it('are one where they do not, or not yet', async () => {
    for (const hotDays of [null, 60]) {
      const { at } = await expired(hotDays);
      await at.sweepAll();
      expect(new Set(at.named().map((facts) => (facts as { kind: string }).kind))).toEqual(
        new Set(['cut-short', 'state-without-entry']),
      );
    }
  });
  it('are one in a system chain, which never expires', async () => {
    const { at } = await paid(40);
    at.clock.advance(41 * dayMs);
    await at.table.delete(auditKey('system.dev', 1));
    await at.sweepAll();
    expect(at.named()).toEqual([{ kind: 'cut-short', chain: 'system.dev' }]);
  });
});
