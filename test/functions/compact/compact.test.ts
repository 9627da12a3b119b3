import { beforeEach, describe, expect, it } from 'vitest';
import { datasetsOf } from '../../../functions/compact/batch.ts';
import { holdMs, Lease } from '../../../functions/compact/lease.ts';
import type { memoryObjects } from '../../../shared/adapters/memory/objects.ts';
import { archivePrefix } from '../../../shared/model/archive.ts';
import { entryOfRow } from '../../../shared/parquet/entries.ts';
import { allKeys } from '../../../shared/parquet/listing.ts';
import { shareOf } from '../../../shared/parquet/places.ts';
import { countedSources } from '../../../shared/parquet/progress.ts';
import type { ObjectStore, TableStore } from '../../../shared/ports/ports.ts';
import { archiveEntries, archiveFolder } from '../../../shared/proof/archive.ts';
import { chainOf, startMs } from '../../tools/proof/builders.ts';
import {
  compact,
  counted,
  dayMs,
  decisionLine,
  fileKeys,
  fill,
  filledDay,
  hourMs,
  labelLine,
  putLines,
  type World,
  world,
} from './world.ts';

let at: World;
beforeEach(async () => {
  at = world();
  await fill(at.archive);
});

const names = (rows: readonly Readonly<Record<string, unknown>>[], of: string): unknown[] => rows.map((row) => row[of]).sort();
const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `txn_${i}`).sort();

/** Every entry, decision and label of `fill` counts exactly once, and no file is there that does not count. */
const expectWhole = async (archive: ObjectStore): Promise<void> => {
  const { entries, features, labels, files } = await counted(archive);
  const chains = [...chainOf('alpha', 12), ...chainOf('beta', 8)];
  expect(names(entries, 'hash')).toEqual(chains.map(({ hash }) => hash).sort());
  expect(names(features, 'transaction_id')).toEqual(numbered(30));
  expect(names(labels, 'transaction_id')).toEqual(['txn_0', 'txn_10', 'txn_15', 'txn_20', 'txn_25', 'txn_5']);
  expect((await fileKeys(archive)).sort()).toEqual(files.sort());
};

