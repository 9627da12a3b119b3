import type { ObjectStore } from '../../ports/ports.ts';

const pageKeysMax = 1_000;

/** Objects written once: a second put of a key changes nothing. */
export function memoryObjects(): ObjectStore {
  const objects = new Map<string, Uint8Array>();
  return {
    async put(key, body) {
      if (!objects.has(key)) objects.set(key, body.slice());
    },
    async get(key) {
      return objects.get(key)?.slice() ?? null;
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
    },
  };
}
