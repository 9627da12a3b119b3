import { type ArchivedDecision, type ArchivedLabel, archivePrefix, readLines } from '../../shared/model/archive.ts';
import { decisionsOf, featureFields, labelFields, labelsOf } from '../../shared/parquet/features.ts';
import { type Columns, decodeFile } from '../../shared/parquet/file.ts';
import { allKeys, type ListedFile, type Listing, readListings } from '../../shared/parquet/listing.ts';
import { dayOf, shareCount, shareOf, transactionName } from '../../shared/parquet/places.ts';
import { countedSources } from '../../shared/parquet/progress.ts';
import type { ObjectStore, TableStore } from '../../shared/ports/ports.ts';
import { inParallel } from '../../shared/store/parallel.ts';
import { seededRandom } from '../../shared/store/random.ts';
import type { TrainingRow } from './build.ts';
import { Reservoir } from './reservoir.ts';

export interface Sample {
  readonly rows: readonly TrainingRow[];
  /** Rows that were read, of which these are a sample. */
  readonly offered: number;
}

export interface ArchiveSample extends Sample {
  /** How many of the 16 shares were read: all of them unless the window holds more rows than are read. */
  readonly shares: number;
  /** Small objects that are not compacted and were not read: beyond the limits of a run. */
  readonly objectsLeft: number;
}

export interface SampleOptions {
  /** How far back from its newest payment the archive is read. */
  readonly windowMs: number;
  readonly nowMs: number;
  readonly seed: number;
  /** Compacted rows that are read: whole shares while they fit, of one share at least. Default 2,000,000. */
  readonly rowsReadMax?: number;
}

/** Rows kept of however many the archive holds, and labelled frauds beside them: about 60 MB. */
const rowsMax = 100_000;
const fraudsMax = 20_000;
/** Labels kept while the archive is read: the newest win. */
const labelsMax = 500_000;
const rowsReadByDefault = 2_000_000;
/** Objects of what is not compacted yet that are read, and rows of them: about 100 MB. */
const tailObjectsMax = 20_000;
const tailRowsMax = 200_000;
const readsAtOnce = 16;

/**
 * A sample of the feature archive, read once: the labels known by now, then the decisions of the window, frauds apart so that sampling
 * does not lose them. The window ends at the newest payment rather than now: a history that was loaded later, or a simulated one, is
 * trained on as well. Time and memory are bounded whatever the archive holds: of a window with more than 2,000,000 rows it
 * reads only as many shares as hold that many. Throws store errors, and an Error naming an object that is not of the archive.
 */
export const sampleArchive = async (
  stores: { readonly table: TableStore; readonly archive: ObjectStore },
  { windowMs, nowMs, seed, rowsReadMax = rowsReadByDefault }: SampleOptions,
): Promise<ArchiveSample> => {
  const { archive } = stores;
  // The listings first: what is compacted meanwhile is then missed, which a sample may, rather than counted twice.
  const files = await filesOfWindow(archive, windowMs, nowMs);
  const tail = await readTail(stores, nowMs);

  const newestMs = tail.decisions.reduce((newest, { occurredAtMs }) => Math.max(newest, occurredAtMs), newestOf(files, nowMs));
  const fromMs = newestMs - windowMs;
  const inWindow = files.filter(({ toMs }) => toMs >= fromMs);
  const features = inWindow.filter(({ dataset }) => dataset === 'features');
  const shares = sharesToRead(features, seed, rowsReadMax);
  const ofShares = (all: readonly ListedFile[]): readonly ListedFile[] =>
    shares
      .flatMap((share) => all.filter((file) => file.share === share))
      .sort((a, b) => compareText(nameOf(a.key), nameOf(b.key)));

  const labels = new Labels(nowMs);
  for (const label of tail.labels) labels.add(label);
  const labelFiles = ofShares(inWindow.filter(({ dataset }) => dataset === 'labels'));
  for await (const columns of readFiles(archive, labelFiles, labelFields))
    for (const label of labelsOf(columns)) labels.add(label);

  const random = seededRandom(seed).fraction;
  const others = new Reservoir<TrainingRow>(rowsMax, random);
  const frauds = new Reservoir<TrainingRow>(fraudsMax, random);
  const offer = (decision: ArchivedDecision): void => {
    if (decision.occurredAtMs < fromMs || decision.occurredAtMs > nowMs) return;
    const fraud = labels.of(decision);
    (fraud === true ? frauds : others).offer(trainingRow(decision, fraud));
  };
  const isRead = new Set(shares);
  for (const decision of tail.decisions) if (isRead.has(shareOfDecision(decision))) offer(decision);
  let read = 0;
  for await (const columns of readFiles(archive, ofShares(features), featureFields)) {
    for (const decision of decisionsOf(columns) ?? []) offer(decision);
    read += columns.rows;
    if (read >= rowsReadMax) break;
  }
  return {
    rows: [...others.items, ...frauds.items],
    offered: others.offered + frauds.offered,
    shares: shares.length,
    objectsLeft: tail.objectsLeft,
  };
};

