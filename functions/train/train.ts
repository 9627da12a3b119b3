import { dayMs } from '../../shared/domain/durations.ts';
import { featureNames } from '../../shared/domain/features.ts';
import type { CompiledModel } from '../../shared/domain/model.ts';
import type { Log } from '../../shared/edge/log.ts';
import { compile, encodeArtefact, loadArtefact, sha256 } from '../../shared/model/artefact.ts';
import { schemaHashOf } from '../../shared/model/features.ts';
import { treeRows } from '../../shared/model/forestShape.ts';
import { ModelInvalid } from '../../shared/model/invalid.ts';
import { artefactKey, type Manifest } from '../../shared/model/manifest.ts';
import { readManifest, readPointer, storeModel } from '../../shared/model/store.ts';
import type { Clock, ObjectStore, TableStore } from '../../shared/ports/ports.ts';
import { buildModel, type TrainingRow } from './build.ts';
import { compare } from './compare.ts';
import { matrixOf } from './matrix.ts';
import { type Sample, sampleArchive } from './sample.ts';

export interface TrainDependencies {
  readonly table: TableStore;
  readonly archive: ObjectStore;
  readonly models: ObjectStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Goes into the manifest. */
  readonly codeVersion: string;
}

export interface TrainOptions {
  readonly seed?: number;
  /** How far back from its newest payment the archive is read. */
  readonly windowDays?: number;
  readonly by?: string;
}

export type TrainReport =
  | { readonly outcome: 'too few rows'; readonly rows: number; readonly rowsNeeded: number }
  | { readonly outcome: 'published' | 'candidate'; readonly manifest: Manifest };

const seedByDefault = 1;
const windowDaysByDefault = 60;
const referenceMax = 20_000;
const referenceKey = (sha: string): string => `references/${sha}`;

/**
 * Trains on the feature archive and publishes a model that is no worse than the one in force; a worse one is kept as a candidate with
 * the reason. With fewer than 256 rows nothing is published and rules decide. Memory is bounded whatever the archive holds.
 */
export const trainModel = async (dependencies: TrainDependencies, options: TrainOptions = {}): Promise<TrainReport> => {
  const { windowDays = windowDaysByDefault, seed = seedByDefault } = options;
  const nowMs = dependencies.clock.nowMs();
  const sample = await sampleArchive(dependencies, { windowMs: windowDays * dayMs, nowMs, seed });
  const { offered, rows, shares, objectsLeft } = sample;
  dependencies.log('info', 'archive read', { rows: offered, kept: rows.length, shares, objectsLeft });
  return trainOn(sample, dependencies, options);
};

/** The same for rows that are already there. */
export const trainOn = async (
  sample: Sample,
  dependencies: Omit<TrainDependencies, 'archive'>,
  options: TrainOptions = {},
): Promise<TrainReport> => {
  const { table, models, clock, log, codeVersion } = dependencies;
  const { seed = seedByDefault, by = 'system' } = options;
  const nowMs = clock.nowMs();
  if (sample.rows.length < treeRows) return { outcome: 'too few rows', rows: sample.rows.length, rowsNeeded: treeRows };
  const rows = rowsOfOneList(sample.rows);
  const features = featureNames.slice(0, rows[0]!.features.length);

  const pointer = await readPointer(table);
  const champion = pointer === null ? null : await loadChampion(dependencies, pointer.version, features);
  const reference = referenceOf(champion?.manifest, features) ?? (await pinReference(models, rows));
  const built = buildModel(rows, seed, await readReference(models, reference, features.length));
  const artefact = encodeArtefact(built.parts);
  const challenger = compile(built.parts, { version: 0, sha256: sha256(artefact) }, features);
  log('info', 'model trained', { bytes: artefact.length, labels: built.labels });

  const verdict = champion === null ? { reason: null, metrics: {} } : compareOn(rows, challenger, champion.model);
  const atMs = rows.map((row) => row.occurredAtMs);
  const manifest = await storeModel(
    { table, models },
    artefact,
    {
      kind: 'isolation-forest',
      features,
      schemaHash: schemaHashOf(features),
      seed,
      trainedAtMs: nowMs,
      trainingWindow: { fromMs: atMs.reduce((a, b) => Math.min(a, b)), toMs: atMs.reduce((a, b) => Math.max(a, b)) },
      rows: sample.offered,
      digest: built.digest,
      reference,
      learned: built.parts.learned === null ? null : built.labels,
      metrics: { comparison: verdict.metrics },
      codeVersion,
      status: verdict.reason === null ? 'published' : 'candidate',
      reason: verdict.reason,
    },
    { by, atMs: nowMs },
  );
  const report = { outcome: manifest.status, manifest } as const;
  await models.put(`reports/${manifest.version}-${manifest.sha256}.json`, Buffer.from(JSON.stringify(report, null, 2)), {
    contentType: 'application/json',
  });
  log('info', 'model stored', { version: manifest.version, status: manifest.status, reason: manifest.reason });
  return report;
};

