import type { FindingKind } from '../../../functions/read/evidence/finding.ts';
import type { ObjectStore, TableStore } from '../../../shared/ports/ports.ts';
import {
  CheckpointUnreadable,
  checkpointFolder,
  checkpointHash,
  checkpointObjectKey,
  checkpointObjectPrefix,
  parseStoredCheckpoint,
  readCheckpoint,
  type StoredCheckpoint,
} from '../../../shared/proof/checkpoint.ts';
import { newestNumber } from '../../../shared/proof/checkpointIndex.ts';
import { filedKey } from '../../../shared/proof/keyFile.ts';
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
/** Missing checkpoints in a row that are looked for one by one. */
const hiddenMax = 1_000;

type Find = (kind: FindingKind, text: string) => void;

/**
 * Reads every checkpoint in order, one page of keys and a few objects in memory at a time, checks each with the trail and hands it to `take`.
 * What counts is what was put first and is locked; what is missing, damaged, hidden or written over is found. Throws store errors, and what
 * `take` throws.
 */
export const readHistory = async (
  { table, checkpoints }: HistoryStores,
  trail: CheckpointTrail,
  find: Find,
  take: (checkpoint: StoredCheckpoint) => void,
): Promise<void> => {
  const next = async (checkpoint: StoredCheckpoint): Promise<void> => {
    for (const hidden of await hiddenBetween(checkpoints, trail.lastNumber(), checkpoint.body.number, find)) add(hidden);
    add(checkpoint);
  };
  const add = ({ leaves, ...signed }: StoredCheckpoint): void => {
    trail.add(signed, false);
    take({ ...signed, leaves });
  };
  for await (const keys of listedKeys(checkpoints, checkpointFolder, keysAtOnce)) {
    for (let i = 0; i < keys.length; i += objectsAtOnce) {
      const some = keys.slice(i, i + objectsAtOnce);
      for (const checkpoint of await Promise.all(some.map((key) => readOne(checkpoints, key, find))))
        if (checkpoint !== null) await next(checkpoint);
    }
  }
  const newest = await newestNumber(table);
  for (const hidden of await hiddenBetween(checkpoints, trail.lastNumber(), newest + 1, find)) add(hidden);
  if (newest > trail.lastNumber())
    find('withheld', `the archive ends at checkpoint ${trail.lastNumber()}; the table knows of checkpoint ${newest}`);
};

/** The checkpoint of a key; null when no version of the object is it. */
const readOne = async (checkpoints: ObjectStore, key: string, find: Find): Promise<StoredCheckpoint | null> => {
  const now = await checkpoints.get(key);
  try {
    const checkpoint = parseStoredCheckpoint(now ?? new Uint8Array());
    if (checkpointObjectKey(checkpoint.body.number, checkpointHash(checkpoint.body)) === key) return checkpoint;
  } catch {
    // Found below: whatever it is, it is not what the key says.
  }
  find('checkpoint', `${key} was written over: it is not the checkpoint that its name says`);
  try {
    return await readCheckpoint(checkpoints, key);
  } catch (error) {
    if (!(error instanceof CheckpointUnreadable)) throw error;
    return null;
  }
};

/** Checkpoints after `last` and before `next` that a list no longer shows, though a locked version is there. */
const hiddenBetween = async (checkpoints: ObjectStore, last: number, next: number, find: Find): Promise<StoredCheckpoint[]> => {
  const found: StoredCheckpoint[] = [];
  for (let number = last + 1; number < Math.min(next, last + 1 + hiddenMax); number++) {
    for (const key of (await checkpoints.firstVersions(checkpointObjectPrefix(number))).keys()) {
      // One that was made since the list was read is not hidden.
      if ((await checkpoints.get(key)) === null) find('checkpoint', `${key} was hidden: its newest version is a delete marker`);
      const checkpoint = await readCheckpoint(checkpoints, key).catch(() => null);
      if (checkpoint !== null) found.push(checkpoint);
    }
  }
  return found;
};

/** The public halves of every key that has signed, and the one in force, in PEM one after the other. */
export const signingKeys = async (checkpoints: ObjectStore, inForce: string): Promise<string> => {
  const pems = [inForce];
  for await (const keys of listedKeys(checkpoints, keyFolder, keysAtOnce))
    for (const key of keys) {
      const pem = await filedKey(checkpoints, key.slice(keyFolder.length).replace(/\.pem$/, '')).catch(() => null);
      if (pem !== null) pems.push(pem);
    }
  return pems.map((pem) => `${pem.trimEnd()}\n`).join('');
};