/** The files of past rows, of the window at least: from the newest batches back until one is older than the window. */
const filesOfWindow = async (archive: ObjectStore, windowMs: number, nowMs: number): Promise<readonly ListedFile[]> => {
  const pastOf = (listings: readonly Listing[]): readonly ListedFile[] =>
    listings.flatMap((listing) => listing.files).filter(({ fromMs }) => fromMs <= nowMs);
  const listings = await readListings(archive, 'features', (newestDay, read) => {
    const newestMs = newestOf(pastOf(read), nowMs);
    return Number.isFinite(newestMs) && newestDay < dayOf(newestMs - windowMs);
  });
  return pastOf(listings);
};

/** When the newest decision of these files occurred; negative infinity: there is none. */
const newestOf = (files: readonly ListedFile[], nowMs: number): number =>
  files
    .filter(({ dataset }) => dataset === 'features')
    .reduce((newest, { toMs }) => Math.max(newest, Math.min(toMs, nowMs)), Number.NEGATIVE_INFINITY);

/** The shares from one that the seed names on, while their rows fit; every share where all do. */
const sharesToRead = (features: readonly ListedFile[], seed: number, rowsReadMax: number): readonly number[] => {
  const rows = new Array<number>(shareCount).fill(0);
  for (const file of features) rows[file.share]! += file.rows;
  const shares: number[] = [];
  let sum = 0;
  for (let i = 0; i < shareCount; i++) {
    const share = (Math.abs(seed) + i) % shareCount;
    sum += rows[share]!;
    if (sum > rowsReadMax && shares.length > 0) break;
    shares.push(share);
  }
  return shares;
};

/** The files' columns in the order of the files, `readsAtOnce` in memory. */
async function* readFiles(
  archive: ObjectStore,
  files: readonly ListedFile[],
  fields: Parameters<typeof decodeFile>[1],
): AsyncGenerator<Columns> {
  for (let from = 0; from < files.length; from += readsAtOnce) {
    const some = await inParallel(files.slice(from, from + readsAtOnce), readsAtOnce, ({ key }) => archive.get(key));
    for (const [i, bytes] of some.entries()) {
      // An erasure that goes on meanwhile writes a file anew: a sample may miss it.
      if (bytes !== null) yield await decodeFile(bytes, fields, files[from + i]!.key);
    }
  }
}

interface Tail {
  readonly decisions: readonly ArchivedDecision[];
  readonly labels: readonly ArchivedLabel[];
  readonly objectsLeft: number;
}

/** What is not compacted yet; of a decision that overlapping batches wrote twice, one. Beyond the limits a uniform sample of the objects, by the hashes in their keys. */
const readTail = async (
  { table, archive }: { readonly table: TableStore; readonly archive: ObjectStore },
  nowMs: number,
): Promise<Tail> => {
  const counted = await countedSources(table, archive);
  const keys = (await allKeys(archive, archivePrefix))
    .filter((key) => !counted.has(key))
    .sort((a, b) => compareText(nameOf(a), nameOf(b)));
  const decisions: ArchivedDecision[] = [];
  const labels: ArchivedLabel[] = [];
  const seen = new Set<string>();
  const readMax = Math.min(keys.length, tailObjectsMax);
  let read = 0;
  while (read < readMax && decisions.length + labels.length < tailRowsMax) {
    const some = keys.slice(read, Math.min(read + readsAtOnce, readMax));
    const objects = await inParallel(some, readsAtOnce, (key) => archive.get(key));
    for (const [i, bytes] of objects.entries()) {
      if (bytes === null) continue;
      for await (const line of readLines(bytes, some[i]!)) {
        if (line.kind === 'label') {
          labels.push(line);
          continue;
        }
        const name = transactionName(line.tenant, line.transactionId);
        if (line.occurredAtMs > nowMs || seen.has(name)) continue;
        seen.add(name);
        decisions.push(line);
      }
    }
    read += some.length;
  }
  return { decisions, labels, objectsLeft: keys.length - read };
};

/** What is known of transactions by now: the newest word of each. */
class Labels {
  readonly #nowMs: number;
  readonly #known = new Map<string, { readonly fraud: boolean; readonly knownAtMs: number }>();

  constructor(nowMs: number) {
    this.#nowMs = nowMs;
  }

  add({ tenant, transactionId, fraud, knownAtMs }: ArchivedLabel): void {
    if (knownAtMs > this.#nowMs) return;
    const name = transactionName(tenant, transactionId);
    const before = this.#known.get(name);
    if (before !== undefined && before.knownAtMs > knownAtMs) return;
    this.#known.set(name, { fraud, knownAtMs });
    if (this.#known.size > labelsMax) this.#known.delete(this.#known.keys().next().value!);
  }

  of({ tenant, transactionId }: ArchivedDecision): boolean | null {
    return this.#known.get(transactionName(tenant, transactionId))?.fraud ?? null;
  }
}

const trainingRow = ({ occurredAtMs, features, signals }: ArchivedDecision, fraud: boolean | null): TrainingRow => ({
  occurredAtMs,
  features: Float64Array.from(features),
  signals,
  fraud,
});

const shareOfDecision = ({ tenant, transactionId }: ArchivedDecision): number => shareOf(transactionName(tenant, transactionId));

/** The hash at the end of a key. */
const nameOf = (key: string): string => key.slice(key.lastIndexOf('/') + 1);

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
