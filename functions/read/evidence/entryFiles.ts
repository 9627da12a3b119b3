import { entryFields, entryOfRow } from '../../../shared/parquet/entries.ts';
import { type Columns, decodeFile, type Field } from '../../../shared/parquet/file.ts';
import { type ListedFile, readListings } from '../../../shared/parquet/listing.ts';
import { shareOf } from '../../../shared/parquet/places.ts';
import type { ObjectStore } from '../../../shared/ports/ports.ts';
import type { ArchivedEntry } from '../../../shared/proof/archive.ts';
import { inParallel } from '../../../shared/store/parallel.ts';

const filesAtOnce = 8;

/** The fields of these names. */
const fieldsOf = (...names: readonly string[]): readonly Field[] => entryFields.filter(({ name }) => names.includes(name));

/**
 * The compacted entries of some chains that `isWanted` takes by their sequence, file by file: only files of the chains' shares are read, and
 * of these first the columns that tell whether anything in them is wanted. Throws store errors.
 */
export async function* compactedEntries(
  archive: ObjectStore,
  chains: ReadonlySet<string>,
  isWanted: (chain: string, sequence: number, expiresAtMs: number | null) => boolean,
): AsyncGenerator<readonly ArchivedEntry[]> {
  const shares = new Set([...chains].map(shareOf));
  const files = await entryFiles(archive, ({ share }) => shares.has(share));
  const told = fieldsOf('chain', 'sequence', 'expires_at');
  for await (const found of inTurns(files, async ({ key }) => {
    const bytes = await bytesOf(archive, key);
    const columns = await decodeFile(bytes, told, key);
    const [chain, sequence, expires] = ['chain', 'sequence', 'expires_at'].map((name) => columns.of(name));
    const wanted = rowNumbers(
      columns,
      (i) =>
        chains.has(chain![i] as string) && isWanted(chain![i] as string, sequence![i] as number, expires![i] as number | null),
    );
    if (wanted.length === 0) return [];
    const all = await decodeFile(bytes, entryFields, key);
    return wanted.map((i) => entryOfRow(Object.fromEntries(entryFields.map(({ name }) => [name, all.of(name)?.[i] ?? null]))));
  }))
    if (found.length > 0) yield found;
}

/** Hash and expiry of every compacted entry written from `fromMs` up to, without, `toMs`, file by file. Throws store errors. */
export async function* compactedHashes(
  archive: ObjectStore,
  fromMs: number,
  toMs: number,
): AsyncGenerator<readonly { readonly hash: string; readonly expiresAtMs: number | null }[]> {
  const files = await entryFiles(archive, (file) => file.toMs >= fromMs && file.fromMs < toMs);
  const told = fieldsOf('hash', 'written_at', 'expires_at');
  yield* inTurns(files, async ({ key }) => {
    const columns = await decodeFile(await bytesOf(archive, key), told, key);
    const [hash, written, expires] = ['hash', 'written_at', 'expires_at'].map((name) => columns.of(name));
    return rowNumbers(columns, (i) => (written![i] as number) >= fromMs && (written![i] as number) < toMs).map((i) => ({
      hash: hash![i] as string,
      expiresAtMs: expires![i] as number | null,
    }));
  });
}

const entryFiles = async (archive: ObjectStore, isWanted: (file: ListedFile) => boolean): Promise<readonly ListedFile[]> =>
  (await readListings(archive, 'audit')).flatMap(({ files }) =>
    files.filter((file) => file.dataset === 'entries' && isWanted(file)),
  );

const rowNumbers = ({ rows }: Columns, isWanted: (i: number) => boolean): number[] =>
  Array.from({ length: rows }, (_, i) => i).filter(isWanted);

const bytesOf = async (archive: ObjectStore, key: string): Promise<Uint8Array> => {
  const bytes = await archive.get(key);
  if (bytes === null) throw new Error(`a listing names ${key}, which is not there`);
  return bytes;
};

/** What `act` makes of each value, in their order, `filesAtOnce` in memory. */
async function* inTurns<T, R>(values: readonly T[], act: (value: T) => Promise<R>): AsyncGenerator<R> {
  for (let from = 0; from < values.length; from += filesAtOnce)
    yield* await inParallel(values.slice(from, from + filesAtOnce), filesAtOnce, act);
}
