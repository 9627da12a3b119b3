import { ModelInvalid } from '../../shared/model/artefact.ts';
import { readManifest, readPointer } from '../../shared/model/store.ts';
import type { TableStore } from '../../shared/ports/ports.ts';

/** Milliseconds since the model in force was trained; null without one, or when its manifest can't be read as one. */
export const modelAgeMs = async (table: TableStore, nowMs: number): Promise<number | null> => {
  const pointer = await readPointer(table);
  if (pointer === null) return null;
  try {
    const manifest = await readManifest(table, pointer.version);
    return manifest === null ? null : Math.max(0, nowMs - manifest.trainedAtMs);
  } catch (error) {
    if (error instanceof ModelInvalid) return null;
    throw error;
  }
};
