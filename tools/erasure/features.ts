import { type ArchiveLine, archiveObject, archivePrefix, readLines } from '../../shared/model/archive.ts';
import type { ObjectStore } from '../../shared/ports/ports.ts';

const keysAtOnce = 1_000;

/** Takes the lines of these transactions out of the feature archive: what is left is written anew, then the old object goes. Returns how many went. */
export async function dropFeatures(
  archive: ObjectStore,
  tenant: string,
  transactionIds: ReadonlySet<string>,
  onProgress: (objects: number) => void,
): Promise<number> {
  if (transactionIds.size === 0) return 0;
  let seen = 0;
  let changed = 0;
  let after: string | undefined;
  do {
    const page = await archive.list(archivePrefix, { limit: keysAtOnce, ...(after !== undefined && { after }) });
    for (const key of page.keys) {
      if (await dropFrom(archive, key, tenant, transactionIds)) changed += 1;
      seen += 1;
      onProgress(seen);
    }
    after = page.after;
  } while (after !== undefined);
  return changed;
}

async function dropFrom(
  archive: ObjectStore,
  key: string,
  tenant: string,
  transactionIds: ReadonlySet<string>,
): Promise<boolean> {
  const bytes = await archive.get(key);
  if (bytes === null) return false;
  const kept: ArchiveLine[] = [];
  let dropped = false;
  for await (const line of readLines(bytes, key)) {
    if (line.tenant === tenant && transactionIds.has(line.transactionId)) dropped = true;
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
