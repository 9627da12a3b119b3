import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { memoryObjects } from '../../../shared/adapters/memory/objects.ts';
import { archiveEntries, readArchive } from '../../../shared/proof/archive.ts';
import type { AuditEntry } from '../../../shared/proof/entry.ts';
import { chainOf, entryLine } from '../../tools/proof/builders.ts';

const [alpha, beta] = [chainOf('alpha', 4), chainOf('beta', 2)];
const all = async (objects: ReturnType<typeof memoryObjects>, from = '2026-11-01', to = '2026-11-30') => {
  const entries: AuditEntry[] = [];
  for await (const some of readArchive(objects, from, to)) entries.push(...some);
  return entries;
};

describe('the archive', () => {
  it('holds each chain in order, whatever the order of the batch', async () => {
    const objects = memoryObjects();
    await archiveEntries(objects, [alpha[2]!, beta[1]!, alpha[0]!, beta[0]!, alpha[1]!, alpha[3]!]);
    expect(await all(objects)).toEqual([...alpha, ...beta]);
  });
  it('is gzip JSON lines in canonical form under a key of day and content', async () => {
    const objects = memoryObjects();
    await archiveEntries(objects, beta);
    const { keys } = await objects.list('audit/');
    expect(keys).toEqual([expect.stringMatching(/^audit\/2026-11-20\/[0-9a-f]{64}\.jsonl\.gz$/)]);
    expect(gunzipSync((await objects.get(keys[0]!))!).toString()).toBe(beta.map((entry) => `${entryLine(entry)}\n`).join(''));
  });
  it('takes the same batch again, in any order and with copies, without a second object', async () => {
    const objects = memoryObjects();
    for (const batch of [alpha, alpha.toReversed(), [...alpha, alpha[1]!]]) await archiveEntries(objects, batch);
    expect((await objects.list('audit/')).keys).toHaveLength(1);
  });
  it('keeps two different entries of one place, so that a fork can be shown', async () => {
    const objects = memoryObjects();
    await archiveEntries(objects, [alpha[0]!, chainOf('alpha', 1, [], 5)[0]!]);
    expect(await all(objects)).toHaveLength(2);
  });
  it('writes nothing for nothing', async () => {
    const objects = memoryObjects();
    await archiveEntries(objects, []);
    expect((await objects.list('')).keys).toEqual([]);
  });
  it('is read by days', async () => {
    const objects = memoryObjects();
    await archiveEntries(objects, alpha);
    expect(await all(objects, '2026-11-21')).toEqual([]);
    expect(await all(objects, '2026-11-20', '2026-11-20')).toHaveLength(4);
  });
});
