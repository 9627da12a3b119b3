import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { datasetsOf, settle } from '../../functions/compact/batch.ts';
import { Lease, type LeaseStores } from '../../functions/compact/lease.ts';
import { type ArchiveLine, archiveObject, archivePrefix, readLines } from '../../shared/model/archive.ts';
import { decodeFile, encodeFile, rowsOf } from '../../shared/parquet/file.ts';
import { allKeys, type ListedFile, listingObject, readEveryListing, type StoredListing } from '../../shared/parquet/listing.ts';
import { dayOf, fileKey, parquetPrefix, shareOf, transactionName } from '../../shared/parquet/places.ts';
import type { ObjectStore } from '../../shared/ports/ports.ts';
import { inParallel } from '../../shared/store/parallel.ts';
import type { Payment } from './owners.ts';

export interface FeatureStores extends LeaseStores {
  readonly archive: ObjectStore;
}

/** Transactions whose features and labels go. */
export type Erased = ReadonlyMap<string, Pick<Payment, 'occurredAtMs' | 'labelledAtMs'>>;

const decompress = promisify(gunzip);
const objectBytesMax = 64 * 2 ** 20;
const keysPerStep = 1_000;
const objectsAtOnce = 32;
const leaseRetryMs = 5_000;
/** Longer than a run that died can hold it. */
const leaseWaitMsMax = 20 * 60_000;

/**
 * Takes what the feature archive holds of these transactions out of it: of small objects and Parquet files what is left is written anew,
 * then the old one goes. No compaction runs meanwhile. Returns how many objects and files went. Cut off anywhere, or called again, it does
 * what is left. Throws store errors, and an Error when a compaction does not end.
 */
export async function dropFeatures(
  stores: FeatureStores,
  tenant: string,
  erased: Erased,
  onProgress: (objects: number) => void,
): Promise<number> {
  if (erased.size === 0) return 0;
  const { archive } = stores;
  const lease = await leaseOf(stores);
  let seen = 0;
  const step = async (objects = 1): Promise<void> => {
    seen += objects;
    onProgress(seen);
    await lease.keep();
  };
  try {
    await settle(archive, lease);
    let changed = 0;
    const keys = await allKeys(archive, archivePrefix);
    for (let from = 0; from < keys.length; from += keysPerStep) {
      const some = keys.slice(from, from + keysPerStep);
      const dropped = await inParallel(some, objectsAtOnce, (key) => dropFromObject(archive, key, tenant, erased));
      changed += dropped.filter(Boolean).length;
      await step(some.length);
    }
    const listings = await finishReplacements(archive);
    const isAffected = affected(tenant, erased);
    for (const listing of listings) {
      changed += await dropFromFiles(archive, listing, tenant, erased, isAffected, step);
    }
    return changed;
  } finally {
    await lease.release();
  }
}

async function leaseOf(stores: FeatureStores): Promise<Lease> {
  for (const endMs = stores.clock.nowMs() + leaseWaitMsMax; ; ) {
    const lease = await Lease.take(stores);
    if (lease !== null) return lease;
    if (stores.clock.nowMs() > endMs) throw new Error('the archive is being compacted all the time: erase again later');
    await stores.clock.sleep(leaseRetryMs);
  }
}

async function dropFromObject(archive: ObjectStore, key: string, tenant: string, erased: Erased): Promise<boolean> {
  const bytes = await archive.get(key);
  if (bytes === null || !(await mentions(bytes, erased))) return false;
  const kept: ArchiveLine[] = [];
  let dropped = false;
  for await (const line of readLines(bytes, key)) {
    if (line.tenant === tenant && erased.has(line.transactionId)) dropped = true;
    else kept.push(line);
  }
  if (!dropped) return false;
  if (kept.length > 0) {
    const { key: next, body } = archiveObject(kept);
    await archive.put(next, body, { contentType: 'application/gzip' });
  }
  await archive.delete(key);
  return true;
}

/** Whether an object names any of them: nearly none does, and looking for ids is much cheaper than reading lines. */
const mentions = async (bytes: Uint8Array, erased: Erased): Promise<boolean> => {
  const text = (await decompress(bytes, { maxOutputLength: objectBytesMax })).toString('utf8');
  for (const [, transactionId] of text.matchAll(/"transactionId":"([^"]*)"/g)) if (erased.has(transactionId!)) return true;
  return false;
};

