import { beforeEach, describe, expect, it } from 'vitest';
import { sampleArchive } from '../../../functions/train/sample.ts';
import { shareOf, transactionName } from '../../../shared/parquet/places.ts';
import type { ObjectStore } from '../../../shared/ports/ports.ts';
import { startMs } from '../../tools/proof/builders.ts';
import { compact, dayMs, decisionLine, labelLine, putLines, type World, world } from '../compact/world.ts';

let at: World;
beforeEach(() => {
  at = world();
});

const sample = (given: { readonly windowDays?: number; readonly rowsReadMax?: number; readonly archive?: ObjectStore } = {}) =>
  sampleArchive(
    { table: at.table, archive: given.archive ?? at.archive },
    {
      windowMs: (given.windowDays ?? 60) * dayMs,
      nowMs: at.clock.nowMs(),
      seed: 1,
      ...(given.rowsReadMax !== undefined && { rowsReadMax: given.rowsReadMax }),
    },
  );

/** The number of the payment that a row is of, by its first feature, and what is known of it. */
const told = ({ rows }: Awaited<ReturnType<typeof sample>>): [number, boolean | null][] =>
  rows.map(({ features, fraud }): [number, boolean | null] => [features[0]!, fraud]).sort(([a], [b]) => a - b);

const lines = (from: number, to: number, labelled: (i: number) => boolean = () => false) =>
  Array.from({ length: to - from }, (_, i) => [
    decisionLine(from + i),
    ...(labelled(from + i) ? [labelLine(from + i)] : []),
  ]).flat();

const expected = (count: number, labelled: (i: number) => boolean): [number, boolean | null][] =>
  Array.from({ length: count }, (_, i) => [i, labelled(i) ? i % 10 === 0 : null]);

describe('a sample of the archive', () => {
  const isLabelled = (i: number): boolean => i % 5 === 0;

  it('is the same rows before and after the compaction', async () => {
    await putLines(at.archive, lines(0, 60, isLabelled));
    expect(told(await sample())).toEqual(expected(60, isLabelled));
    await compact(at);
    const after = await sample();
    expect(told(after)).toEqual(expected(60, isLabelled));
    expect(after).toMatchObject({ offered: 60, shares: 16, objectsLeft: 0 });
    expect(await sample()).toEqual(after);
  });

  it('joins what is not compacted yet, each row once, with labels across the two', async () => {
    await putLines(at.archive, [...lines(0, 30), labelLine(35)]);
    await compact(at);
    await putLines(at.archive, [...lines(30, 50), labelLine(5)]);
    await putLines(at.archive, lines(40, 60));
    expect(told(await sample())).toEqual(expected(60, (i) => i === 5 || i === 35));
  });

  it('counts nothing twice while a compaction was cut off before it removed the small objects', async () => {
    await putLines(at.archive, lines(0, 40));
    const cut = async () => {
      throw new Error('cut off');
    };
    await expect(compact({ ...at, archive: { ...at.archive, delete: cut } })).rejects.toThrow('cut off');
    expect(await sample()).toMatchObject({ offered: 40 });
    await compact(at);
    expect(await sample()).toMatchObject({ offered: 40 });
  });

  it('of more rows than are read is whole shares of them, with every label of theirs, tail included', async () => {
    await putLines(at.archive, lines(0, 600, isLabelled));
    await compact(at);
    await putLines(at.archive, lines(600, 700));
    const some = await sample({ rowsReadMax: 200 });
    expect(some.shares).toBeGreaterThan(2);
    expect(some.shares).toBeLessThan(8);
    const shares = new Set(Array.from({ length: some.shares }, (_, i) => 1 + i));
    const inShares = Array.from({ length: 700 }, (_, i) => i).filter((i) =>
      shares.has(shareOf(transactionName('dev', `txn_${i}`))),
    );
    expect(told(some)).toEqual(inShares.map((i) => [i, i < 600 && isLabelled(i) ? i % 10 === 0 : null]));
  });

  it('reads the files of the window alone: a longer history costs no more', async () => {
    const calls = await Promise.all(
      [60, 240].map(async (days) => {
        at = world();
        const own = at;
        for (let day = 0; day < days; day++) {
          await putLines(own.archive, [decisionLine(day, { occurredAtMs: startMs + day * dayMs })]);
          own.clock.advance(dayMs);
          await compact(own);
        }
        let gets = 0;
        const archive: ObjectStore = {
          ...own.archive,
          get: (key) => {
            gets += 1;
            return own.archive.get(key);
          },
        };
        const { offered } = await sampleArchive(
          { table: own.table, archive },
          { windowMs: 20 * dayMs, nowMs: own.clock.nowMs(), seed: 1 },
        );
        expect(offered).toBe(21);
        return gets;
      }),
    );
    expect(calls[1]).toBe(calls[0]);
  }, 30_000);

  it('ends at the newest payment that has occurred by now, whatever a wrong clock has written', async () => {
    await putLines(at.archive, lines(0, 5));
    await putLines(at.archive, [decisionLine(7, { occurredAtMs: startMs + 400 * dayMs })]);
    await compact(at, { throughDay: '2030-01-01' });
    expect(told(await sample({ windowDays: 1 }))).toEqual(expected(5, () => false));
  });

  it('of an empty archive is empty', async () => {
    expect(await sample()).toEqual({ rows: [], offered: 0, shares: 16, objectsLeft: 0 });
  });
});
