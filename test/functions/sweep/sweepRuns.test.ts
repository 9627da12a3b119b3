import { describe, expect, it } from 'vitest';
import { sweep } from '../../../functions/sweep/sweep.ts';
import { Unavailable } from '../../../shared/ports/ports.ts';
import { readPendingHeads } from '../../../shared/proof/heads.ts';
import { sweepShares } from '../../../shared/proof/sweptShares.ts';
import { accounts, hourMs, paid, type World, world } from './world.ts';

describe('a sweep that is cut into pieces', () => {
  it('counts the same in however many runs, each of a few reads, and keeps no personal id meanwhile', async () => {
    const [whole, pieces] = [await paid(), await paid()];
    for (const { at } of [whole, pieces]) for (let n = 0; n < 40; n += 1) await at.pay(0);
    const end = async ({ at }: World) => {
      await at.note();
      at.clock.advance(200 * hourMs);
      await at.checkpoint();
      return (await at.stored())
        .flatMap(({ body }) => body.sweeps ?? [])
        .map(({ share, chains, entries, states, signed }) => ({ share, chains, entries, states, signed }));
    };
    await whole.at.sweepAll();
    let runs = 0;
    for (;;) {
      let reads = 0;
      const { at } = pieces;
      const table = {
        ...at.table,
        scan: (options: Parameters<typeof at.table.scan>[0]) => {
          reads += 1;
          at.clock.advance(1_000);
          return at.table.scan({ ...options, limit: 3 });
        },
      };
      await sweep({ ...at.dependencies, table }, at.clock.nowMs() + 1_000);
      expect(reads).toBeLessThanOrEqual(30);
      runs += 1;
      const place = (await at.table.get({ pk: 'T#sweep', sk: 'CURRENT' }))!;
      expect(JSON.stringify(place)).not.toContain('-of-');
      if (place.share === 0 && runs > sweepShares) break;
      at.clock.advance(20 * 60_000);
    }
    expect(runs).toBeGreaterThan(sweepShares + 20);
    expect(await end(pieces)).toEqual(await end(whole));
  });
  it('loses nothing to a run that fails, and of two runs at once one goes on', async () => {
    const { at } = await paid();
    const lost = { transact: () => Promise.reject(new Error('cut off')) };
    await expect(at.sweep(lost)).rejects.toThrow('cut off');
    const [one, other] = await Promise.all([at.sweep(), at.sweep()]);
    expect([one.outcome, other.outcome].sort()).toEqual(['other-run-under-way', 'swept']);
    at.clock.advance(hourMs);
    expect(await at.sweepAll()).toMatchObject({ findings: 0, shares: sweepShares });
  });
  it('comes to the same after a failure at any one of its calls', async () => {
    const heads = async ({ table }: World['at']) =>
      (await readPendingHeads(table, 1_000, 0)).heads.map(({ chain, sequence }) => `${chain} ${sequence}`).sort();
    const unsigned = async () => {
      const at = world();
      for (let account = 0; account < accounts; account += 1) await at.pay(account);
      return at;
    };
    const whole = await unsigned();
    await whole.sweepAll();
    const expected = await heads(whole);
    let failed = 0;
    for (let failing = 1; failing <= 15; failing += 1) {
      const at = await unsigned();
      let calls = 0;
      const over = Object.fromEntries(
        (['get', 'getMany', 'query', 'put', 'scan', 'transact'] as const).map((name) => [
          name,
          (...call: never[]) => {
            calls += 1;
            if (calls === failing) return Promise.reject(new Unavailable('the table is away'));
            return (at.table[name] as (...all: never[]) => Promise<unknown>)(...call);
          },
        ]),
      );
      for (let share = 0; share < sweepShares; ) {
        try {
          share += (await at.sweep(over)).shares;
        } catch (error) {
          expect(error).toBeInstanceOf(Unavailable);
          failed += 1;
        }
        at.clock.advance(hourMs);
      }
      expect(await heads(at)).toEqual(expected);
      expect(at.named()).toEqual([]);
    }
    expect(failed).toBe(15);
  });
  it('waits while the index of chains catches up with a longer history', async () => {
    const { at } = await paid();
    for (let i = 0; i < 30; i += 1) {
      await at.pay(0);
      await at.note();
      await at.checkpoint();
    }
    await at.table.delete({ pk: 'T#chains', sk: 'THROUGH' });
    at.clock.advance(1);
    expect(await at.sweep()).toMatchObject({ outcome: 'index-behind', shares: 0 });
    await at.pay(0);
    await at.note();
    await at.checkpoint();
    expect(await at.sweep()).toMatchObject({ outcome: 'swept', findings: 0 });
  });
});
