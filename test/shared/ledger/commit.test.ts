import { describe, expect, test } from 'vitest';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import { commit, isCauseOfCancellation } from '../../../shared/ledger/commit.ts';
import type { AccountCommit } from '../../../shared/ledger/fold.ts';
import type { StoredDecision } from '../../../shared/ledger/items.ts';
import { Throttled, TransactionCancelled, type Write } from '../../../shared/ports/ports.ts';

const put = (pk: string): Write => ({ kind: 'put', item: { pk, sk: 's' }, condition: { kind: 'absent' } });
const account = (name: string, payments: number): AccountCommit => ({
  state: put(`S#${name}`),
  payments: Array.from({ length: payments }, (_, i) => ({
    stored: {} as StoredDecision,
    decision: put(`D#${name}${i}`),
    entry: put(`A#${name}${i}`),
  })),
});

describe('a commit of several accounts', () => {
  test('writes all of them in one transaction', async () => {
    const table = memoryTable();
    expect(await commit(table, [account('a', 2), account('b', 1)])).toEqual({ kind: 'committed' });
    expect(table.all().map(({ pk }) => pk)).toEqual(['A#a0', 'A#a1', 'A#b0', 'D#a0', 'D#a1', 'D#b0', 'S#a', 'S#b']);
  });

  test.each(['S#a', 'D#a1', 'A#a0', 'S#b', 'D#b0', 'A#b0'])('names the write that lost: %s', async (pk) => {
    const table = memoryTable();
    const standing = { pk, sk: 's' };
    await table.put(standing);
    const result = await commit(table, [account('a', 2), account('b', 1)]);
    const reason = (of: string) =>
      of === pk ? { code: 'ConditionalCheckFailed', item: standing } : { code: 'None', item: null };
    const expected = (name: string, payments: number) => ({
      state: reason(`S#${name}`),
      payments: Array.from({ length: payments }, (_, i) => ({
        decision: reason(`D#${name}${i}`),
        entry: reason(`A#${name}${i}`),
      })),
    });
    expect(result).toEqual({ kind: 'cancelled', accounts: [expected('a', 2), expected('b', 1)] });
    expect(result.kind === 'cancelled' && result.accounts.map(isCauseOfCancellation)).toEqual([
      pk.includes('#a'),
      pk.includes('#b'),
    ]);
  });

  test('takes a reason that is missing as none', async () => {
    const table = {
      ...memoryTable(),
      transact: async () => {
        throw new TransactionCancelled([{ code: 'TransactionConflict', item: null }]);
      },
    };
    const result = await commit(table, [account('a', 1), account('b', 1)]);
    expect(result.kind === 'cancelled' && result.accounts.map(isCauseOfCancellation)).toEqual([true, false]);
  });

  test('throws what is no cancellation', async () => {
    const table = {
      ...memoryTable(),
      transact: async () => {
        throw new Throttled('too fast');
      },
    };
    await expect(commit(table, [account('a', 1)])).rejects.toThrow(Throttled);
  });
});
