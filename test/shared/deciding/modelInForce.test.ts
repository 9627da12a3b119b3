import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { buildModel } from '../../../functions/train/build.ts';
import { seededRandom } from '../../../functions/train/random.ts';
import { virtualClock } from '../../../shared/adapters/memory/clock.ts';
import { memoryObjects } from '../../../shared/adapters/memory/objects.ts';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import { modelCacheMs, modelInForce } from '../../../shared/deciding/modelInForce.ts';
import { featureNames } from '../../../shared/domain/features.ts';
import { readSystemChain } from '../../../shared/ledger/systemChain.ts';
import { encodeArtefact, schemaHash } from '../../../shared/model/artefact.ts';
import type { Manifest } from '../../../shared/model/manifest.ts';
import { activateModel, ModelRefused, readPointer, rollBackModel, storeModel } from '../../../shared/model/store.ts';
import { type ObjectStore, type TableStore, Unavailable } from '../../../shared/ports/ports.ts';
import { modelPointerKey, modelVersionKey } from '../../../shared/store/names.ts';
import { trainingRows } from '../../functions/train/generated.ts';

const act = { by: 'key-1', atMs: 1_700_000_000_000 };
const details = (status: Manifest['status'] = 'published'): Omit<Manifest, 'version' | 'sha256' | 'bytes'> => ({
  kind: 'isolation-forest',
  features: featureNames,
  schemaHash,
  seed: 1,
  trainedAtMs: act.atMs,
  trainingWindow: { fromMs: 0, toMs: 1 },
  rows: 300,
  digest: 'd',
  reference: 'r',
  learned: null,
  metrics: {},
  codeVersion: 'test',
  status,
  reason: status === 'published' ? null : 'worse',
});

const rows = trainingRows(400, 1).map((row) => ({ ...row, fraud: null }));
let artefacts: readonly Uint8Array[];
beforeAll(() => {
  artefacts = [1, 2, 3].map((seed) => encodeArtefact(buildModel(rows, seed).parts));
});

let table: TableStore;
let models: ObjectStore;
let clock: ReturnType<typeof virtualClock>;
const store = (index: number, status: Manifest['status'] = 'published') =>
  storeModel({ table, models }, artefacts[index]!, details(status), act);
const later = async (): Promise<void> => clock.advance(modelCacheMs);

beforeEach(() => {
  table = memoryTable();
  models = memoryObjects();
  clock = virtualClock(act.atMs);
});

