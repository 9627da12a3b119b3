import { describe, expect, it } from 'vitest';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import { decisionKey } from '../../../shared/store/names.ts';
import { StillUndecided, undecided, waitUntilDecided } from '../../../tools/cli/decided.ts';

const ids = Array.from({ length: 250 }, (_, i) => `t${i}`);
const given = async (decided: readonly string[]) => {
  const table = memoryTable();
  const decide = (id: string) => table.put({ ...decisionKey('dev', id) });
  for (const id of decided) await decide(id);
  return { table, decide };
};

describe('waiting until payments are decided', () => {
  it('names those that are not, in the order given', async () => {
    const { table } = await given(ids.filter((_, i) => i % 100 !== 7));
    expect(await undecided(table, ids)).toEqual(['t7', 't107', 't207']);
  });

  it('ends at once when all are decided', async () => {
    const { table } = await given(ids);
    await waitUntilDecided(table, ids, { waitMsMax: 1_000, whileWaiting: () => Promise.reject(new Error('waited')) });
  });

  it('goes on until the last one is decided', async () => {
    const { table, decide } = await given([]);
    const left = [...ids];
    const whileWaiting = async () => {
      for (const id of left.splice(0, 60)) await decide(id);
    };
    await waitUntilDecided(table, ids, { waitMsMax: 10_000, pollMs: 0, whileWaiting });
    expect(left).toEqual([]);
  });

  it('gives up in time and names all that are undecided', async () => {
    const { table } = await given(ids.slice(2));
    const waited = waitUntilDecided(table, ids, { waitMsMax: 20, pollMs: 1 });
    await expect(waited).rejects.toBeInstanceOf(StillUndecided);
    await expect(waited).rejects.toMatchObject({ transactionIds: ['t0', 't1'] });
  });
});