describe('a compaction', () => {
  it('writes every row of a closed day once, drops copies, and removes the feature objects but no audit object', async () => {
    const audit = await allKeys(at.archive, archiveFolder);
    expect(await compact(at)).toMatchObject({ outcome: 'done', rows: 20 + 30 + 6, lagMs: 0 });
    await expectWhole(at.archive);
    expect(await allKeys(at.archive, archivePrefix)).toEqual([]);
    expect(await allKeys(at.archive, archiveFolder)).toEqual(audit);
  });

  it('makes entries of which each is the very entry that the audit holds', async () => {
    await compact(at);
    const { entries } = await counted(at.archive);
    const originals = new Map([...chainOf('alpha', 12), ...chainOf('beta', 8)].map((entry) => [entry.hash, entry]));
    for (const row of entries) expect(entryOfRow(row)).toEqual(originals.get(row.hash as string));
  });

  it('puts a row under its own day and share: an entry by its chain, so that a chain is in one share and in order', async () => {
    await compact(at);
    const keys = (await fileKeys(at.archive)).filter((key) => key.includes('/entries/'));
    expect(keys.map((key) => key.replace(/[^/]*$/, '')).sort()).toEqual(
      ['alpha', 'beta'].map((chain) => `parquet/entries/day=${filledDay}/share=${shareOf(chain)}/`).sort(),
    );
    const { entries } = await counted(at.archive);
    const alpha = entries.filter(({ chain }) => chain === 'alpha').map(({ sequence }) => sequence);
    expect(alpha).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
  });

  it('of a day that is not closed does nothing, until an hour after its end', async () => {
    const open = world();
    await fill(open.archive);
    open.clock.advance(Date.parse('2026-11-21T00:59:59Z') - open.clock.nowMs());
    expect(await compact(open)).toMatchObject({ outcome: 'done', batches: 0 });
    open.clock.advance(1_000);
    expect(await compact(open)).toMatchObject({ outcome: 'done', rows: 56 });
  });

  it('through a named day takes that day although it is open, and later what came after', async () => {
    const open = world();
    open.clock.advance(13 * hourMs - 2 * dayMs);
    await fill(open.archive);
    expect(await compact(open, { throughDay: filledDay })).toMatchObject({ outcome: 'done', rows: 56 });
    await putLines(open.archive, [decisionLine(90)]);
    await archiveEntries(open.archive, chainOf('gamma', 2));
    expect(await compact(open)).toMatchObject({ batches: 0 });
    open.clock.advance(2 * dayMs);
    expect(await compact(open)).toMatchObject({ outcome: 'done', rows: 3 });
  });

  it('refuses a day that is none', async () => {
    await expect(compact(at, { throughDay: 'yesterday' })).rejects.toThrow(
      'throughDay is "yesterday"; allowed: a day, yyyy-mm-dd',
    );
  });

  it('again finds nothing to do', async () => {
    await compact(at);
    const before = await allKeys(at.archive, '');
    expect(await compact(at)).toMatchObject({ outcome: 'done', batches: 0, objects: 0 });
    expect(await allKeys(at.archive, '')).toEqual(before);
  });

  it('puts what came late into further files, and copies of what is there into none', async () => {
    await compact(at);
    await putLines(at.archive, [decisionLine(3), decisionLine(40), labelLine(5), labelLine(40)]);
    await archiveEntries(at.archive, [...chainOf('alpha', 5).slice(2), ...chainOf('gamma', 2)]);
    expect(await compact(at)).toMatchObject({ outcome: 'done', batches: 2, rows: 4 });
    const { entries, features, labels } = await counted(at.archive);
    expect(entries).toHaveLength(22);
    expect(names(features, 'transaction_id')).toEqual([...numbered(30), 'txn_40'].sort());
    expect(labels).toHaveLength(7);
  });

  it('finds what came late to an old day in turn, one old day a run', async () => {
    const days = 12;
    for (let day = 1; day < days; day++) await archiveEntries(at.archive, laterChain(`c${day}`, day * dayMs));
    at.clock.advance(days * dayMs);
    expect(await compact(at)).toMatchObject({ outcome: 'done' });
    await archiveEntries(at.archive, chainOf('gamma', 2));
    await archiveEntries(at.archive, laterChain('delta', 2 * dayMs));
    let rows = 0;
    for (let runs = 0; runs < days && rows < 3; runs++) rows += ((await compact(at)) as { readonly rows: number }).rows;
    expect(rows).toBe(3);
  });

  it('begins no batch that could outlast its time, and the next run goes on', async () => {
    expect(await compact(at, { deadlineMs: at.clock.nowMs() + 100_000 })).toEqual({
      outcome: 'paused',
      batches: 0,
      objects: 0,
      rows: 0,
      files: 0,
      lagMs: at.clock.nowMs() - Date.parse('2026-11-21T01:00:00Z'),
    });
    expect(await compact(at)).toMatchObject({ outcome: 'done', rows: 56 });
  });

  it('answers busy while another run is under way, and takes over from one that died once its time is up', async () => {
    expect(await Lease.take(at)).not.toBeNull();
    expect(await compact(at)).toEqual({ outcome: 'busy' });
    at.clock.advance(holdMs);
    expect(await compact(at)).toMatchObject({ outcome: 'done', rows: 56 });
  });

  it('has one winner when two begin at once', async () => {
    const done = await Promise.all([compact(at), compact(at)]);
    expect(done.map(({ outcome }) => outcome).sort()).toEqual(['busy', 'done']);
    await expectWhole(at.archive);
  });

  it('names the object that is not of the archive', async () => {
    const { gzipSync } = await import('node:zlib');
    await at.archive.put('features/2026/11/20/bad.jsonl.gz', gzipSync('{"kind":"decision"}\n'));
    await expect(compact(at)).rejects.toThrow(/bad\.jsonl\.gz, line 1/);
  });
});

