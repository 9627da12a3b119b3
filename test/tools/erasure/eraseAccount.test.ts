import { describe, expect, it } from 'vitest';
import { auditFromItem } from '../../../shared/ledger/items.ts';
import { accountFromItem } from '../../../shared/ledger/state.ts';
import type { ObjectStore } from '../../../shared/ports/ports.ts';
import { archiveEntries } from '../../../shared/proof/archive.ts';
import { auditKey, stateKey } from '../../../shared/store/names.ts';
import { seededRandom } from '../../../shared/store/random.ts';
import { erase } from '../../../tools/erasure/erase.ts';
import { counted } from '../../functions/compact/world.ts';
import { payment, tracesOf, type World, world } from './world.ts';

describe('an erasure of one account', () => {
  const subject = { userId: 'user-of-7.x', accountId: 'account-of-7.x' };
  /** A stack in which so many people paid, of whom some were erased before. */
  const stackOf = async (count: number, erasedBefore = 0) => {
    const at = world('over-at-once');
    for (let i = 7; i < 7 + count; i += 1) for (let n = 0; n < 3; n += 1) await at.pay(payment(i, n));
    await at.project();
    await at.label('txn_7_0', 'note about 7.');
    await at.project();
    for (let i = 8; i < 8 + erasedBefore; i += 1) await at.erase([{ userId: `user-of-${i}.x`, accountId: `account-of-${i}.x` }]);
    return at;
  };
  /** Erases account 7, counting the calls of the table. */
  const counting = async (at: World, archive: ObjectStore = at.archive) => {
    const calls: string[] = [];
    const table = new Proxy(at.table, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        return (...given: unknown[]) => {
          calls.push(String(name));
          return member.apply(target, given);
        };
      },
    });
    const { clock, masterSecret } = at;
    const parts = { table, archive, clock, randomness: seededRandom(1), masterSecret, parked: [] };
    const report = await erase(parts, { tenant: 'dev', subjects: [subject], by: 'key_9' });
    return { report, calls };
  };
  const expectNoTrace = async (at: World): Promise<void> => {
    const text = await at.everything();
    for (const trace of tracesOf(7)) expect(text.includes(trace), JSON.stringify(trace)).toBe(false);
    expect(text).toContain('user-of-8.x');
  };

  it('follows its chain to every trace, and never reads the whole table', async () => {
    const at = await stackOf(2);
    const { report, calls } = await counting(at);
    expect(report).toMatchObject({ accounts: 1, decisions: 3, featureObjects: 2 });
    expect(calls).not.toContain('scan');
    await expectNoTrace(at);
  });
  it('costs the same after many other erasures as before them', async () => {
    const [first, later] = [await counting(await stackOf(12, 1)), await counting(await stackOf(12, 10))];
    expect(later.report).toEqual(first.report);
    expect(later.calls).toEqual(first.calls);
  });
  it('finds payments whose rows have expired in the compacted archive', async () => {
    const at = await stackOf(2);
    const { chain } = accountFromItem((await at.table.get(stateKey('dev', subject.accountId, subject.userId)))!);
    const rows = at.table.all().filter(({ pk }) => pk === `A#${chain}`);
    await archiveEntries(at.archive, rows.map(auditFromItem), 1);
    for (const { pk, sk } of rows.slice(0, 2)) await at.table.delete({ pk, sk });
    at.clock.advance(10 * 86_400_000);
    await at.compact();
    const { report } = await counting(at);
    expect(report).toMatchObject({ accounts: 1, decisions: 3 });
    await expectNoTrace(at);
    const { features, labels } = await counted(at.archive);
    expect([...features, ...labels].map((row) => row.transaction_id).sort()).toEqual(['txn_8_0', 'txn_8_1', 'txn_8_2']);
  });
  it('is refused where the chain lacks an entry, which the search of the whole table makes up for', async () => {
    const at = await stackOf(2);
    const { chain } = accountFromItem((await at.table.get(stateKey('dev', subject.accountId, subject.userId)))!);
    await at.table.delete(auditKey(chain, 2));
    await expect(counting(at)).rejects.toThrow(`chain ${chain} lacks entry 2: erase the user without an account`);
    await at.erase([{ userId: subject.userId, accountId: null }]);
    await expectNoTrace(at);
  });
  it('ends an earlier one that was cut off, though its person has paid again since', async () => {
    const at = await stackOf(2);
    const broken = { ...at.archive, list: () => Promise.reject(new Error('cut off')) };
    await expect(counting(at, broken)).rejects.toThrow('cut off');
    expect((await at.pay(payment(7, 5))).kind).toBe('decided');
    await at.project();
    expect((await counting(at)).report).toMatchObject({ accounts: 1, decisions: 4 });
    await expectNoTrace(at);
  });
});
