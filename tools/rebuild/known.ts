import { batchFolder } from '../../functions/compact/batch.ts';
import { compactedHashes } from '../../functions/read/evidence/entryFiles.ts';
import { archivePrefix, readLines } from '../../shared/model/archive.ts';
import { featureFields, labelFields } from '../../shared/parquet/features.ts';
import { decodeFile, type Field } from '../../shared/parquet/file.ts';
import { allKeys, type ListedFile, readListings } from '../../shared/parquet/listing.ts';
import { dayOf } from '../../shared/parquet/places.ts';
import { readBatch } from '../../shared/parquet/progress.ts';
import type { ObjectStore } from '../../shared/ports/ports.ts';
import { archiveFolder, entriesOfObject } from '../../shared/proof/archive.ts';
import { type CoverageStores, checkpointsSince } from '../../shared/proof/checkpointIndex.ts';
import { isFraud, type Label } from '../../shared/reviews/labels.ts';
import { inParallel } from '../../shared/store/parallel.ts';

/**
 * What the sinks hold already, so that a rebuild writes only what they lack: in small objects and, once these are compacted, in Parquet files. It
 * is a help and no truth: a line that is overlooked is written once more, and every reader drops copies.
 */

const dayMs = 86_400_000;
/** An object of entries lies under the day of its oldest; a batch of the stream spans a day at most. */
const entriesSlackMs = 2 * dayMs;
/** An object of features lies under the day of its first line; the other lines may be this much older or newer. */
const featuresSlackMs = 3 * dayMs;
/** Names held in memory, about 200 MB; what is above is written once more. */
const namesMax = 2_000_000;
const objectsAtOnce = 32;
const filesAtOnce = 8;

const daysBetween = (fromMs: number, toMs: number): string[] => {
  const days: string[] = [];
  for (let ms = Date.parse(dayOf(fromMs)); ms <= toMs; ms += dayMs) days.push(dayOf(ms));
  return days;
};

/**
 * The archived entries of a period by their hashes, each with the time from which the archive says that its row may be gone; null: never.
 * Throws store errors.
 */
export const archivedEntries = async (
  archive: ObjectStore,
  fromMs: number,
  toMs: number,
): Promise<ReadonlyMap<string, number | null>> => {
  const expiries = new Map<string, number | null>();
  const take = (hash: string, expiresAtMs: number | null): void => {
    const known = expiries.get(hash);
    if (known === undefined && expiries.size >= namesMax) return;
    const least = Math.min(known ?? Infinity, expiresAtMs ?? Infinity);
    expiries.set(hash, Number.isFinite(least) ? least : null);
  };
  // The small objects first: what is compacted meanwhile is then in the files.
  for (const day of daysBetween(fromMs - entriesSlackMs, toMs)) {
    const compacted = await compactedObjects(archive, day);
    const keys = (await allKeys(archive, `${archiveFolder}${day}/`)).filter((key) => !compacted.has(key));
    await inParallel(keys, objectsAtOnce, async (key) => {
      const bytes = await archive.get(key);
      for (const { hash, body, expiresAt } of bytes === null ? [] : await entriesOfObject(bytes)) {
        const atMs = Date.parse(body.at);
        if (atMs >= fromMs && atMs < toMs) take(hash, expiresAt === undefined ? null : expiresAt * 1_000);
      }
    });
  }
  for await (const some of compactedHashes(archive, fromMs, toMs))
    for (const { hash, expiresAtMs } of some) take(hash, expiresAtMs);
  return expiries;
};

/** The small objects of a day whose entries the compacted files hold. */
const compactedObjects = async (archive: ObjectStore, day: string): Promise<ReadonlySet<string>> => {
  const sources = new Set<string>();
  for (const key of await allKeys(archive, batchFolder('audit', day))) {
    const batch = await readBatch(archive, key);
    // A batch that was cut off has files that do not count.
    if (batch === null || (await archive.get(batch.listing)) === null) continue;
    for (const source of batch.sources) sources.add(source);
  }
  return sources;
};

