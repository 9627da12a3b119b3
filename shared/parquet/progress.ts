import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { Item, Key, ObjectStore, TableStore } from '../ports/ports.ts';
import { prefixes } from '../store/names.ts';
import type { Source } from './places.ts';

const compress = promisify(gzip);
const decompress = promisify(gunzip);

/** How far the compaction of the archive has come: the one item that says who may change the compacted files now. */
export interface Progress {
  readonly revision: number;
  /** Who holds it, and until when; '' for nobody. */
  readonly holder: string;
  readonly heldUntilMs: number;
  /** The key of the batch that was begun and not finished; null: none. */
  readonly unfinished: string | null;
  /** Every closed day of the audit archive up to this one was compacted; '' before the first. */
  readonly entriesThrough: string;
  /** The old day that was last looked through for late objects. */
  readonly sweptDay: string;
}

export const progressKey: Key = { pk: `${prefixes.compaction}archive`, sk: 'PROGRESS' };

const initial: Progress = { revision: 0, holder: '', heldUntilMs: 0, unfinished: null, entriesThrough: '', sweptDay: '' };

export const progressItem = (progress: Progress): Item => ({ ...progressKey, ...progress });

export const readProgress = async (table: TableStore): Promise<Progress> => {
  const item = await table.get(progressKey, { consistent: true });
  if (item === null) return initial;
  const { pk: _pk, sk: _sk, ...progress } = item;
  return { ...initial, ...(progress as unknown as Progress) };
};

/** What a batch was made of and what it makes: written before its files, so that a cut-off batch can be undone. */
export interface Batch {
  readonly format: 1;
  readonly source: Source;
  /** Keys of the objects it was made of. */
  readonly sources: readonly string[];
  /** Keys of the files it makes. */
  readonly files: readonly string[];
  /** The key of the listing that makes them count. */
  readonly listing: string;
}

export const batchBody = (batch: Batch): Promise<Uint8Array> => compress(JSON.stringify(batch));

/** Null when there is none. */
export const readBatch = async (archive: ObjectStore, key: string): Promise<Batch | null> => {
  const bytes = await archive.get(key);
  if (bytes === null) return null;
  const batch = JSON.parse((await decompress(bytes)).toString('utf8')) as Batch;
  if (batch.format !== 1) throw new Error(`${key}: format ${batch.format}; allowed: 1`);
  return batch;
};

/** The objects whose rows already count in the compacted files, although a cut-off run did not come to remove them. */
export const countedSources = async (table: TableStore, archive: ObjectStore): Promise<ReadonlySet<string>> => {
  const { unfinished } = await readProgress(table);
  const batch = unfinished === null ? null : await readBatch(archive, unfinished);
  return batch === null || (await archive.get(batch.listing)) === null ? new Set() : new Set(batch.sources);
};
