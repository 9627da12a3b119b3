import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { batchFolder } from '../../../functions/compact/batch.ts';
import { auditFromItem, decisionFromItem, isAuditItem, isDecisionItem } from '../../../shared/ledger/items.ts';
import type { ArchivedDecision, ArchivedLabel } from '../../../shared/model/archive.ts';
import { entryFields, rowOfEntry } from '../../../shared/parquet/entries.ts';
import { featureFields, labelFields, rowOfDecision, rowOfLabel } from '../../../shared/parquet/features.ts';
import { encodeFile, type Row } from '../../../shared/parquet/file.ts';
import type { ListedFile, Listing } from '../../../shared/parquet/listing.ts';
import {
  type Dataset,
  dayOf,
  type Place,
  parquetPrefix,
  placePrefix,
  type Source,
  shareCount,
  shareOf,
  transactionName,
} from '../../../shared/parquet/places.ts';
import type { Batch } from '../../../shared/parquet/progress.ts';
import type { Item } from '../../../shared/ports/ports.ts';
import { asAuditEntry } from '../../../shared/proof/entry.ts';
import { expiresAtS } from '../../../shared/proof/hotRows.ts';
import { transactionId } from './items.ts';
import type { ObjectLane } from './objects.ts';
import { chainOf, dayMs, type History, risingHash, startMs, tenant } from './shape.ts';

/** Small objects in one batch of the compaction. */
const batchObjects = 30_000;
/** In the order of their keys. */
const shares = Array.from({ length: shareCount }, (_, i) => String(i))
  .sort()
  .map(Number);

export interface SmallObjects {
  readonly auditKey: (batch: number) => string;
  readonly decision: (entry: number) => ArchivedDecision;
  /** What became known of a payment; null: nothing. */
  readonly label: (entry: number) => ArchivedLabel | null;
  /** An entry row that stands for those of a synthetic account. */
  readonly entryRow: Row;
}

/** Days that were compacted: all but the last. */
export const compactedDays = ({ shape }: History): number => shape.days - 1;

export const compactedToMs = (history: History): number => startMs + compactedDays(history) * dayMs;

/**
 * What the compaction has made of all days but the last: files by day and share, listings, records of what was compacted. A file has the rows
 * of real accounts that belong into it; beside them those of the last compacted day stand for the same share of every day, of entries the same rows for
 * all. Listings say the mean number of rows.
 */