export const decisionLineName = (tenant: string, transactionId: string): string => `${tenant} ${transactionId}`;

const labelName = (tenant: string, transactionId: string, fraud: boolean, knownAtMs: number): string =>
  `${tenant} ${transactionId} ${fraud} ${knownAtMs}`;

/** A label that is replaced is another line. */
export const labelLineName = ({ tenant, transactionId, disposition, knownAtMs }: Label): string =>
  labelName(tenant, transactionId, isFraud(disposition), knownAtMs);

/** The lines of the feature archive, by name. */
export interface ArchivedLines {
  /** Reads the compacted lines of these days unless it has. Throws store errors. */
  readDays(days: ReadonlySet<string>): Promise<void>;
  has(name: string): boolean;
}

/** Those of the small objects that lie under the days of a period, and of the days that are asked for. Throws store errors. */
export const archivedLines = async (archive: ObjectStore, fromMs: number, toMs: number): Promise<ArchivedLines> => {
  const names = new Set<string>();
  const add = (name: string): void => {
    if (names.size < namesMax) names.add(name);
  };
  for (const day of daysBetween(fromMs - featuresSlackMs, toMs + featuresSlackMs)) {
    const keys = await allKeys(archive, `${archivePrefix}${day.replaceAll('-', '/')}/`);
    await inParallel(keys, objectsAtOnce, async (key) => {
      const body = await archive.get(key);
      if (body === null) return;
      for await (const line of readLines(body, key)) {
        const { tenant, transactionId } = line;
        add(
          line.kind === 'decision'
            ? decisionLineName(tenant, transactionId)
            : labelName(tenant, transactionId, line.fraud, line.knownAtMs),
        );
      }
    });
  }
  let files: readonly ListedFile[] | null = null;
  const readDays = new Set<string>();
  return {
    has: (name) => names.has(name),
    async readDays(days) {
      const fresh = days.difference(readDays);
      if (fresh.size === 0) return;
      files ??= (await readListings(archive, 'features')).flatMap((listing) => listing.files);
      await inParallel(
        files.filter(({ day }) => fresh.has(day)),
        filesAtOnce,
        async ({ key, dataset }) => {
          for (const name of await namesIn(archive, key, dataset === 'labels')) add(name);
        },
      );
      for (const day of fresh) readDays.add(day);
    },
  };
};

const told = (fields: readonly Field[], ...names: readonly string[]): readonly Field[] =>
  fields.filter(({ name }) => names.includes(name));

/** The names of a file's lines; none where an erasure has written it anew meanwhile. */
const namesIn = async (archive: ObjectStore, key: string, isLabels: boolean): Promise<readonly string[]> => {
  const bytes = await archive.get(key);
  if (bytes === null) return [];
  const fields = isLabels
    ? told(labelFields, 'tenant', 'transaction_id', 'fraud', 'known_at')
    : told(featureFields, 'tenant', 'transaction_id');
  const columns = await decodeFile(bytes, fields, key);
  const [tenant, id, fraud, knownAt] = ['tenant', 'transaction_id', 'fraud', 'known_at'].map((name) => columns.of(name));
  return Array.from({ length: columns.rows }, (_, i) =>
    isLabels
      ? labelName(tenant![i] as string, id![i] as string, fraud![i] as boolean, knownAt![i] as number)
      : decisionLineName(tenant![i] as string, id![i] as string),
  );
};

/** Through which entry checkpoints made since `fromMs` hold each chain. Throws store errors. */
export const coveredSequences = async (stores: CoverageStores, fromMs: number): Promise<ReadonlyMap<string, number>> => {
  const covered = new Map<string, number>();
  for await (const { leaves } of checkpointsSince(stores, fromMs)) {
    for (const { chain, sequence } of leaves) covered.set(chain, Math.max(sequence, covered.get(chain) ?? 0));
  }
  return covered;
};
