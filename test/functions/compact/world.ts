import { datasetsOf } from '../../../functions/compact/batch.ts';
import { compactArchive } from '../../../functions/compact/compact.ts';
import { virtualClock } from '../../../shared/adapters/memory/clock.ts';
import { memoryObjects } from '../../../shared/adapters/memory/objects.ts';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import { featureNames } from '../../../shared/domain/features.ts';
import { signalNames } from '../../../shared/domain/signals/names.ts';
import { type ArchiveLine, archiveObject } from '../../../shared/model/archive.ts';
import { decodeFile, type Row, rowsOf } from '../../../shared/parquet/file.ts';
import { allKeys, readListings } from '../../../shared/parquet/listing.ts';
import { type Dataset, datasets, parquetPrefix } from '../../../shared/parquet/places.ts';
import type { ObjectStore, TableStore } from '../../../shared/ports/ports.ts';
import { archiveEntries } from '../../../shared/proof/archive.ts';
import { seededRandom } from '../../../shared/store/random.ts';
import { chainOf, startMs } from '../../tools/proof/builders.ts';

export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;
/** All that `fill` writes is of this day. */
export const filledDay = '2026-11-20';

export const decisionLine = (
  i: number,
  given: { readonly occurredAtMs?: number; readonly tenant?: string } = {},
): ArchiveLine => ({
  kind: 'decision',
  tenant: 'dev',
  transactionId: `txn_${i}`,
  occurredAtMs: startMs + i * 60_000,
  features: featureNames.map((_, j) => i + j / 4),
  signals: signalNames.map((_, j) => (j === 2 ? null : j * i)),
  outcome: i % 5 === 0 ? 'BLOCK' : 'ALLOW',
  ...given,
});

export const labelLine = (i: number): ArchiveLine => ({
  kind: 'label',
  tenant: 'dev',
  transactionId: `txn_${i}`,
  fraud: i % 10 === 0,
  knownAtMs: startMs + i * 60_000 + hourMs,
});

export const world = () => {
  const clock = virtualClock(startMs + 2 * dayMs);
  return { table: memoryTable() as TableStore, archive: memoryObjects(), clock, randomness: seededRandom(3) };
};

export type World = ReturnType<typeof world>;

/** 20 entries of two chains, 30 decisions and 6 labels, in small objects with copies among them. */
export const fill = async (archive: ObjectStore): Promise<void> => {
  const chains = [chainOf('alpha', 12), chainOf('beta', 8)];
  for (const chain of chains) {
    for (let from = 0; from < chain.length; from += 3) await archiveEntries(archive, chain.slice(from, from + 4));
  }
  const lines = Array.from({ length: 30 }, (_, i) => [decisionLine(i), ...(i % 5 === 0 ? [labelLine(i)] : [])]).flat();
  for (let from = 0; from < lines.length; from += 4) await putLines(archive, lines.slice(from, from + 5));
};

export const putLines = async (archive: ObjectStore, lines: readonly ArchiveLine[]): Promise<string> => {
  const { key, body } = archiveObject(lines);
  await archive.put(key, body);
  return key;
};

export const compact = (at: World, given: { readonly deadlineMs?: number; readonly throughDay?: string } = {}) =>
  compactArchive(at, { deadlineMs: at.clock.nowMs() + 600_000, ...given });

/** The rows that count, by the listings; with `files`, the keys of their files. */
export const counted = async (archive: ObjectStore): Promise<Record<Dataset, Row[]> & { readonly files: string[] }> => {
  const found = { entries: [] as Row[], features: [] as Row[], labels: [] as Row[], files: [] as string[] };
  for (const source of ['audit', 'features'] as const) {
    for (const { files } of await readListings(archive, source)) {
      for (const { key, dataset, rows } of files) {
        found.files.push(key);
        const { fields } = datasetsOf[dataset];
        const read = rowsOf(fields, await decodeFile((await archive.get(key))!, fields, key));
        if (read.length !== rows) throw new Error(`${key} has ${read.length} rows, ${rows} listed`);
        found[dataset].push(...read);
      }
    }
  }
  return found;
};

/** Every data file that is there, listed or not. */
export const fileKeys = async (archive: ObjectStore): Promise<string[]> =>
  (await Promise.all(datasets.map((dataset) => allKeys(archive, `${parquetPrefix}${dataset}/`)))).flat();
