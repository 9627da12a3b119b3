import type { ObjectStore } from '../ports/ports.ts';

/**
 * Reading what is under object lock. The lock keeps a version, not the key: whoever may write to the bucket can put a newer version over
 * it, or hide it behind a delete marker. What counts is the version that was put first.
 */

/** An object whose key says what it must hold: as it stands, or else its first version. Null when neither is right. */
export const lockedObject = async (
  objects: ObjectStore,
  key: string,
  isRight: (bytes: Uint8Array) => boolean,
): Promise<Uint8Array | null> => {
  const bytes = await objects.get(key);
  if (bytes !== null && isRight(bytes)) return bytes;
  const version = (await objects.firstVersions(key)).get(key);
  const first = version === undefined ? null : await objects.get(key, { version });
  return first !== null && isRight(first) ? first : null;
};

/** An object whose content nothing vouches for but that it was there first. `versions` from `firstVersions`; without versions, as it stands. */
export const firstObject = (
  objects: ObjectStore,
  key: string,
  versions: ReadonlyMap<string, string>,
): Promise<Uint8Array | null> => {
  const version = versions.get(key);
  return objects.get(key, version === undefined ? {} : { version });
};
