import { expect, test } from 'vitest';
import { memoryObjects } from '../../../../shared/adapters/memory/objects.ts';
import { archiveEntries } from '../../../../shared/proof/archive.ts';
import { ExpiredEntries } from '../../../../tools/proof/live/expired.ts';
import { bodyOf, sealEntry, zeros } from '../builders.ts';

const dayMs = 86_400_000;
const firstMs = Date.UTC(2026, 10, 1, 12);

/** An archive of ten objects a day, of one entry each; rows are given an expiry on some days. */
const archiveOf = async (days: number, hotDaysOf: (day: number, object: number) => number | null) => {
  const archive = memoryObjects();
  for (let day = 0; day < days; day++) {
    for (let object = 0; object < 10; object++) {
      const entry = sealEntry(bodyOf(`chain${object}`, day + 1, zeros, firstMs + day * dayMs + object * 60_000));
      await archiveEntries(archive, [entry], hotDaysOf(day, object));
    }
  }
  let reads = 0;
  const get = archive.get.bind(archive);
  archive.get = (key) => {
    reads += 1;
    return get(key);
  };
  return { archive, reads: () => reads };
};

test('reads three objects of a day and no more of an archive whose rows never expire', async () => {
  const { archive, reads } = await archiveOf(12, () => null);
  expect(await new ExpiredEntries(archive, firstMs + 100 * dayMs).of(['chain1'])).toEqual(new Map([['chain1', []]]));
  expect(reads()).toBe(12 * 3);
});

test('gives the entries that have expired, in order, and none that has time left', async () => {
  const { archive } = await archiveOf(12, () => 5);
  const found = await new ExpiredEntries(archive, firstMs + 10.5 * dayMs).of(['chain1', 'chain2', 'none']);
  expect(found.get('chain1')!.map(({ body }) => body.sequence)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(found.get('chain2')).toHaveLength(6);
  expect(found.get('none')).toEqual([]);
});

test('reads the days beside those with an expiry too, since the setting changes within a day', async () => {
  const { archive, reads } = await archiveOf(12, (day, object) => (day === 6 || (day === 5 && object === 9) ? 1 : null));
  const found = await new ExpiredEntries(archive, firstMs + 100 * dayMs).of(['chain9']);
  expect(found.get('chain9')!.map(({ body }) => body.sequence)).toEqual([6, 7]);
  expect(reads()).toBeLessThanOrEqual(12 * 3 + 4 * 10);
});