describe('the model in force', () => {
  it('is none before the first', async () => {
    expect(await modelInForce({ table, models, clock })()).toEqual({ model: null, degraded: 'NO_MODEL' });
  });

  it('is the one published last, everywhere within the time a model is cached', async () => {
    const current = modelInForce({ table, models, clock });
    await store(0);
    const first = (await current()).model!;
    await store(1);
    expect((await current()).model).toBe(first);
    await later();
    expect((await current()).model).toMatchObject({ version: 2 });
  });

  it('is never a candidate until it is activated', async () => {
    await store(0);
    await store(1, 'candidate');
    const current = modelInForce({ table, models, clock });
    expect((await current()).model?.version).toBe(1);
    await activateModel({ table, models }, 2, act);
    await later();
    expect((await current()).model?.version).toBe(2);
  });

  it('goes back by a rollback, which is a move forward of the pointer', async () => {
    await store(0);
    await store(1);
    const current = modelInForce({ table, models, clock });
    expect((await current()).model?.version).toBe(2);
    expect((await rollBackModel({ table, models }, act)).version).toBe(1);
    await later();
    expect(await current()).toMatchObject({ model: { version: 1 }, degraded: null });
    expect((await readPointer(table))!.moves).toBe(3);
  });

  it('stays the last good one through 1,000 bad artefacts, and decides every time', async () => {
    await store(0);
    let bad: Uint8Array | null = null;
    const serving: ObjectStore = { ...models, get: async (key) => bad ?? models.get(key) };
    const current = modelInForce({ table, models: serving, clock });
    const good = (await current()).model!;
    await store(1);
    const random = seededRandom(5);
    const row = rows[0]!.features as Float64Array;
    for (let i = 0; i < 1000; i++) {
      const copy = artefacts[1]!.slice();
      copy[Math.floor(random() * copy.length)]! ^= 1 << Math.floor(random() * 8);
      bad = i % 3 === 0 ? copy.slice(0, Math.floor(random() * copy.length)) : copy;
      await later();
      const { model, degraded } = await current();
      expect(degraded).toBe('MODEL_INVALID');
      expect(model).toBe(good);
      if (i % 100 === 0) expect(model!.score(row).score).toBeGreaterThan(0);
    }
    bad = null;
    await later();
    expect(await current()).toMatchObject({ model: { version: 2 }, degraded: null });
  });

  it.each<[string, () => Promise<unknown>]>([
    ['no manifest', () => table.delete(modelVersionKey(1))],
    [
      'a manifest of another version',
      () => table.update(modelVersionKey(1), { set: { manifest: manifestText({ version: 9 }) } }),
    ],
    [
      'a manifest for other features',
      () => table.update(modelVersionKey(1), { set: { manifest: manifestText({ schemaHash: '0' }) } }),
    ],
    ['a manifest that is not JSON', () => table.update(modelVersionKey(1), { set: { manifest: '{' } })],
    ['a pointer with another hash', () => table.update(modelPointerKey, { set: { sha256: '0'.repeat(64) } })],
    ['a pointer without a version', () => table.update(modelPointerKey, { remove: ['version'] })],
  ])('is refused with %s', async (_, spoil) => {
    await store(0);
    await spoil();
    expect(await modelInForce({ table, models, clock })()).toEqual({ model: null, degraded: 'MODEL_INVALID' });
  });

  it('is refused when its artefact is gone from the bucket', async () => {
    await store(0);
    expect(await modelInForce({ table, models: memoryObjects(), clock })()).toEqual({ model: null, degraded: 'MODEL_INVALID' });
  });

  it('is not replaced by what an older pointer names', async () => {
    await store(0);
    const old = (await table.get(modelPointerKey))!;
    await store(1);
    const current = modelInForce({ table, models, clock });
    await current();
    await table.put(old);
    await later();
    expect(await current()).toMatchObject({ model: { version: 2 }, degraded: 'MODEL_INVALID' });
  });

  it('stays while the store cannot be reached, and is none if there was none', async () => {
    await store(0);
    let down = false;
    const failing: TableStore = {
      ...table,
      get: async (...given) => {
        if (down) throw new Unavailable('down');
        return table.get(...given);
      },
    };
    const current = modelInForce({ table: failing, models, clock });
    await current();
    down = true;
    await later();
    expect(await current()).toMatchObject({ model: { version: 1 }, degraded: 'STORE_UNAVAILABLE' });
    expect(await modelInForce({ table: failing, models, clock })()).toEqual({ model: null, degraded: 'STORE_UNAVAILABLE' });
  });

  const manifestText = (change: Partial<Manifest>): string =>
    JSON.stringify({ ...details(), version: 1, sha256: 'a'.repeat(64), bytes: 1, ...change });
});

describe('storing models', () => {
  it('gives each its own version when several are stored at once, and ends with the last in force', async () => {
    const manifests = await Promise.all([store(0), store(1), store(2)]);
    expect(manifests.map(({ version }) => version).sort()).toEqual([1, 2, 3]);
    expect((await readPointer(table))!.moves).toBe(3);
  });

  it('enters publishing, keeping as a candidate, activating and rolling back into the system chain', async () => {
    await store(0);
    await store(1, 'candidate');
    await activateModel({ table, models }, 2, act);
    await rollBackModel({ table, models }, act);
    const chain = await readSystemChain(table, 'dev', 1, 10);
    expect(chain.map(({ body }) => [body.event, body.version])).toEqual([
      ['MODEL_PUBLISHED', 1],
      ['MODEL_CANDIDATE', 2],
      ['MODEL_ACTIVATED', 2],
      ['MODEL_ACTIVATED', 1],
    ]);
  });

  it.each<[string, () => Promise<unknown>, RegExp]>([
    ['activate a version that does not exist', () => activateModel({ table, models }, 7, act), /no model version 7/],
    ['activate one without artefact', () => activateModel({ table, models: memoryObjects() }, 1, act), /not in the bucket/],
    ['roll back from the first', () => rollBackModel({ table, models }, act), /no published model is older than version 1/],
  ])('refuses to %s', async (_, attempt, message) => {
    await store(0);
    await expect(attempt()).rejects.toThrow(ModelRefused);
    await expect(attempt()).rejects.toThrow(message);
  });
});
