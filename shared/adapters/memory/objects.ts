import type { ObjectStore } from '../../ports/ports.ts';

const pageKeysMax = 1_000;

export interface MemoryObjects extends ObjectStore {
  /** Writes a newer version over an object, or hides it behind a delete marker: what an attacker can do to a locked one. */
  overwrite(key: string, body: Uint8Array | null): Promise<void>;
}

/** Objects written once, in a bucket with versions: a second put of a key changes nothing. What is deleted is gone with all its versions. */
export function memoryObjects(): MemoryObjects {
  const objects = new Map<string, Uint8Array>();
  /** Oldest first. */
  const versions = new Map<string, Uint8Array[]>();
  const write = (key: string, body: Uint8Array): void => {
    const kept = body.slice();
    objects.set(key, kept);
    const older = versions.get(key);
    if (older === undefined) versions.set(key, [kept]);
    else older.push(kept);
  };
  return {
    async put(key, body) {
      if (!objects.has(key)) write(key, body);
    },
    async overwrite(key, body) {
      if (body === null) objects.delete(key);
      else write(key, body);
    },
    async get(key, { version } = {}) {
      const body = version === undefined ? objects.get(key) : versions.get(key)?.[Number(version) - 1];
      return body?.slice() ?? null;
    },
    async firstVersions(prefix, { after } = {}) {
      const keys = [...versions.keys()].filter((key) => key.startsWith(prefix) && (after === undefined || key > after));
      return new Map(keys.sort().map((key) => [key, '1']));
    },
    async list(prefix, { after, limit = pageKeysMax } = {}) {
      if (!Number.isInteger(limit) || limit < 1 || limit > pageKeysMax) {
        throw new RangeError(`limit is ${limit}, allowed are whole numbers from 1 to ${pageKeysMax}`);
      }
      const keys = [...objects.keys()].filter((key) => key.startsWith(prefix) && (after === undefined || key > after)).sort();
      const page = keys.slice(0, limit);
      const last = page.at(-1);
      return keys.length > page.length && last !== undefined ? { keys: page, after: last } : { keys: page };
    },
    async delete(key) {
      objects.delete(key);
      versions.delete(key);
    },
  };
}
