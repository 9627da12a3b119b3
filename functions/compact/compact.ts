import { dayMs } from '../../shared/domain/durations.ts';
import { archivePrefix, readLines } from '../../shared/model/archive.ts';
import { rowOfEntry } from '../../shared/parquet/entries.ts';
import { rowOfDecision, rowOfLabel } from '../../shared/parquet/features.ts';
import { allKeys } from '../../shared/parquet/listing.ts';
import { dayOf, type Source, shareOf, transactionName } from '../../shared/parquet/places.ts';
import { readBatch } from '../../shared/parquet/progress.ts';
import type { ObjectStore } from '../../shared/ports/ports.ts';
import { archiveFolder, entriesOfObject } from '../../shared/proof/archive.ts';
import { listedKeys } from '../../shared/store/pages.ts';
import { inParallel } from '../../shared/store/parallel.ts';
import { batchFolder, commitBatch, type PlacedRow, settle } from './batch.ts';
import { Lease, type LeaseStores } from './lease.ts';

export interface CompactStores extends LeaseStores {
  readonly archive: ObjectStore;
}

export interface CompactOptions {
  /** No batch is begun that could end after it. */
  readonly deadlineMs: number;
  /** Compacts through this day, yyyy-mm-dd, although it is not closed; what comes later is compacted later. */
  readonly throughDay?: string;
}

export type CompactReport =
  | { readonly outcome: 'busy' }
  | {
      /** `done`: nothing is left; `paused`: the time is used up and the next run goes on. */
      readonly outcome: 'done' | 'paused';
      readonly batches: number;
      readonly objects: number;
      readonly rows: number;
      readonly files: number;
      /** How long the oldest day that is not compacted has been closed. */
      readonly lagMs: number;
    };

/** A day is closed this long after its end: what comes later goes into further files. */
export const closedAfterMs = 3_600_000;
/** Rows and objects of one batch: the bounds of its memory and time. An object that begins within them is read whole: at most 1,000 rows. */
const batchRowsMax = 100_000;
const batchObjectsMax = 30_000;
const readsAtOnce = 32;
const keysAtOnce = 1_000;
/** What one batch may take; with less time left none is begun. */
const batchMs = 180_000;
/** Days before the last compacted one that every run looks through for late objects; of the older ones a run looks through one. */
const recentDays = 6;

/**
 * Compacts what the archive holds of closed days into Parquet files. Called again it goes on where it was cut off; what came late goes
 * into further files. One run at a time: another one answers `busy`. Throws store errors, and an Error naming an object that is not of
 * the archive.
 */
export const compactArchive = async (stores: CompactStores, options: CompactOptions): Promise<CompactReport> => {
  const { throughDay } = options;
  if (throughDay !== undefined && !/^\d{4}-\d\d-\d\d$/.test(throughDay))
    throw new RangeError(`throughDay is ${JSON.stringify(throughDay)}; allowed: a day, yyyy-mm-dd`);
  const lease = await Lease.take(stores);
  if (lease === null) return { outcome: 'busy' };
  try {
    await settle(stores.archive, lease);
    return await new Run(stores, lease, options).report();
  } finally {
    await lease.release();
  }
};

class Run {
  readonly #stores: CompactStores;
  readonly #lease: Lease;
  readonly #deadlineMs: number;
  readonly #closedDay: string;
  readonly #throughDay: string;
  readonly #done = { batches: 0, objects: 0, rows: 0, files: 0 };
  /** The oldest day that was left for the next run. */
  #leftDay: string | null = null;

  constructor(stores: CompactStores, lease: Lease, { deadlineMs, throughDay }: CompactOptions) {
    this.#stores = stores;
    this.#lease = lease;
    this.#deadlineMs = deadlineMs;
    this.#closedDay = dayOf(stores.clock.nowMs() - closedAfterMs - dayMs);
    this.#throughDay = throughDay ?? this.#closedDay;
  }