/** A worker whose n-th call of a store is its last: the call has its effect or not, and nothing after it has. */
const dying = (at: World, lastCall: number, hasEffect: boolean): World => {
  let calls = 0;
  const step = async <T>(call: () => Promise<T>): Promise<T> => {
    calls += 1;
    if (calls < lastCall) return call();
    if (calls === lastCall && hasEffect) await call();
    throw new Error('died');
  };
  const wrap = <Store extends object>(store: Store): Store =>
    new Proxy(store, {
      get: (target, name) => {
        const method = Reflect.get(target, name) as (...given: unknown[]) => Promise<unknown>;
        return (...given: unknown[]) => step(() => method.apply(target, given));
      },
    });
  return { ...at, table: wrap<TableStore>(at.table), archive: wrap(at.archive) };
};

describe('a run that dies', () => {
  it.each([
    ['before', false],
    ['after', true],
  ])(
    '%s the effect of any of its calls leaves batches that count whole or not at all, and the next run makes it good',
    async (_, hasEffect) => {
      let deaths = 0;
      for (let lastCall = 1; ; lastCall++) {
        at = world();
        await fill(at.archive);
        const died = await compact(dying(at, lastCall, hasEffect)).then(
          () => false,
          () => true,
        );
        if (!died) break;
        deaths += 1;
        const { entries, features, labels } = await counted(at.archive);
        expect([0, 20]).toContain(entries.length);
        expect([0, 30]).toContain(features.length);
        expect(labels.length).toBe(features.length === 0 ? 0 : 6);
        // What training would read twice: rows that count and are still in a small object that it is not told of.
        const told = await countedSources(at.table, at.archive);
        if (features.length > 0) for (const key of await allKeys(at.archive, archivePrefix)) expect(told).toContain(key);
        at.clock.advance(holdMs);
        expect(await compact(at)).toMatchObject({ outcome: 'done' });
        await expectWhole(at.archive);
        expect(await allKeys(at.archive, archivePrefix)).toEqual([]);
      }
      expect(deaths).toBeGreaterThan(60);
    },
    120_000,
  );
});

describe('work and memory', () => {
  it('of a run stay the same whatever the history holds', async () => {
    const calls = await Promise.all(
      [10, 200].map(async (days) => {
        const grown = world();
        for (let day = 0; day < days; day++) {
          await archiveEntries(grown.archive, laterChain('alpha', day * dayMs));
          await putLines(grown.archive, [decisionLine(day, { occurredAtMs: startMs + day * dayMs })]);
        }
        grown.clock.advance((days - 1) * dayMs);
        while (((await compact(grown)) as { readonly batches: number }).batches > 0);
        await archiveEntries(grown.archive, laterChain('alpha', days * dayMs));
        await putLines(grown.archive, [decisionLine(days, { occurredAtMs: startMs + days * dayMs })]);
        grown.clock.advance(dayMs);
        let count = 0;
        const counting = dying(
          { ...grown, archive: countingObjects(grown.archive, () => count++) },
          Number.POSITIVE_INFINITY,
          true,
        );
        expect(await compact(counting)).toMatchObject({ outcome: 'done', rows: 2 });
        return count;
      }),
    );
    expect(calls[1]).toBeLessThanOrEqual(1.1 * calls[0]!);
  }, 60_000);
});

const countingObjects = (objects: ObjectStore, count: () => void): ReturnType<typeof memoryObjects> =>
  Object.fromEntries(
    Object.entries(objects).map(([name, method]) => [
      name,
      (...given: unknown[]) => {
        count();
        return (method as (...all: unknown[]) => unknown)(...given);
      },
    ]),
  ) as unknown as ReturnType<typeof memoryObjects>;

const laterChain = (chain: string, byMs: number) =>
  chainOf(chain, 1).map(({ body, hash }) => ({
    body: { ...body, at: new Date(Date.parse(body.at) + byMs).toISOString() },
    hash: byMs === 0 ? hash : `${String(byMs).padStart(16, '0')}${hash.slice(16)}`,
  }));

it('the datasets have each column once', () => {
  for (const { fields } of Object.values(datasetsOf)) expect(new Set(fields.map(({ name }) => name)).size).toBe(fields.length);
});
