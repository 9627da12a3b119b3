import { hash } from 'node:crypto';
import { type ObjectStore, Unavailable } from '../ports/ports.ts';
import { listedKeys } from '../store/pages.ts';
import { inParallel } from '../store/parallel.ts';
import { type Place, parquetPrefix, type Source } from './places.ts';

export interface ListedFile extends Place {
  readonly key: string;
  readonly rows: number;
  /** Least and greatest time of its rows, epoch milliseconds. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** The files of one batch: written after all of them, so that a reader sees a whole batch or none of it. */
export interface Listing {
  readonly format: 1;
  readonly batch: string;
  readonly files: readonly ListedFile[];
  /** The key of the listing in whose place this one stands; null for the first of its batch. */
  readonly replaces: string | null;
}

export interface StoredListing extends Listing {
  readonly key: string;
}

const folderOf = (source: Source): string => `${parquetPrefix}listings/${source}/`;
const readAtOnce = 16;
const keysAtOnce = 1_000;
/** A listing that is replaced while they are read goes; the next look finds the one in its place. */
const looksMax = 5;

/**
 * The object of a listing. Keys sort by the newest day of its files; `day` is that of a listing without any. A replacement stays in the
 * folder of the first.
 */
export const listingObject = (
  source: Source,
  listing: Listing,
  day: string,
): { readonly key: string; readonly body: Uint8Array } => {
  const newest =
    listing.files
      .map((file) => file.day)
      .sort()
      .at(-1) ?? day;
  const folder =
    listing.replaces === null
      ? `${folderOf(source)}${newest}/`
      : listing.replaces.slice(0, listing.replaces.lastIndexOf('/') + 1);
  const body = Buffer.from(JSON.stringify(listing));
  return { key: `${folder}${hash('sha256', body, 'hex')}.json`, body };
};

/**
 * The listings that stand, those with the newest files first, until `isEnough` says of the next one's newest day and what was read that
 * it is. Throws store errors, and an Error naming the object for one that is none.
 */
export const readListings = async (
  archive: ObjectStore,
  source: Source,
  isEnough: (newestDay: string, read: readonly Listing[]) => boolean = () => false,
): Promise<readonly StoredListing[]> => {
  for (let looks = 1; looks <= looksMax; looks += 1) {
    const read = await look(archive, source, isEnough);
    if (read !== null) {
      const replaced = new Set(read.map(({ replaces }) => replaces));
      return read.filter(({ key }) => !replaced.has(key));
    }
  }
  throw new Unavailable(`listings of the archive moved during each of ${looksMax} looks`);
};

/** Every listing object, those that were replaced and not yet removed included. */
export const readEveryListing = async (archive: ObjectStore, source: Source): Promise<readonly StoredListing[]> =>
  (await look(archive, source, () => false)) ?? [];

/** Null when a listing went meanwhile. */
const look = async (
  archive: ObjectStore,
  source: Source,
  isEnough: (newestDay: string, read: readonly Listing[]) => boolean,
): Promise<readonly StoredListing[] | null> => {
  const folder = folderOf(source);
  const keys = (await allKeys(archive, folder)).reverse();
  const read: StoredListing[] = [];
  for (let from = 0; from < keys.length; from += readAtOnce) {
    if (isEnough(keys[from]!.slice(folder.length, folder.length + 'yyyy-mm-dd'.length), read)) break;
    const some = await inParallel(keys.slice(from, from + readAtOnce), readAtOnce, async (key) => {
      const bytes = await archive.get(key);
      return bytes === null ? null : parse(key, bytes);
    });
    for (const listing of some) {
      if (listing === null) return null;
      read.push(listing);
    }
  }
  return read;
};

/** All keys below a prefix, in their order. Throws store errors. */
export const allKeys = async (archive: ObjectStore, prefix: string): Promise<string[]> =>
  (await Array.fromAsync(listedKeys(archive, prefix, keysAtOnce))).flat();

const parse = (key: string, bytes: Uint8Array): StoredListing => {
  const listing = JSON.parse(Buffer.from(bytes).toString('utf8')) as Listing;
  if (listing.format !== 1 || !Array.isArray(listing.files)) throw new Error(`${key}: format ${listing.format}; allowed: 1`);
  return { ...listing, key };
};
