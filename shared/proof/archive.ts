import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { ObjectStore } from '../ports/ports.ts';
import { listedKeys } from '../store/pages.ts';
import { inParallel } from '../store/parallel.ts';
import { canonicalText, sha256Hex } from './canonical.ts';
import { type AuditEntry, asAuditEntry, type StoredEntry } from './entry.ts';
import { expiresAtS, type HotDays } from './hotRows.ts';

const compress = promisify(gzip);
const decompress = promisify(gunzip);

export const archiveFolder = 'audit/';
const keysAtOnce = 1_000;
const objectsAtOnce = 32;
/** A stream batch is at most 6 MB; what unpacks to more than this is not one of ours. */
const objectBytesMax = 64 * 2 ** 20;

/**
 * Writes the entries of one stream batch to the archive: one object of gzip JSON lines, each chain's entries in order, under a key made
 * of the day of the oldest and the hash of the content. The same batch again writes the same object; overlapping batches leave copies,
 * which the reader drops. Resolves when the entries are stored: only then may their rows expire, after `hotDays`, which the line says.
 */
export const archiveEntries = async (
  objects: ObjectStore,
  stored: readonly StoredEntry[],
  hotDays: HotDays = null,
): Promise<void> => {
  if (stored.length === 0) return;
  const entries = stored.map(asAuditEntry);
  const sorted = entries.toSorted(
    (a, b) => compareText(a.body.chain, b.body.chain) || a.body.sequence - b.body.sequence || compareText(a.hash, b.hash),
  );
  const lines = new Set(sorted.map((entry) => `${canonicalText(lineOf(entry, hotDays))}\n`));
  const text = [...lines].join('');
  const day = entries
    .map(({ body }) => body.at)
    .toSorted()[0]!
    .slice(0, 10);
  await objects.put(`${archiveFolder}${day}/${sha256Hex(text)}.jsonl.gz`, await compress(text), {
    contentType: 'application/gzip',
  });
};

/** An entry as the archive holds it. */
export interface ArchivedEntry extends AuditEntry {
  /** Epoch seconds from which its row may be gone from the table; left out: never. */
  readonly expiresAt?: number;
}

const lineOf = ({ body, hash }: AuditEntry, hotDays: HotDays): ArchivedEntry => {
  const expiresAt = expiresAtS({ body, hash }, hotDays);
  return expiresAt === null ? { body, hash } : { body, hash, expiresAt };
};

const archivedOf = (line: string): ArchivedEntry => {
  const { expiresAt, ...stored } = JSON.parse(line) as StoredEntry & { readonly expiresAt?: unknown };
  return Number.isSafeInteger(expiresAt) ? { ...asAuditEntry(stored), expiresAt: expiresAt as number } : asAuditEntry(stored);
};

/** Every archived entry of the days `fromDay`..`toDay` (yyyy-mm-dd, inclusive), object by object, copies included. */
export async function* readArchive(
  objects: ObjectStore,
  fromDay: string,
  toDay: string,
): AsyncGenerator<readonly ArchivedEntry[]> {
  for await (const keys of listedKeys(objects, archiveFolder, keysAtOnce, `${archiveFolder}${fromDay}`)) {
    const due = keys.filter((key) => dayOfKey(key) >= fromDay && dayOfKey(key) <= toDay);
    for (let from = 0; from < due.length; from += objectsAtOnce) {
      yield* await inParallel(due.slice(from, from + objectsAtOnce), objectsAtOnce, async (key) => {
        const bytes = await objects.get(key);
        if (bytes === null) throw new Error(`the archive lists ${key} but does not hold it`);
        return entriesOfObject(bytes);
      });
    }
    if (keys.length > 0 && dayOfKey(keys.at(-1)!) > toDay) return;
  }
}

const dayOfKey = (key: string): string => key.slice(archiveFolder.length, archiveFolder.length + 10);

/** The entries of one object of the archive. */
export const entriesOfObject = async (bytes: Uint8Array): Promise<readonly ArchivedEntry[]> => {
  const text = (await decompress(bytes, { maxOutputLength: objectBytesMax })).toString('utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map(archivedOf);
};

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
