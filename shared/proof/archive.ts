import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { ObjectStore } from '../ports.ts';
import { canonicalText, sha256Hex } from './canonical.ts';
import { type AuditEntry, asAuditEntry, type StoredEntry } from './entry.ts';

const compress = promisify(gzip);
const decompress = promisify(gunzip);

const archiveFolder = 'audit/';
const keysAtOnce = 1_000;
/** A stream batch is at most 6 MB; what unpacks to more than this is not one of ours. */
const objectBytesMax = 64 * 2 ** 20;

/**
 * Writes the entries of one stream batch to the archive: one object of gzip JSON lines, each chain's entries in order, under a key made
 * of the day of the oldest and the hash of the content. The same batch again writes the same object; overlapping batches leave copies,
 * which the reader drops. Resolves when the entries are stored: only then may their rows expire.
 */
export const archiveEntries = async (objects: ObjectStore, stored: readonly StoredEntry[]): Promise<void> => {
  if (stored.length === 0) return;
  const entries = stored.map(asAuditEntry);
  const sorted = entries.toSorted(
    (a, b) => compareText(a.body.chain, b.body.chain) || a.body.sequence - b.body.sequence || compareText(a.hash, b.hash),
  );
  const lines = new Set(sorted.map(({ body, hash }) => `${canonicalText({ body, hash })}\n`));
  const text = [...lines].join('');
  const day = entries
    .map(({ body }) => body.at)
    .toSorted()[0]!
    .slice(0, 10);
  await objects.put(`${archiveFolder}${day}/${sha256Hex(text)}.jsonl.gz`, await compress(text), {
    contentType: 'application/gzip',
  });
};

/** Every archived entry of the days `fromDay`..`toDay` (yyyy-mm-dd, inclusive), object by object, copies included. */
export async function* readArchive(objects: ObjectStore, fromDay: string, toDay: string): AsyncGenerator<readonly AuditEntry[]> {
  let after: string | undefined;
  do {
    const page = await objects.list(archiveFolder, { limit: keysAtOnce, ...(after === undefined ? {} : { after }) });
    for (const key of page.keys) {
      const day = key.slice(archiveFolder.length, archiveFolder.length + 10);
      if (day < fromDay || day > toDay) continue;
      const bytes = await objects.get(key);
      if (bytes === null) throw new Error(`the archive lists ${key} but does not hold it`);
      const text = (await decompress(bytes, { maxOutputLength: objectBytesMax })).toString('utf8');
      yield text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => asAuditEntry(JSON.parse(line) as StoredEntry));
    }
    after = page.after;
  } while (after !== undefined);
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
