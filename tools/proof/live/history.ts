import type { FindingKind } from '../../../functions/read/evidence/finding.ts';
import type { ObjectStore, TableStore } from '../../../shared/ports/ports.ts';
import {
  checkpointFolder,
  checkpointHash,
  checkpointObjectKey,
  parseStoredCheckpoint,
  type StoredCheckpoint,
} from '../../../shared/proof/checkpoint.ts';
import { newestNumber } from '../../../shared/proof/checkpointIndex.ts';
import { listedKeys } from '../../../shared/store/pages.ts';
import type { CheckpointTrail } from '../checkpointTrail.ts';

export interface HistoryStores {
  readonly table: TableStore;
  /** The store under object lock. */
  readonly checkpoints: ObjectStore;
}

const keysAtOnce = 1_000;
const objectsAtOnce = 16;
const keyFolder = 'keys/';

/**
 * Reads every checkpoint in order, one page of keys and a few objects in memory at a time, checks each with the trail and hands it to `take`.
 * What is missing, damaged or replaced is found. Throws store errors, and what `take` throws.
 */
export const readHistory = async (
  { table, checkpoints }: HistoryStores,
  trail: CheckpointTrail,
  find: (kind: FindingKind, text: string) => void,
  take: (checkpoint: StoredCheckpoint) => void,
): Promise<void> => {
  for await (const keys of listedKeys(checkpoints, checkpointFolder, keysAtOnce)) {
    for (let i = 0; i < keys.length; i += objectsAtOnce) {
      const some = keys.slice(i, i + objectsAtOnce);
      const bodies = await Promise.all(some.map((key) => checkpoints.get(key)));
      for (const [k, bytes] of bodies.entries()) {
        const checkpoint = readAs(some[k]!, bytes, find);
        if (checkpoint === null) continue;
        const { leaves, ...signed } = checkpoint;
        trail.add(signed, false);
        take({ ...signed, leaves });
      }
    }
  }
  const newest = await newestNumber(table);
  if (newest > trail.lastNumber())
    find('withheld', `the archive ends at checkpoint ${trail.lastNumber()}; the table knows of checkpoint ${newest}`);
};

const readAs = (
  key: string,
  bytes: Uint8Array | null,
  find: (kind: FindingKind, text: string) => void,
): StoredCheckpoint | null => {
  if (bytes === null) {
    find('withheld', `the archive lists ${key} but does not hold it`);
    return null;
  }
  try {
    const checkpoint = parseStoredCheckpoint(bytes);
    const { number } = checkpoint.body;
    if (checkpointObjectKey(number, checkpointHash(checkpoint.body)) === key) return checkpoint;
    find('checkpoint', `${key} holds another checkpoint than its name says: it was written over`);
  } catch (error) {
    find('checkpoint', `${key} is no checkpoint, it was written over: ${(error as Error).message}`);
  }
  return null;
};

/** The public halves of every key that has signed, and the one in force, in PEM one after the other. */
export const signingKeys = async (checkpoints: ObjectStore, inForce: string): Promise<string> => {
  const pems = [inForce];
  for await (const keys of listedKeys(checkpoints, keyFolder, keysAtOnce))
    for (const key of keys) {
      const bytes = await checkpoints.get(key);
      if (bytes) pems.push(Buffer.from(bytes).toString('utf8'));
    }
  return pems.map((pem) => `${pem.trimEnd()}\n`).join('');
};
