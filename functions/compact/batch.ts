import { hash } from 'node:crypto';
import { entryFields } from '../../shared/parquet/entries.ts';
import { featureFields, labelFields } from '../../shared/parquet/features.ts';
import { decodeFile, encodeFile, type Field, type Row } from '../../shared/parquet/file.ts';
import { allKeys, type ListedFile, listingObject } from '../../shared/parquet/listing.ts';
import {
  type Dataset,
  fileKey,
  type Place,
  parquetPrefix,
  placePrefix,
  type Source,
  transactionName,
} from '../../shared/parquet/places.ts';
import { batchBody, readBatch } from '../../shared/parquet/progress.ts';
import type { ObjectStore } from '../../shared/ports/ports.ts';
import { inParallel } from '../../shared/store/parallel.ts';
import type { Lease } from './lease.ts';

/** A row and where it belongs. */
export interface PlacedRow extends Place {
  readonly atMs: number;
  readonly row: Row;
}

interface DatasetOf {
  readonly fields: readonly Field[];
  /** What makes a row the same as another: a copy of it is dropped. */
  readonly identity: (row: Row) => string;
  readonly identityFields: readonly string[];
  /** The order of a file's rows. */
  readonly order: (row: Row) => string;
}

const sequenceDigits = 16;
const ofTransaction = (row: Row): string => transactionName(row.tenant as string, row.transaction_id as string);

export const datasetsOf: Readonly<Record<Dataset, DatasetOf>> = {
  entries: {
    fields: entryFields,
    identity: (row) => row.hash as string,
    identityFields: ['hash'],
    order: (row) => `${row.chain} ${String(row.sequence).padStart(sequenceDigits, '0')} ${row.hash}`,
  },
  features: {
    fields: featureFields,
    identity: ofTransaction,
    identityFields: ['tenant', 'transaction_id'],
    order: (row) => `${String(row.occurred_at).padStart(sequenceDigits, '0')} ${ofTransaction(row)}`,
  },
  labels: {
    fields: labelFields,
    identity: (row) => `${ofTransaction(row)} ${row.known_at} ${row.fraud}`,
    identityFields: ['tenant', 'transaction_id', 'known_at', 'fraud'],
    order: (row) => `${String(row.known_at).padStart(sequenceDigits, '0')} ${ofTransaction(row)}`,
  },
};

const placesAtOnce = 8;
const writesAtOnce = 32;

export const batchFolder = (source: Source, day: string): string => `${parquetPrefix}batches/${source}/${day}/`;

export interface Committed {
  readonly rows: number;
  readonly files: number;
}

/**
 * Writes the rows of some objects as Parquet files that count all at once: the batch's record, the files, the listing, in this order.
 * Rows that a file of their place has already are dropped. Cut off anywhere, `settle` undoes or finishes it.
 */
export const commitBatch = async (
  archive: ObjectStore,
  lease: Lease,
  source: Source,
  day: string,
  sources: readonly string[],
  placed: readonly PlacedRow[],
): Promise<Committed> => {
  const made = await makeFiles(archive, placed);
  const batch = hash('sha256', sources.join('\n'), 'hex');
  const listing = listingObject(source, { format: 1, batch, files: made.map(({ file }) => file), replaces: null }, day);
  const key = `${batchFolder(source, day)}${batch}.json.gz`;
  await lease.save({ unfinished: key });
  const record = { format: 1, source, sources, files: made.map(({ file }) => file.key), listing: listing.key } as const;
  await archive.put(key, await batchBody(record), { contentType: 'application/gzip' });
  await inParallel(made, writesAtOnce, ({ file, body }) =>
    archive.put(file.key, body, { contentType: 'application/vnd.apache.parquet' }),
  );
  await archive.put(listing.key, listing.body, { contentType: 'application/json' });
  await settle(archive, lease);
  return { rows: made.reduce((sum, { file }) => sum + file.rows, 0), files: made.length };
};

/**
 * Finishes the batch that a run left behind. A batch with a listing counts, and its feature objects are deleted. Any other is undone, so
 * that its objects are compacted again. Whoever takes the lease calls this first.
 */
export const settle = async (archive: ObjectStore, lease: Lease): Promise<void> => {
  const { unfinished } = lease.progress;
  if (unfinished === null) return;
  const batch = await readBatch(archive, unfinished);
  if (batch !== null) {
    const counts = (await archive.get(batch.listing)) !== null;
    // Audit objects stay: export and evidence read them. Their batch's record says for ever that they are compacted.
    if (!counts || batch.source === 'features') {
      await inParallel(counts ? batch.sources : batch.files, writesAtOnce, (key) => archive.delete(key));
      await archive.delete(unfinished);
    }
  }
  await lease.save({ unfinished: null });
};

interface MadeFile {
  readonly file: ListedFile;
  readonly body: Uint8Array;
}

const makeFiles = async (archive: ObjectStore, placed: readonly PlacedRow[]): Promise<readonly MadeFile[]> => {
  const byPlace = new Map<string, PlacedRow[]>();
  for (const row of placed) {
    const prefix = placePrefix(row);
    const own = byPlace.get(prefix);
    if (own === undefined) byPlace.set(prefix, [row]);
    else own.push(row);
  }
  const made = await inParallel([...byPlace.values()], placesAtOnce, (rows) => makeFile(archive, rows));
  return made.flatMap((file) => file ?? []);
};

/** Null when every row is there already. */
const makeFile = async (archive: ObjectStore, placed: readonly PlacedRow[]): Promise<MadeFile | null> => {
  const { dataset, day, share } = placed[0]!;
  const place = { dataset, day, share };
  const { fields, identity, order } = datasetsOf[dataset];
  const seen = await identitiesAt(archive, place);
  const fresh: { readonly order: string; readonly placed: PlacedRow }[] = [];
  for (const row of placed) {
    const name = identity(row.row);
    if (seen.has(name)) continue;
    seen.add(name);
    fresh.push({ order: order(row.row), placed: row });
  }
  if (fresh.length === 0) return null;
  fresh.sort((a, b) => (a.order < b.order ? -1 : a.order > b.order ? 1 : 0));
  const body = encodeFile(
    fields,
    fresh.map((one) => one.placed.row),
  );
  const times = fresh.map((one) => one.placed.atMs);
  const fromMs = times.reduce((a, b) => Math.min(a, b));
  const toMs = times.reduce((a, b) => Math.max(a, b));
  return { file: { ...place, key: fileKey(place, body), rows: fresh.length, fromMs, toMs }, body };
};

const identitiesAt = async (archive: ObjectStore, place: Place): Promise<Set<string>> => {
  const { fields, identity, identityFields } = datasetsOf[place.dataset];
  const wanted = fields.filter(({ name }) => identityFields.includes(name));
  const seen = new Set<string>();
  for (const key of await allKeys(archive, placePrefix(place))) {
    const bytes = await archive.get(key);
    if (bytes === null) continue;
    const columns = await decodeFile(bytes, wanted, key);
    const values = identityFields.map((name) => [name, columns.of(name)!] as const);
    for (let i = 0; i < columns.rows; i++) seen.add(identity(Object.fromEntries(values.map(([name, of]) => [name, of[i]]))));
  }
  return seen;
};
