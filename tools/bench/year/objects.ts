import { memoryObjects } from '../../../shared/adapters/memory/objects.ts';
import type { ObjectStore } from '../../../shared/ports/ports.ts';
import { type Lane, placeOf, valueAt } from './lane.ts';

/** Objects under one folder that are made when they are read. */
export interface ObjectLane extends Lane<Uint8Array> {
  readonly prefix: string;
}

const pageKeysMax = 1_000;

/** A bucket whose synthetic objects are made when they are read; what is put and deleted is remembered. */
export const syntheticObjects = (lanes: readonly ObjectLane[]): ObjectStore => {
  const memory = memoryObjects();
  const gone = new Set<string>();
  const laneOf = (key: string): ObjectLane | undefined => lanes.find(({ prefix }) => key.startsWith(prefix));
  return {
    put: (key, body, options) => memory.put(key, body, options),
    async get(key) {
      const stored = await memory.get(key);
      const lane = laneOf(key);
      return stored ?? (lane === undefined || gone.has(key) ? null : valueAt(lane, key));
    },
    // The synthetic bucket has no versions.
    firstVersions: () => Promise.resolve(new Map()),
    async list(prefix, { after, limit = pageKeysMax } = {}) {
      const { keys: stored, after: more } = await memory.list(prefix, { limit, ...(after !== undefined && { after }) });
      const keys = [...stored];
      for (const lane of lanes) {
        if (!lane.prefix.startsWith(prefix) && !prefix.startsWith(lane.prefix)) continue;
        const from = after !== undefined && after > prefix ? after : prefix;
        let found = 0;
        for (let place = placeOf(lane, from); place < lane.count && found <= limit; place += 1) {
          const key = lane.key(place);
          if (key === after || gone.has(key) || (key < prefix && key !== prefix)) continue;
          if (!key.startsWith(prefix)) break;
          keys.push(key);
          found += 1;
        }
      }
      keys.sort();
      const page = keys.slice(0, limit);
      const isMore = keys.length > page.length || more !== undefined;
      return isMore && page.length > 0 ? { keys: page, after: page.at(-1)! } : { keys: page };
    },
    async delete(key) {
      gone.add(key);
      await memory.delete(key);
    },
  };
};
