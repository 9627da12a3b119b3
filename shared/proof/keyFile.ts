import type { ObjectStore } from '../ports/ports.ts';
import type { Checkpoint } from './checkpoint.ts';
import { lockedObject } from './locked.ts';
import { keyIdOf, readPublicKey } from './signer.ts';

/** Public halves of the keys that have signed checkpoints, under the same lock: what older checkpoints are verified with after a rotation. */
const keyObjectKey = (keyId: string): string => `keys/${keyId}.pem`;

/** Puts a key on file; again is no change. */
export const fileKey = async (objects: ObjectStore, publicKey: string): Promise<void> => {
  const keyId = keyIdOf(readPublicKey(publicKey));
  if ((await filedKey(objects, keyId)) === null)
    await objects.put(keyObjectKey(keyId), Buffer.from(publicKey), { contentType: 'application/x-pem-file' });
};

/** The key of this id, or null when it is not on file. Throws when the file holds another. */
export const filedKey = async (objects: ObjectStore, keyId: string): Promise<string | null> => {
  const key = keyObjectKey(keyId);
  let isThere = false;
  const bytes = await lockedObject(objects, key, (found) => {
    isThere = true;
    return isKeyOf(found, keyId);
  });
  if (bytes === null && isThere) throw new Error(`${key} holds another key than its name says`);
  return bytes && Buffer.from(bytes).toString('utf8');
};

const isKeyOf = (bytes: Uint8Array, keyId: string): boolean => {
  try {
    return keyIdOf(readPublicKey(Buffer.from(bytes).toString('utf8'))) === keyId;
  } catch {
    return false;
  }
};

/**
 * The keys that signed these checkpoints, one PEM after the other in the order of their use; `current` where there is no checkpoint. One
 * that is nowhere on file is left out, and the verifier says so.
 */
export const keysOfCheckpoints = async (
  objects: ObjectStore,
  checkpoints: readonly Checkpoint[],
  current: string,
): Promise<string> => {
  const currentId = keyIdOf(readPublicKey(current));
  const keyIds = [...new Set(checkpoints.map(({ body }) => body.keyId))];
  if (keyIds.length === 0) return current;
  const keys = await Promise.all(keyIds.map((keyId) => (keyId === currentId ? current : filedKey(objects, keyId))));
  return keys.map((key) => (key === null ? '' : `${key.trimEnd()}\n`)).join('') || current;
};
