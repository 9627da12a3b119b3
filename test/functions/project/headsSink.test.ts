import { describe, expect, it } from 'vitest';
import { headsSink } from '../../../functions/project/headsSink.ts';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import { Throttled } from '../../../shared/ports/ports.ts';
import { readPendingHeads } from '../../../shared/proof/heads.ts';

const entry = (position: number, chain: string, sequence: number) => ({
  position,
  item: { pk: `A#${chain}`, sk: String(sequence) },
  entry: {
    body: { chain, sequence, previousHash: '0'.repeat(64), event: 'DECISION_MADE', at: '2026-11-20T08:15:01.040Z' },
    hash: `${sequence}a`.padStart(64, '0'),
  },
});

describe('the heads sink', () => {
  it('leaves the newest entry of each chain waiting for a checkpoint, however often and late it is told', async () => {
    const table = memoryTable();
    const sink = headsSink({ table });
    const batch = [entry(0, 'c', 1), entry(1, 'd', 5), entry(2, 'c', 2)];
    expect(await sink.project({ decisions: [], entries: batch })).toEqual([]);
    expect(await sink.project({ decisions: [], entries: batch.slice(0, 1) })).toEqual([]);
    const { heads } = await readPendingHeads(table, 10, 0);
    expect(heads.map(({ chain, sequence }) => `${chain} ${sequence}`).sort()).toEqual(['c 2', 'd 5']);
  });

  it('names the whole batch when the table refuses', async () => {
    const cause = new Throttled();
    const table = {
      ...memoryTable(),
      put: async () => {
        throw cause;
      },
    };
    const failures = await headsSink({ table }).project({ decisions: [], entries: [entry(3, 'c', 1), entry(4, 'd', 1)] });
    expect(failures).toEqual([
      { position: 3, cause },
      { position: 4, cause },
    ]);
  });
});
