import { beforeAll, describe, expect, it } from 'vitest';
import { datasetsOf } from '../../../functions/compact/batch.ts';
import { virtualClock } from '../../../shared/adapters/memory/clock.ts';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import { decodeFile } from '../../../shared/parquet/file.ts';
import { allKeys, readListings } from '../../../shared/parquet/listing.ts';
import { readBatch } from '../../../shared/parquet/progress.ts';
import type { Item, Key, TableStore } from '../../../shared/ports/ports.ts';
import { compactedToMs } from '../../../tools/bench/year/compacted.ts';
import { drive } from '../../../tools/bench/year/drive.ts';
import { type Job, jobs } from '../../../tools/bench/year/jobs.ts';
import { callMs } from '../../../tools/bench/year/latencies.ts';
import { functionLimits, limitsOf } from '../../../tools/bench/year/limits.ts';
import { type Measured, measure } from '../../../tools/bench/year/measure.ts';
import { Meter } from '../../../tools/bench/year/meter.ts';
import { judged, tableText } from '../../../tools/bench/year/report.ts';
import { accountOfChain, chainOf, History, shapeOf } from '../../../tools/bench/year/shape.ts';
import { syntheticTable } from '../../../tools/bench/year/table.ts';
import { type Prepared, prepare, worldOf } from '../../../tools/bench/year/world.ts';

const shape = shapeOf(2, { accounts: 60, entriesPerYear: 400_000, realAccounts: 5, realPayments: 12 });
const limits = { timeMs: 600_000, memoryMb: 4_096 };
const everything = async (table: TableStore): Promise<Item[]> => {
  const items: Item[] = [];
  for (let after: Key | undefined; ; ) {
    const page = await table.scan({ limit: 100, ...(after && { after }) });
    items.push(...page.items);
    after = page.after;
    if (after === undefined) return items;
  }
};

describe('a history', () => {
  const history = new History(shape);
  it('gives every payment its account, sequence and time, and every account its payments', () => {
    const counts = new Map<number, number>();
    for (let entry = 0; entry < history.entries; entry += 1) {
      const account = history.accountOf(entry);
      counts.set(account, (counts.get(account) ?? 0) + 1);
      expect(history.sequenceOf(entry)).toBe(counts.get(account));
      expect(history.atMs(entry)).toBeLessThan(history.endMs);
    }
    for (const [account, count] of counts) expect(history.paymentsOf(account)).toBe(count);
  });
  it('names chains so that the account is told by the name, and no other name is', () => {
    for (const account of [0, 1, 999_999]) expect(accountOfChain(chainOf(account))).toBe(account);
    expect(accountOfChain('AAAAAAAAAAAAAAAAAAAAAA')).toBeNull();
    expect(chainOf(5)).toHaveLength(22);
  });
});

describe('a synthetic table', () => {
  const lane = {
    count: 10,
    key: (place: number) => `k${place}`,
    value: (place: number) => ({ pk: 'p', sk: `k${place}`, n: place }),
  };
  const synthetic = {
    lane: (pk: string) => (pk === 'p' ? lane : null),
    families: [{ name: 'items', count: 10, item: lane.value }],
  };
  const both = async () => {
    const plain = memoryTable();
    for (let place = 0; place < lane.count; place += 1) await plain.put(lane.value(place));
    const made = syntheticTable([], synthetic);
    for (const table of [plain, made]) {
      await table.put({ pk: 'p', sk: 'k3', n: 33 }, { kind: 'present' });
      await table.put({ pk: 'p', sk: 'k35', n: 35 }, { kind: 'absent' });
      await table.delete({ pk: 'p', sk: 'k7' });
      await table.update({ pk: 'p', sk: 'k5' }, { add: { n: 1 } });
      await table.put({ pk: 'other', sk: 'x' });
    }
    return { plain, made };
  };
  it.each([
    ['the whole', {}],
    ['backwards', { descending: true }],
    ['between two keys', { from: 'k2', to: 'k6' }],
    ['after a key', { after: 'k3' }],
    ['before a key, backwards', { after: 'k6', descending: true }],
    ['after a key that is gone', { after: 'k7' }],
    ['up to a key that is not there', { to: 'k75', descending: true }],
  ])('answers a query as a stored one does: %s', async (_, query) => {
    const { plain, made } = await both();
    for (const limit of [1, 3, 50]) {
      const asked = { pk: 'p', limit, ...query };
      const [given, expected] = [await made.query(asked), await plain.query(asked)];
      expect(given.items).toEqual(expected.items);
    }
  });
  it('is scanned whole, each item once and as it was written', async () => {
    const { plain, made } = await both();
    const sorted = (items: readonly Item[]) => items.toSorted((a, b) => (`${a.pk} ${a.sk}` < `${b.pk} ${b.sk}` ? -1 : 1));
    expect(sorted(await everything(made))).toEqual(sorted(await everything(plain)));
  });
});

