import { beforeEach, describe, expect, it } from 'vitest';
import type { TrainingRow } from '../../../functions/train/build.ts';
import { trainModel } from '../../../functions/train/train.ts';
import { virtualClock } from '../../../shared/adapters/memory/clock.ts';
import { memoryObjects } from '../../../shared/adapters/memory/objects.ts';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import { modelInForce } from '../../../shared/deciding/modelInForce.ts';
import { featureNames } from '../../../shared/domain/features.ts';
import { readSystemChain } from '../../../shared/ledger/systemChain.ts';
import { schemaHash } from '../../../shared/model/features.ts';
import { listManifests } from '../../../shared/model/store.ts';
import type { ObjectStore } from '../../../shared/ports/ports.ts';
import { modelPointerKey } from '../../../shared/store/names.ts';
import { trainingRows } from './generated.ts';
import { fillArchive } from './generatedArchive.ts';

const nowMs = 1_700_000_000_000 + 30 * 86_400_000;

const world = () => ({
  table: memoryTable(),
  archive: memoryObjects(),
  models: memoryObjects(),
  clock: virtualClock(nowMs),
  log: () => undefined,
  codeVersion: 'test',
});

let on: ReturnType<typeof world>;
beforeEach(() => {
  on = world();
});

describe('training', () => {
  it('publishes nothing from fewer than 256 rows: rules decide', async () => {
    await fillArchive(on.archive, trainingRows(255, 1));
    expect(await trainModel(on)).toEqual({ outcome: 'too few rows', rows: 255, rowsNeeded: 256 });
    expect(await on.table.get(modelPointerKey)).toBeNull();
    expect(await modelInForce(on)()).toEqual({ model: null, degraded: 'NO_MODEL' });
  });

  it('publishes the first model of 256 rows, without a learned layer', async () => {
    await fillArchive(
      on.archive,
      trainingRows(256, 1).map((row) => ({ ...row, fraud: null })),
    );
    const report = await trainModel(on);
    expect(report).toMatchObject({ outcome: 'published', manifest: { version: 1, rows: 256, learned: null, reason: null } });
    const { model, degraded } = await modelInForce(on)();
    expect({ version: model?.version, learned: model?.learned, degraded }).toEqual({ version: 1, learned: null, degraded: null });
  });

  it('trains on a history that ended long ago, and only on its last days', async () => {
    const yearMs = 365 * 86_400_000;
    const old = trainingRows(300, 1).map((row) => ({ ...row, fraud: null, occurredAtMs: row.occurredAtMs - yearMs }));
    const older = trainingRows(300, 2).map((row) => ({ ...row, fraud: null, occurredAtMs: row.occurredAtMs - 2 * yearMs }));
    await fillArchive(on.archive, [...old, ...older]);
    expect(await trainModel(on)).toMatchObject({ outcome: 'published', manifest: { rows: 300 } });
  });

  it('learns from labels once there are enough, and says of how many', async () => {
    await fillArchive(on.archive, trainingRows(2000, 1));
    const report = await trainModel(on);
    expect(report).toMatchObject({ outcome: 'published', manifest: { learned: { frauds: 100, honest: 1900 } } });
    const learned = (await modelInForce(on)()).model!.learned!;
    const rows = trainingRows(2000, 2);
    const meanPoints = (isFraud: boolean): number => {
      const points = rows
        .filter(({ fraud }) => fraud === isFraud)
        .map(({ features, signals }) => learned.score({ features: features as Float64Array, signals, percentile: 50 }).points);
      return points.reduce((sum, one) => sum + one, 0) / points.length;
    };
    expect(meanPoints(true)).toBeGreaterThan(meanPoints(false));
  });

  it('counts a label only from when it became known', async () => {
    await fillArchive(on.archive, trainingRows(2000, 1));
    on = { ...on, clock: virtualClock(1_700_000_000_000 + 900 * 60_000) };
    const report = await trainModel(on);
    expect(report).toMatchObject({ manifest: { learned: null, rows: 901 } });
  });

  it('replaces the model in force by one that is no worse, under the next version', async () => {
    await fillArchive(on.archive, trainingRows(2000, 1));
    await trainModel(on);
    const report = await trainModel(on, { seed: 2 });
    expect(report).toMatchObject({ outcome: 'published', manifest: { version: 2 } });
    expect((await modelInForce(on)()).model?.version).toBe(2);
  });

  it('keeps a worse model as a candidate, with the reason', async () => {
    await fillArchive(on.archive, trainingRows(2000, 1));
    await trainModel(on);
    const shifted = trainingRows(6000, 3).map((row) => ({
      ...row,
      features: Float64Array.from(row.features, (value) => 40 * value + 300),
      fraud: null,
    }));
    const archive = memoryObjects();
    await fillArchive(archive, shifted, { name: 's' });
    const report = await trainModel({ ...on, archive });
    expect(report).toMatchObject({ outcome: 'candidate', manifest: { version: 2, status: 'candidate' } });
    expect(report.outcome === 'candidate' && report.manifest.reason).toMatch(/alerts on|stability/);
    expect((await modelInForce(on)()).model?.version).toBe(1);
  });

  it('gives the same bytes for the same archive and seed', async () => {
    const other = world();
    for (const { archive } of [on, other]) await fillArchive(archive, trainingRows(1500, 4));
    await trainModel(on);
    await trainModel(other);
    const [a] = await listManifests(on.table, 1);
    const [b] = await listManifests(other.table, 1);
    expect(a!.sha256).toBe(b!.sha256);
    expect(a!.digest).toBe(b!.digest);
  });

  it('reads at most 16 archive objects at a time, each once', async () => {
    await fillArchive(on.archive, trainingRows(3000, 5), { perObject: 100 });
    let open = 0;
    let most = 0;
    const read: string[] = [];
    const counting: ObjectStore = {
      ...on.archive,
      get: async (key) => {
        read.push(key);
        open += 1;
        most = Math.max(most, open);
        const body = await on.archive.get(key);
        open -= 1;
        return body;
      },
    };
    await trainModel({ ...on, archive: counting });
    expect(most).toBe(16);
    expect(new Set(read).size).toBe(read.length);
  });

  it('goes on with the older list of features until half of the rows have the longer one, and then leaves the others out', async () => {
    const cut = (row: TrainingRow): TrainingRow => ({ ...row, features: Array.from(row.features).slice(0, 20), fraud: null });
    const whole = (row: TrainingRow): TrainingRow => ({ ...row, fraud: null });
    await fillArchive(on.archive, trainingRows(400, 1).map(cut), { name: 'old' });
    await fillArchive(on.archive, trainingRows(300, 2).map(whole), { name: 'new' });
    const first = await trainModel(on);
    expect(first).toMatchObject({ outcome: 'published', manifest: { features: featureNames.slice(0, 20) } });
    expect((await modelInForce(on)()).model!.score(new Float64Array(featureNames.length)).score).toBeGreaterThan(0);

    await fillArchive(on.archive, trainingRows(200, 3).map(whole), { name: 'newer' });
    const second = await trainModel(on);
    if (first.outcome === 'too few rows' || second.outcome === 'too few rows') throw new Error('nothing was trained');
    expect(second.manifest.features).toEqual(featureNames);
    expect(second.manifest.schemaHash).toBe(schemaHash);
    expect(second.manifest.reference).not.toBe(first.manifest.reference);
    expect((await modelInForce(on)()).degraded).toBeNull();
  });

  it('keeps the older list while too few rows have the longer one', async () => {
    const cut = trainingRows(100, 1).map((row) => ({ ...row, features: Array.from(row.features).slice(0, 20), fraud: null }));
    await fillArchive(on.archive, cut, { name: 'old' });
    await fillArchive(
      on.archive,
      trainingRows(200, 2).map((row) => ({ ...row, fraud: null })),
      { name: 'new' },
    );
    expect(await trainModel(on)).toMatchObject({ outcome: 'published', manifest: { features: featureNames.slice(0, 20) } });
  });

  it('refuses a line of a newer version by its name', async () => {
    const [row] = trainingRows(1, 1);
    await fillArchive(on.archive, [{ ...row!, features: [...Array.from(row!.features), 1], fraud: null }]);
    await expect(trainModel(on)).rejects.toThrow(
      /jsonl\.gz, line 1 is in format 1 and holds 32 features, of which 31 are known; this version reads formats up to 1/,
    );
    on = world();
    await fillArchive(on.archive, [{ ...row!, signals: [...row!.signals, 1], fraud: null }]);
    await expect(trainModel(on)).rejects.toThrow(/holds 15 signals, of which 14 are known/);
  });

  it('names object and line of what is not a line of the archive', async () => {
    const { gzipSync } = await import('node:zlib');
    await on.archive.put('features/2026/01/01/bad.jsonl.gz', gzipSync('{"kind":"decision"}\n'));
    await expect(trainModel(on)).rejects.toThrow(/bad\.jsonl\.gz, line 1/);
  });

  it('enters every stored model into the system chain', async () => {
    await fillArchive(on.archive, trainingRows(300, 1));
    await trainModel(on);
    const chain = await readSystemChain(on.table, 'dev', 1, 10);
    expect(chain.map(({ body }) => [body.event, body.version, body.by])).toEqual([['MODEL_PUBLISHED', 1, 'system']]);
  });
});
