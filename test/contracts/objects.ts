import { describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../shared/ports/ports.ts';

/**
 * The behaviour every ObjectStore has; `makeStore` gives an empty one. `overwrite` writes a newer version past the port, or a delete
 * marker; left out for an emulator whose buckets have no versions.
 */
export function objectStoreBehaviour<Store extends ObjectStore>(
  name: string,
  makeStore: () => Promise<Store>,
  overwrite?: (store: Store, key: string, body: Uint8Array | null) => Promise<void>,
): void {
  describe(`${name} as an object store`, () => {
    const bytes = (...values: number[]) => new Uint8Array(values);

    it('gives back the bytes that were put, and null for a key never put', async () => {
      const store = await makeStore();
      await store.put('a/1', bytes(0, 128, 255), { contentType: 'application/octet-stream' });
      await store.put('a/empty', bytes());
      expect(await store.get('a/1')).toEqual(bytes(0, 128, 255));
      expect(await store.get('a/empty')).toEqual(bytes());
      expect(await store.get('a/2')).toBeNull();
    });

    it('takes the same object under its key again', async () => {
      const store = await makeStore();
      await store.put('a', bytes(1));
      await store.put('a', bytes(1));
      expect(await store.get('a')).toEqual(bytes(1));
    });

    it('lists the keys of a prefix in order, page by page', async () => {
      const store = await makeStore();
      for (const key of ['b/1', 'a/3', 'a/1', 'a/2']) await store.put(key, bytes(1));
      expect(await store.list('a/')).toEqual({ keys: ['a/1', 'a/2', 'a/3'] });
      const first = await store.list('a/', { limit: 2 });
      expect(first.keys).toEqual(['a/1', 'a/2']);
      expect(await store.list('a/', { limit: 2, after: first.after! })).toEqual({ keys: ['a/3'] });
      expect(await store.list('c/')).toEqual({ keys: [] });
    });

    it.each([0, 1.5, 1_001])('refuses a limit of %s', async (limit) => {
      await expect((await makeStore()).list('', { limit })).rejects.toThrow(RangeError);
    });

    it('deletes an object, and is content where there is none', async () => {
      const store = await makeStore();
      await store.put('a', bytes(1));
      await store.delete('a');
      await store.delete('a');
      expect(await store.get('a')).toBeNull();
    });

    it('gives a version that was put first, none of a key never put, and null for a version that is not there', async () => {
      const store = await makeStore();
      for (const key of ['a/1', 'a/2', 'a/3', 'b/1']) await store.put(key, bytes(1));
      const first = await store.firstVersions('a/', { after: 'a/1' });
      expect([...first.keys()]).toEqual(overwrite === undefined ? [] : ['a/2', 'a/3']);
      for (const [key, version] of first) expect(await store.get(key, { version })).toEqual(bytes(1));
      expect((await store.firstVersions('c/')).size).toBe(0);
    });

    if (overwrite === undefined) return;
    it.each([
      ['a newer version', bytes(2)],
      ['a delete marker', null],
    ])('gives the first version behind %s', async (_, over) => {
      const store = await makeStore();
      await store.put('a', bytes(1));
      await overwrite(store, 'a', over);
      expect(await store.get('a')).toEqual(over);
      const version = (await store.firstVersions('a')).get('a');
      expect(await store.get('a', { version: version! })).toEqual(bytes(1));
      await store.put('a', bytes(3));
      expect((await store.firstVersions('a')).get('a')).toBe(version);
    });
  });
}
