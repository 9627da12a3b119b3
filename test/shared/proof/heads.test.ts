import { describe, expect, it } from 'vitest';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import type { TableStore } from '../../../shared/ports/ports.ts';
import { dropCoveredHeads, noteHeads, readPendingHeads } from '../../../shared/proof/heads.ts';
import { chainOf, startMs } from '../../tools/proof/builders.ts';

const minuteMs = 60_000;
const entries = chainOf('alpha', 9);
const pending = async (table: TableStore) => (await readPendingHeads(table, 1_000, 0)).heads;
const headAt = (sequence: number) => ({ chain: 'alpha', sequence, head: entries[sequence - 1]!.hash });

describe('heads waiting for a checkpoint', () => {
  it('keep the newest entry of a chain and the age of the oldest', async () => {
    const table = memoryTable();
    await noteHeads(table, [entries[4]!, entries[2]!, entries[3]!]);
    expect(await pending(table)).toEqual([{ ...headAt(5), sinceMs: startMs + 3 * minuteMs }]);
  });
  it('move forward only, so that a batch may come twice or late', async () => {
    const table = memoryTable();
    for (const batch of [[entries[4]!], [entries[2]!], [entries[4]!], [entries[3]!]]) await noteHeads(table, batch);
    expect(await pending(table)).toEqual([{ ...headAt(5), sinceMs: startMs + 3 * minuteMs }]);
  });
  it('end at the newest, whatever the order of writers that run at once', async () => {
    const table = memoryTable();
    await Promise.all(entries.slice(0, 6).map((entry) => noteHeads(table, [entry])));
    expect(await pending(table)).toMatchObject([{ sequence: 6 }]);
  });
  it('are many to an item, so that a chain costs a fraction of a write', async () => {
    const table = memoryTable();
    await noteHeads(
      table,
      Array.from({ length: 150 }, (_, i) => chainOf(`chain-${i}`, 1)[0]!),
    );
    expect((await table.scan({ limit: 1_000 })).items).toHaveLength(2);
    expect(await pending(table)).toHaveLength(150);
  });
  it('stay together until the last of an item is covered', async () => {
    const table = memoryTable();
    const beta = chainOf('beta', 2);
    await noteHeads(table, [entries[4]!, beta[1]!]);
    await dropCoveredHeads(table, [headAt(5), { chain: 'beta', sequence: 1, head: beta[0]!.hash }]);
    expect((await pending(table)).map(({ chain, sequence }) => `${chain} ${sequence}`).sort()).toEqual(['alpha 5', 'beta 2']);
    await dropCoveredHeads(table, [headAt(5), { chain: 'beta', sequence: 2, head: beta[1]!.hash }]);
    expect(await pending(table)).toEqual([]);
  });
  it('are dropped when covered, and stay when they moved on meanwhile', async () => {
    const table = memoryTable();
    await noteHeads(table, [entries[4]!]);
    await noteHeads(table, chainOf('beta', 2));
    await noteHeads(table, [entries[6]!]);
    await dropCoveredHeads(table, [headAt(5), { chain: 'beta', sequence: 2, head: 'x' }]);
    expect(await pending(table)).toEqual([{ ...headAt(7), sinceMs: startMs + 7 * minuteMs }]);
  });
  it('are dropped twice without harm', async () => {
    const table = memoryTable();
    await noteHeads(table, [entries[4]!]);
    await dropCoveredHeads(table, [headAt(5)]);
    await dropCoveredHeads(table, [headAt(5)]);
    expect(await pending(table)).toEqual([]);
  });
  it('are read up to a number, and it says whether that was all', async () => {
    const table = memoryTable();
    for (let i = 0; i < 40; i++) await noteHeads(table, chainOf(`chain-${i}`, 1));
    const some = await readPendingHeads(table, 25, 3);
    expect([some.heads.length, some.isAll]).toEqual([25, false]);
    const all = await readPendingHeads(table, 1_000, 3);
    expect([new Set(all.heads.map((head) => head.chain)).size, all.isAll]).toEqual([40, true]);
  });
  it.each([
    ['chain', { chain: '' }],
    ['sequence', { sequence: 0 }],
    ['previousHash', { previousHash: 'x' }],
    ['event', { event: null }],
    ['at', { at: 'yesterday' }],
  ])('refuse an entry whose %s is none', async (field, change) => {
    const bad = { body: { ...entries[0]!.body, ...change }, hash: entries[0]!.hash };
    await expect(noteHeads(memoryTable(), [bad])).rejects.toThrow(`${field} is `);
  });
});