describe('a job', () => {
  let prepared: Prepared;
  beforeAll(async () => {
    prepared = await prepare(shape);
  });
  const small = (name: string): Job => jobs.find((job) => job.name === name)!;

  it.each(jobs.filter(({ growth }) => growth !== 'with accounts').map(({ name }) => name))(
    'does its work on a small stack: %s',
    async (name) => {
      const measured = await measure(small(name), prepared, limits);
      expect(measured).toMatchObject({ outcome: 'done' });
      expect(Object.keys(measured.calls).length).toBeGreaterThan(0);
    },
  );
  it('is out of time when its calls take longer than its function may run', async () => {
    expect((await measure(small('overview of a day'), prepared, { ...limits, timeMs: 3 })).outcome).toBe('out of time');
  });
  it('that throws has failed, and says why', async () => {
    const job: Job = { name: 'x', growth: 'flat', runsIn: 'read', run: () => Promise.reject(new Error('no luck')) };
    expect(await measure(job, prepared, limits)).toMatchObject({ outcome: 'failed', cause: 'Error: no luck' });
  });
  it('finds every file that a listing names, and every small object of a batch; real rows are in the files of their place', async () => {
    const { archive, clock, history } = await worldOf(prepared, Number.POSITIVE_INFINITY);
    await drive(clock, async () => {
      const found = { audit: 0, features: 0 };
      const ids: unknown[] = [];
      for (const source of ['audit', 'features'] as const) {
        for (const { files } of await readListings(archive, source)) {
          for (const { key, dataset } of files) {
            const columns = await decodeFile((await archive.get(key))!, datasetsOf[dataset].fields, key);
            found[source] += 1;
            if (dataset === 'features') ids.push(...columns.of('transaction_id')!);
          }
        }
      }
      expect(found).toEqual({ audit: 16, features: 32 });
      const real = ids.filter((id) => String(id).startsWith('real-'));
      expect(real.length).toBeGreaterThan(10);
      expect(new Set(real).size).toBe(real.length);
      for (const key of await allKeys(archive, 'parquet/batches/audit/')) {
        const { sources } = (await readBatch(archive, key))!;
        expect(sources.length).toBe(history.firstBatchAt(compactedToMs(history)));
        for (let i = 0; i < sources.length; i += 100) expect(await archive.get(sources[i]!)).not.toBeNull();
      }
    });
  });
  it('finds every item by its key that a scan gives', async () => {
    const { table, clock } = await worldOf(prepared, Number.POSITIVE_INFINITY);
    await drive(clock, async () => {
      const items = await everything(table);
      for (let i = 0; i < items.length; i += 17) expect(await table.get(items[i]!)).toEqual(items[i]);
    });
  });
});

describe('time', () => {
  const clock = virtualClock(0);
  const meter = new Meter(clock, 1_000);
  const call = (): Promise<unknown> =>
    meter.call(
      'object get',
      async () => 1,
      () => 0,
    );
  it('passes once for calls at a time, and for each of calls in turn', async () => {
    await drive(clock, () => Promise.all([call(), call(), call()]));
    expect(clock.nowMs()).toBe(callMs('object get', 0));
    await drive(clock, async () => {
      for (let i = 0; i < 3; i += 1) await call();
    });
    expect(clock.nowMs()).toBe(4 * callMs('object get', 0));
    expect(meter.calls).toEqual({ 'object get': 6 });
  });
});

describe('the verdict', () => {
  const job: Job = { name: 'a', growth: 'flat', runsIn: 'read', callsMax: 40, run: async () => undefined };
  const figures = (days: number, given: Partial<Measured> = {}): Measured => ({
    job: 'a',
    days,
    outcome: 'done',
    calls: { 'table get': 10 },
    bytes: 1_000,
    peakMb: 100,
    cpuMs: 10,
    awsMs: 50,
    ...given,
  });
  const read = { timeMs: 15_000, memoryMb: 512 };
  const faultsOf = (older: Partial<Measured>, one: Job = job) => judged(one, read, [figures(30), figures(365, older)])[1]!.faults;
  it.each<[string, Partial<Measured>, string[]]>([
    ['the same figures', {}, []],
    ['one and a half times as many calls', { calls: { 'table get': 15 } }, []],
    ['more calls', { calls: { 'table get': 16 } }, ['grows: calls x 1.6']],
    ['more bytes', { bytes: 2_000 }, ['grows: bytes x 2.0']],
    ['times that differ by noise', { awsMs: 140 }, []],
    ['more time', { awsMs: 200 }, ['grows: time x 2.0']],
    ['too many calls', { calls: { 'table get': 41 } }, ['over its 40 calls', 'grows: calls x 4.1']],
    ['no time left', { outcome: 'out of time' }, ['over its 15 s']],
    ['processor time that does not fit', { awsMs: 15_001 }, ['over its 15 s', 'grows: time x 150.0']],
    ['more memory than the function has', { peakMb: 513 }, ['over its 512 MB']],
    ['no end on this machine', { outcome: 'stopped' }, ['over its limit: stopped on this machine']],
    ['a failure', { outcome: 'failed', cause: 'Error: x' }, ['failed: Error: x']],
  ])('of %s', (_, older, faults) => {
    expect(faultsOf(older)).toEqual(faults);
  });
  it('allows growth to a job that declares it', () => {
    expect(faultsOf({ calls: { 'table get': 30 } }, { ...job, growth: 'with accounts' })).toEqual([]);
  });
  it('stands in the table', () => {
    const text = tableText(judged(job, read, [figures(30), figures(365, { bytes: 2_000 })]));
    expect(text).toContain(
      '| a | 365 | table get 10 | 2 kB | 100 MB | 10 ms | 50 ms | 15 s, 512 MB, flat | grows: bytes x 2.0 |',
    );
  });
});

describe('limits', () => {
  it('are the function’s in the template, and a command’s own', () => {
    const Properties = { Description: 'Aegis: read', Timeout: 15, MemorySize: 512 };
    const functions = functionLimits({ Resources: { a: { Type: 'AWS::Lambda::Function', Properties } } });
    expect(limitsOf('read', functions)).toEqual({ timeMs: 15_000, memoryMb: 512 });
    expect(limitsOf('command', functions).timeMs).toBe(3_600_000);
    expect(() => limitsOf('sweep', functions)).toThrow('the template has no function of the stage sweep');
  });
});