export const compactedLanes = (
  history: History,
  small: SmallObjects,
  real: readonly Item[],
  hotDays: number | null,
): readonly ObjectLane[] => {
  const days = compactedDays(history);
  if (days === 0) return [];
  const dayText = (day: number): string => dayOf(startMs + day * dayMs);
  const batchesOf = (day: number): readonly [from: number, to: number] => [
    history.firstBatchAt(startMs + day * dayMs),
    history.firstBatchAt(startMs + (day + 1) * dayMs),
  ];
  const [first, end] = batchesOf(0);
  const partCount = Math.max(1, Math.ceil((end - first) / batchObjects));
  /** The stream batches of one part of a day. */
  const partOf = (day: number, part: number): readonly [from: number, to: number] => {
    const [from, to] = batchesOf(day);
    return [from + part * batchObjects, part === partCount - 1 ? to : from + (part + 1) * batchObjects];
  };
  const realRows = rowsOfReal(real, hotDays);
  const place = (at: number, dataset: Dataset): Place & { readonly dayNumber: number; readonly part: number } => {
    const dayNumber = Math.floor(at / (shareCount * partCount));
    const rest = at % (shareCount * partCount);
    return { dataset, dayNumber, day: dayText(dayNumber), share: shares[Math.floor(rest / partCount)]!, part: rest % partCount };
  };
  const keyOf = (at: ReturnType<typeof place>): string =>
    `${placePrefix(at)}${risingHash((at.dayNumber * shareCount + at.share) * partCount + at.part)}.parquet`;
  const ownRows = (at: ReturnType<typeof place>): readonly Row[] => (at.part === 0 ? (realRows.get(placePrefix(at)) ?? []) : []);

  const rowsPerFile = Math.round(((end - first) * history.batchEntries) / partCount / shareCount);
  const standIns = new Map<string, readonly Row[]>();
  const standInOf = ({ dataset, share, part }: ReturnType<typeof place>): readonly Row[] => {
    const name = dataset === 'entries' ? dataset : `${dataset} ${share} ${part}`;
    const rows = standIns.get(name) ?? [...makeStandIn(dataset, share, part)];
    standIns.set(name, rows);
    return rows;
  };
  function* makeStandIn(dataset: Dataset, share: number, part: number): Generator<Row> {
    if (dataset === 'entries') {
      for (let i = 0; i < rowsPerFile; i += 1) yield unlikeOthers(small.entryRow, i);
      return;
    }
    const [from, to] = partOf(days - 1, part);
    for (let entry = history.batch(from)[0]; entry < history.batch(to)[0]; entry += 1) {
      if (shareOf(transactionName(tenant, transactionId(entry))) !== share) continue;
      const label = dataset === 'labels' ? small.label(entry) : null;
      if (dataset === 'features') yield rowOfDecision(small.decision(entry));
      else if (label !== null) yield rowOfLabel(label);
    }
  }
  const fields = { entries: entryFields, features: featureFields, labels: labelFields };
  const encoded = new Map<readonly Row[], Uint8Array>();
  const fileOf = (at: ReturnType<typeof place>): Uint8Array => {
    const [own, others] = [ownRows(at), standInOf(at)];
    if (own.length > 0) return encodeFile(fields[at.dataset], [...own, ...others]);
    const bytes = encoded.get(others) ?? encodeFile(fields[at.dataset], others);
    encoded.set(others, bytes);
    return bytes;
  };
  const files = (dataset: Dataset): ObjectLane => ({
    prefix: `${parquetPrefix}${dataset}/`,
    count: days * shareCount * partCount,
    key: (at) => keyOf(place(at, dataset)),
    value: (at) => fileOf(place(at, dataset)),
  });

  const listed = (source: Source, day: number, part: number): readonly ListedFile[] => {
    const [from, to] = partOf(day, part);
    const times = { fromMs: history.atMs(history.batch(from)[0]), toMs: history.atMs(history.batch(to)[0] - 1) };
    const datasets: readonly Dataset[] = source === 'audit' ? ['entries'] : ['features', 'labels'];
    return datasets.flatMap((dataset) =>
      shares.map((share) => {
        const at = { dataset, dayNumber: day, day: dayText(day), share, part };
        const rows = dataset === 'labels' ? Math.ceil(rowsPerFile / 200) : rowsPerFile;
        return { dataset, day: at.day, share, key: keyOf(at), rows, ...times };
      }),
    );
  };
  const listingKey = (source: Source, day: number, part: number): string =>
    `${parquetPrefix}listings/${source}/${dayText(day)}/${risingHash(day * partCount + part)}.json`;
  const listings = (source: Source): ObjectLane => ({
    prefix: `${parquetPrefix}listings/${source}/`,
    count: days * partCount,
    key: (at) => listingKey(source, Math.floor(at / partCount), at % partCount),
    value: (at) => {
      const listing: Listing = {
        format: 1,
        batch: risingHash(at),
        files: listed(source, Math.floor(at / partCount), at % partCount),
        replaces: null,
      };
      return Buffer.from(JSON.stringify(listing));
    },
  });
  const batches: ObjectLane = {
    prefix: `${parquetPrefix}batches/audit/`,
    count: days * partCount,
    key: (at) => `${batchFolder('audit', dayText(Math.floor(at / partCount)))}${risingHash(at)}.json.gz`,
    value: (at) => {
      const [day, part] = [Math.floor(at / partCount), at % partCount];
      const [from, to] = partOf(day, part);
      const record: Batch = {
        format: 1,
        source: 'audit',
        sources: Array.from({ length: to - from }, (_, i) => small.auditKey(from + i)),
        files: listed('audit', day, part).map(({ key }) => key),
        listing: listingKey('audit', day, part),
      };
      return gzipSync(JSON.stringify(record));
    },
  };
  return [files('entries'), files('features'), files('labels'), listings('audit'), listings('features'), batches];
};

/** An entry row with hashes and ciphertext of its own, so that a file is as large as a real one. */
const unlikeOthers = (row: Row, i: number): Row => {
  const digest = (name: string): Buffer => createHash('sha512').update(`${name} ${i}`).digest();
  const sealed = Buffer.concat([digest('a'), digest('b'), digest('c'), digest('d')]);
  return {
    ...row,
    chain: chainOf(i),
    hash: digest('hash').toString('hex').slice(0, 64),
    previous_hash: digest('previous').toString('hex').slice(0, 64),
    fingerprint: digest('fingerprint').toString('hex').slice(0, 64),
    sealed: new Uint8Array(sealed.subarray(0, (row.sealed as Uint8Array).length)),
  };
};

/** The rows of real accounts by the folder of their file. */
const rowsOfReal = (items: readonly Item[], hotDays: number | null): ReadonlyMap<string, readonly Row[]> => {
  const rows = new Map<string, Row[]>();
  const add = (at: Place, row: Row): void => {
    const prefix = placePrefix(at);
    rows.set(prefix, [...(rows.get(prefix) ?? []), row]);
  };
  for (const item of items) {
    if (isAuditItem(item)) {
      const entry = asAuditEntry(auditFromItem(item));
      const { chain, at } = entry.body;
      const expiresAt = expiresAtS(entry, hotDays);
      add(
        { dataset: 'entries', day: at.slice(0, 10), share: shareOf(chain) },
        rowOfEntry({ ...entry, ...(expiresAt !== null && { expiresAt }) }),
      );
    } else if (isDecisionItem(item)) {
      const { transaction, features, signals, outcome } = decisionFromItem(item).decision;
      if (features === null) continue;
      const { transactionId, occurredAtMs } = transaction;
      const share = shareOf(transactionName(tenant, transactionId));
      add(
        { dataset: 'features', day: dayOf(occurredAtMs), share },
        rowOfDecision({ kind: 'decision', tenant, transactionId, occurredAtMs, features, signals, outcome }),
      );
    }
  }
  return rows;
};