/**
 * Rows of one list of features. A version that appends features reads archives whose older lines lack them: a training uses the longest
 * list that at least half of the rows have, and 256 rows at least. Shorter rows are left out, longer ones cut.
 */
const rowsOfOneList = (rows: readonly TrainingRow[]): readonly TrainingRow[] => {
  const lengths = rows.map(({ features }) => features.length).sort((a, b) => b - a);
  const length = lengths[Math.max(Math.ceil(rows.length / 2), treeRows) - 1]!;
  if (lengths[0] === length && lengths.at(-1) === length) return rows;
  return rows
    .filter(({ features }) => features.length >= length)
    .map((row) => ({ ...row, features: Float64Array.from(row.features).subarray(0, length) }));
};

/** The reference of the model in force, while it is of the same features. */
const referenceOf = (manifest: Manifest | undefined, features: readonly string[]): string | null =>
  manifest !== undefined && schemaHashOf(manifest.features) === schemaHashOf(features) ? manifest.reference : null;

/**
 * The reference stays as it was when the first model of its features was published: a slow poisoner would have had to be there before.
 */
const pinReference = async (models: ObjectStore, rows: readonly TrainingRow[]): Promise<string> => {
  const values = matrixOf(
    rows
      .filter((row) => row.fraud !== true)
      .slice(0, referenceMax)
      .map((row) => row.features),
    rows[0]!.features.length,
  ).values;
  const bytes = new Uint8Array(values.buffer);
  const hash = sha256(bytes);
  await models.put(referenceKey(hash), bytes, { contentType: 'application/octet-stream' });
  return hash;
};

const readReference = async (models: ObjectStore, hash: string, width: number) => {
  const bytes = await models.get(referenceKey(hash));
  if (bytes === null || sha256(bytes) !== hash)
    throw new ModelInvalid(`the reference set ${hash} is not in the bucket as it was`);
  const values = new Float64Array(bytes.slice().buffer);
  return { width, height: values.length / width, values };
};

/** What is in force, for rows of these features; null when it can't be used: then any model is better. */
const loadChampion = async (
  { table, models, log }: Omit<TrainDependencies, 'archive'>,
  version: number,
  features: readonly string[],
): Promise<{ readonly manifest: Manifest; readonly model: CompiledModel } | null> => {
  const manifest = await readManifest(table, version);
  const bytes = manifest === null ? null : await models.get(artefactKey(manifest.sha256));
  if (manifest === null || bytes === null) return null;
  try {
    return { manifest, model: loadArtefact(bytes, manifest, features) };
  } catch (error) {
    if (!(error instanceof ModelInvalid)) throw error;
    log('warn', 'the model in force is not valid and is not compared with', { version, cause: error.message });
    return null;
  }
};

const compareOn = (rows: readonly TrainingRow[], challenger: CompiledModel, champion: CompiledModel) => {
  const percentiles = (model: CompiledModel): Float64Array =>
    Float64Array.from(rows, (row) => model.score(row.features as Float64Array).percentile);
  return compare({
    challenger: percentiles(challenger),
    champion: percentiles(champion),
    labels: rows.map((row) => (row.fraud === null ? null : row.fraud ? 1 : 0)),
  });
};
