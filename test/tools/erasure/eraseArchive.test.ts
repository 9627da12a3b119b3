import { beforeEach, describe, expect, it } from 'vitest';
import { Lease } from '../../../functions/compact/lease.ts';
import type { Row } from '../../../shared/parquet/file.ts';
import type { ObjectStore } from '../../../shared/ports/ports.ts';
import { seededRandom } from '../../../shared/store/random.ts';
import { erase } from '../../../tools/erasure/erase.ts';
import { counted, fileKeys } from '../../functions/compact/world.ts';
import { erasedPeople, payment, people, peopledWorld, subjects, tracesOf, type World, world } from './world.ts';

describe('an erasure of 50 people among 60, in the archive', () => {
  let at: World;
  beforeEach(async () => {
    at = await peopledWorld();
  });

  it('cleans the Parquet files too, and leaves in them exactly the others, each once', async () => {
    expect(await at.compact()).toMatchObject({ outcome: 'done' });
    const before = await counted(at.archive);
    expect([before.features.length, before.labels.length]).toEqual([3 * people, people / 2]);
    await at.erase(subjects);
    const after = await counted(at.archive);
    const stays = ({ transaction_id }: Row): boolean => Number((transaction_id as string).split('_')[1]) >= erasedPeople;
    const named = (rows: readonly Row[]): string[] => rows.map((row) => `${row.transaction_id} ${row.known_at}`).sort();
    expect(named(after.features)).toEqual(named(before.features.filter(stays)));
    expect(named(after.labels)).toEqual(named(before.labels.filter(stays)));
    expect(await at.compact()).toMatchObject({ outcome: 'done' });
    const text = await at.everything();
    for (let i = 0; i < erasedPeople; i += 1) for (const trace of tracesOf(i)) expect(text.includes(trace)).toBe(false);
    expect((await at.verified()).report.verdict).toBe('intact');
    // The erasure's own entries are the only ones that came.
    expect((await counted(at.archive)).entries).toHaveLength(before.entries.length + erasedPeople);
  });

  it('cut off before or after any write to the Parquet files, finishes when it is called again, and no row counts twice meanwhile', async () => {
    let cuts = 0;
    for (let last = 1; ; last += 3) {
      at = world();
      for (let i = 0; i < 6; i += 1) for (let n = 0; n < 2; n += 1) await at.pay(payment(i, n));
      await at.project();
      await at.label('txn_0_0', 'note');
      await at.project();
      await at.compact();
      let writes = 0;
      const cut = (call: () => Promise<void>): Promise<void> => {
        writes += 1;
        if (writes > last) throw new Error('cut off');
        return call();
      };
      const archive: ObjectStore = {
        ...at.archive,
        put: (key, body) => (key.startsWith('parquet/') ? cut(() => at.archive.put(key, body)) : at.archive.put(key, body)),
        delete: (key) => cut(() => at.archive.delete(key)),
      };
      const some = subjects.slice(0, 4);
      const given = { tenant: 'dev', subjects: some, by: 'key_9' };
      const { table, clock, masterSecret } = at;
      const isCut = await erase({ table, archive, clock, randomness: seededRandom(1), masterSecret, parked: [] }, given).then(
        () => false,
        () => true,
      );
      if (!isCut) break;
      cuts += 1;
      const meanwhile = (await counted(at.archive)).features.map((row) => row.transaction_id);
      expect(new Set(meanwhile).size).toBe(meanwhile.length);
      await at.erase(subjects.slice(0, 5));
      const { features, labels, files } = await counted(at.archive);
      expect(features.map((row) => row.transaction_id).sort()).toEqual(['txn_5_0', 'txn_5_1']);
      expect(labels).toEqual([]);
      const data = (await fileKeys(at.archive)).filter((key) => files.includes(key) || !key.includes('/entries/'));
      expect(data.sort()).toEqual(files.sort());
    }
    expect(cuts).toBeGreaterThan(2);
  }, 60_000);

  it('waits for a compaction that is under way', async () => {
    await at.compact();
    const lease = (await Lease.take({ table: at.table, clock: at.clock, randomness: seededRandom(2) }))!;
    let isDone = false;
    const erasing = at.erase(subjects).finally(() => {
      isDone = true;
    });
    const waitAWhile = async (): Promise<void> => {
      for (let turns = 0; turns < 300; turns++) await new Promise((resolve) => setImmediate(resolve));
      at.clock.advance(10_000);
    };
    for (let times = 0; times < 5; times++) await waitAWhile();
    expect(isDone).toBe(false);
    await lease.release();
    await waitAWhile();
    expect((await erasing).featureObjects).toBeGreaterThan(0);
  });
});