  async report(): Promise<CompactReport> {
    if ((await this.#features()) && (await this.#newDays()) && (await this.#lateEntries())) {
      return { outcome: 'done', ...this.#done, lagMs: 0 };
    }
    const closedMs = this.#leftDay === null ? 0 : Date.parse(`${this.#leftDay}T00:00:00Z`) + dayMs + closedAfterMs;
    const lagMs = this.#leftDay === null ? 0 : Math.max(0, this.#stores.clock.nowMs() - closedMs);
    return { outcome: 'paused', ...this.#done, lagMs };
  }

  /** Feature objects go once they are compacted: what is there is what is left. False when the time is used up. */
  async #features(): Promise<boolean> {
    for (;;) {
      const keys = await this.#featureKeys();
      if (keys.length === 0) return true;
      if (!(await this.#batches('features', dayOfFeatures(keys[0]!), keys))) return false;
    }
  }

  async #featureKeys(): Promise<string[]> {
    const keys: string[] = [];
    for await (const page of listedKeys(this.#stores.archive, archivePrefix, keysAtOnce)) {
      const due = page.filter((key) => dayOfFeatures(key) <= this.#throughDay);
      keys.push(...due);
      if (due.length < page.length || keys.length >= batchObjectsMax) break;
    }
    return keys;
  }

  /** The days after the last compacted one, in their order. */
  async #newDays(): Promise<boolean> {
    for (let day = await this.#nextDay(this.#lease.progress.entriesThrough); day !== null; day = await this.#nextDay(day)) {
      if (!(await this.#entriesOf(day))) return false;
      if (day <= this.#closedDay) await this.#lease.save({ entriesThrough: day });
    }
    return true;
  }

  /** Objects that came after their day was compacted: of the last days in every run, of one older day a run in turn. */
  async #lateEntries(): Promise<boolean> {
    const { entriesThrough, sweptDay } = this.#lease.progress;
    if (entriesThrough === '') return true;
    const recentFrom = dayOf(Date.parse(`${entriesThrough}T00:00:00Z`) - recentDays * dayMs);
    const older = (await this.#nextDay(sweptDay)) ?? recentFrom;
    const swept = older < recentFrom ? older : await this.#nextDay('');
    for (let day = recentFrom; day <= entriesThrough; day = dayAfter(day)) if (!(await this.#entriesOf(day))) return false;
    if (swept === null || swept >= recentFrom) return true;
    if (!(await this.#entriesOf(swept))) return false;
    await this.#lease.save({ sweptDay: swept });
    return true;
  }

  /** The next day after this one that the audit archive has objects of; null: none that is due. */
  async #nextDay(day: string): Promise<string | null> {
    const after = day === '' ? {} : { after: `${archiveFolder}${day}~` };
    const { keys } = await this.#stores.archive.list(archiveFolder, { limit: 1, ...after });
    const next = keys[0] === undefined ? null : dayOfEntries(keys[0]);
    return next !== null && next <= this.#throughDay ? next : null;
  }

  async #entriesOf(day: string): Promise<boolean> {
    const { archive } = this.#stores;
    const compacted = new Set<string>();
    for (const key of await allKeys(archive, batchFolder('audit', day))) {
      for (const source of (await readBatch(archive, key))?.sources ?? []) compacted.add(source);
    }
    const keys = await allKeys(archive, `${archiveFolder}${day}/`);
    const due = keys.filter((key) => !compacted.has(key));
    return this.#batches('audit', day, due);
  }

  /** Batch after batch of these objects. False when the time was used up before the last. */
  async #batches(source: Source, day: string, keys: readonly string[]): Promise<boolean> {
    for (let from = 0; from < keys.length; ) {
      await this.#lease.keep();
      if (this.#stores.clock.nowMs() + batchMs > this.#deadlineMs) {
        this.#leftDay ??= day;
        return false;
      }
      const { rows, sources } = await this.#read(source, keys.slice(from, from + batchObjectsMax));
      const committed = await commitBatch(this.#stores.archive, this.#lease, source, day, sources, rows);
      from += sources.length;
      this.#done.batches += 1;
      this.#done.objects += sources.length;
      this.#done.rows += committed.rows;
      this.#done.files += committed.files;
    }
    return true;
  }

  /** Objects from the first on, until they have the rows of a batch. */
  async #read(source: Source, keys: readonly string[]) {
    const rows: PlacedRow[] = [];
    let read = 0;
    while (read < keys.length && rows.length < batchRowsMax) {
      const some = keys.slice(read, read + readsAtOnce);
      const found = await inParallel(some, readsAtOnce, async (key) => {
        const bytes = await this.#stores.archive.get(key);
        if (bytes === null) return [];
        return source === 'audit' ? placedEntries(bytes) : placedLines(bytes, key);
      });
      for (const more of found) for (const row of more) rows.push(row);
      read += some.length;
    }
    return { rows, sources: keys.slice(0, read) };
  }
}

const placedEntries = async (bytes: Uint8Array): Promise<readonly PlacedRow[]> =>
  (await entriesOfObject(bytes)).map((entry) => {
    const row = rowOfEntry(entry);
    const atMs = row.written_at as number;
    return { dataset: 'entries', day: dayOf(atMs), share: shareOf(entry.body.chain), atMs, row };
  });

const placedLines = async (bytes: Uint8Array, key: string): Promise<readonly PlacedRow[]> => {
  const rows: PlacedRow[] = [];
  for await (const line of readLines(bytes, key)) {
    const share = shareOf(transactionName(line.tenant, line.transactionId));
    if (line.kind === 'decision') {
      const atMs = line.occurredAtMs;
      rows.push({ dataset: 'features', day: dayOf(atMs), share, atMs, row: rowOfDecision(line) });
    } else {
      const atMs = line.knownAtMs;
      rows.push({ dataset: 'labels', day: dayOf(atMs), share, atMs, row: rowOfLabel(line) });
    }
  }
  return rows;
};

const dayOfEntries = (key: string): string => key.slice(archiveFolder.length, archiveFolder.length + 10);
const dayOfFeatures = (key: string): string => key.slice(archivePrefix.length, archivePrefix.length + 10).replaceAll('/', '-');
const dayAfter = (day: string): string => dayOf(Date.parse(`${day}T00:00:00Z`) + dayMs);
