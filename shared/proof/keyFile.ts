import type { ObjectStore } from '../ports/ports.ts';
import type { Checkpoint } from './checkpoint.ts';
import { keyIdOf, readPublicKey } from './signer.ts';

/** Public halves of the keys that have signed checkpoints, under the same lock: what older checkpoints are verified with after a rotation. */
const keyObjectKey = (keyId: string): string => `keys/${keyId}.pem`;

/** Puts a key on file; again is no change. */
export const fileKey = async (objects: ObjectStore, publicKey: string): Promise<void> => {
  const key = keyObjectKey(keyIdOf(readPublicKey(publicKey)));
  if ((await objects.get(key)) === null)
    await objects.put(key, Buffer.from(publicKey), { contentType: 'application/x-pem-file' });
};

/** The key of this id, or null when it is not on file. Throws when the file holds another. */
export const filedKey = async (objects: ObjectStore, keyId: string): Promise<string | null> => {
  const bytes = await objects.get(keyObjectKey(keyId));
  if (bytes === null) return null;
  const publicKey = Buffer.from(bytes).toString('utf8');
  if (keyIdOf(readPublicKey(publicKey)) !== keyId) throw new Error(`${keyObjectKey(keyId)} holds another key than its name says`);
  return publicKey;
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