type IsAffected = (file: ListedFile) => boolean;

/** A transaction's features are in the files of the day it occurred and its share, its labels in those of the days they came. */
const affected = (tenant: string, erased: Erased): IsAffected => {
  const places = new Set<string>();
  for (const [transactionId, { occurredAtMs, labelledAtMs }] of erased) {
    const share = shareOf(transactionName(tenant, transactionId));
    places.add(`features ${dayOf(occurredAtMs)} ${share}`);
    for (const atMs of labelledAtMs) places.add(`labels ${dayOf(atMs)} ${share}`);
  }
  return ({ dataset, day, share }) => places.has(`${dataset} ${day} ${share}`);
};

/** The files that hold any of them are written anew, a listing of the new ones takes the place of the old, then the old ones go. */
async function dropFromFiles(
  archive: ObjectStore,
  listing: StoredListing,
  tenant: string,
  erased: Erased,
  isAffected: IsAffected,
  step: () => Promise<void>,
): Promise<number> {
  const files: ListedFile[] = [];
  let changed = 0;
  for (const file of listing.files) {
    const rewritten = isAffected(file) ? await withoutErased(archive, file, tenant, erased) : 'unchanged';
    if (rewritten === 'unchanged') files.push(file);
    else {
      changed += 1;
      if (rewritten !== 'empty') {
        await archive.put(rewritten.file.key, rewritten.body, { contentType: 'application/vnd.apache.parquet' });
        files.push(rewritten.file);
      }
    }
    if (isAffected(file)) await step();
  }
  if (changed === 0) return 0;
  const next = listingObject('features', { format: 1, batch: listing.batch, files, replaces: listing.key }, '');
  await archive.put(next.key, next.body, { contentType: 'application/json' });
  await removeReplaced(archive, listing, files);
  return changed;
}

async function withoutErased(
  archive: ObjectStore,
  file: ListedFile,
  tenant: string,
  erased: Erased,
): Promise<'unchanged' | 'empty' | { readonly file: ListedFile; readonly body: Uint8Array }> {
  const bytes = await archive.get(file.key);
  if (bytes === null) throw new Error(`a listing names ${file.key}, which is not there`);
  const known = datasetsOf[file.dataset].fields;
  const columns = await decodeFile(bytes, known, file.key);
  const fields = known.filter(({ name }) => columns.of(name) !== undefined);
  const rows = rowsOf(fields, columns);
  const kept = rows.filter((row) => row.tenant !== tenant || !erased.has(row.transaction_id as string));
  if (kept.length === rows.length) return 'unchanged';
  if (kept.length === 0) return 'empty';
  const body = encodeFile(fields, kept);
  return { file: { ...file, key: fileKey(file, body), rows: kept.length }, body };
}

/** Removes what an erasure that was cut off left: replaced listings with their files, and files that no listing names. Returns the listings that stand. */
async function finishReplacements(archive: ObjectStore): Promise<readonly StoredListing[]> {
  const listings = await readEveryListing(archive, 'features');
  const byKey = new Map(listings.map((listing) => [listing.key, listing]));
  for (const { replaces, files } of listings) {
    const old = replaces === null ? undefined : byKey.get(replaces);
    if (old !== undefined) await removeReplaced(archive, old, files);
  }
  const replaced = new Set(listings.map(({ replaces }) => replaces));
  const standing = listings.filter(({ key }) => !replaced.has(key));
  const named = new Set(standing.flatMap(({ files }) => files.map(({ key }) => key)));
  for (const dataset of ['features', 'labels']) {
    for (const key of await allKeys(archive, `${parquetPrefix}${dataset}/`)) if (!named.has(key)) await archive.delete(key);
  }
  return standing;
}

/** The old listing goes last: until then it tells which files are to go. */
async function removeReplaced(archive: ObjectStore, old: StoredListing, kept: readonly ListedFile[]): Promise<void> {
  const stays = new Set(kept.map(({ key }) => key));
  for (const { key } of old.files) if (!stays.has(key)) await archive.delete(key);
  await archive.delete(old.key);
}
