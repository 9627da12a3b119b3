import { beforeAll, describe, expect, it } from 'vitest';
import { memoryObjects } from '../../../shared/adapters/memory/objects.ts';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import type { ObjectStore } from '../../../shared/ports/ports.ts';
import {
  allFileKey,
  ChainIndexBehind,
  chainIndexLimits,
  extendChainIndex,
  formatSignedHeads,
  groupFileKey,
  lastCheckpointsOf,
  shardOf,
  signedHeads,
} from '../../../shared/proof/chainIndex.ts';
import {
  checkpointHash,
  checkpointObjectKey,
  formatStoredCheckpoint,
  type StoredCheckpoint,
} from '../../../shared/proof/checkpoint.ts';
import { seededRandom } from '../../../shared/store/random.ts';
import { ed25519Signer, nextCheckpoint } from '../../tools/proof/builders.ts';

const { group, groupsOfAll } = chainIndexLimits;
const count = group * groupsOfAll + 3 * group + 5;
const chains = Array.from({ length: 40 }, (_, i) => `chain-${i}`);
const signer = ed25519Signer();
const made: StoredCheckpoint[] = [];

beforeAll(async () => {
  const random = seededRandom(5);
  const sequences = new Map<string, number>();
  for (let number = 1; number <= count; number += 1) {
    // The first chains stop paying early on, and are found only in files of long ago.
    const paying = random.shuffled(number < 20 ? chains : chains.slice(10)).slice(0, 3);
    const leaves = paying.map((chain) => {
      const sequence = (sequences.get(chain) ?? 0) + 1;
      sequences.set(chain, sequence);
      return { chain, sequence, head: sequence.toString(16).padStart(64, '0') };
    });
    made.push(await nextCheckpoint(made.at(-1) ?? null, leaves, signer));
  }
});

const world = () => {
  const stores = { table: memoryTable(), checkpoints: memoryObjects() };
  const put = ({ body, ...rest }: StoredCheckpoint) =>
    stores.checkpoints.put(checkpointObjectKey(body.number, checkpointHash(body)), formatStoredCheckpoint({ body, ...rest }));
  return { ...stores, put };
};

/** One that paid only long ago. */
const quiet = (): string => chains.find((chain) => (lastOf(chain, count) ?? count) < 20)!;

/** What the checkpoints say, read through one by one. */
const lastOf = (chain: string, through: number): number | null =>
  made.slice(0, through).findLast(({ leaves }) => leaves.some((leaf) => leaf.chain === chain))?.body.number ?? null;

const counted = (objects: ObjectStore) => {
  const calls = { get: 0, list: 0, put: 0 };
  const store: ObjectStore = {
    ...objects,
    get: (key, options) => {
      calls.get += 1;
      return objects.get(key, options);
    },
    firstVersions: (prefix, options) => {
      calls.list += 1;
      return objects.firstVersions(prefix, options);
    },
    list: (prefix, options) => {
      calls.list += 1;
      return objects.list(prefix, options);
    },
    put: (key, body) => {
      calls.put += 1;
      return objects.put(key, body);
    },
  };
  return { calls, store };
};

describe('the index of chains', () => {
  it('gives the last checkpoint of every chain, at every length of the history', async () => {
    const at = world();
    for (const [i, checkpoint] of made.entries()) {
      await at.put(checkpoint);
      await extendChainIndex(at, checkpoint.body.number);
      if (i % 7 !== 0 && i !== made.length - 1) continue;
      for (const chain of chains) {
        const found = await lastCheckpointsOf(at, [chain]);
        const numbers = [...new Set([lastOf(chain, i + 1), checkpoint.body.number])].filter((number) => number !== null);
        expect(found.map(({ body }) => body.number)).toEqual(numbers.sort((a, b) => a - b));
      }
    }
  });

  it('knows no chain before the first checkpoint, and none that no checkpoint holds', async () => {
    const at = world();
    expect(await lastCheckpointsOf(at, [quiet()])).toEqual([]);
    await at.put(made[0]!);
    expect((await lastCheckpointsOf(at, ['nobody'])).map(({ body }) => body.number)).toEqual([1]);
  });

  it('is read in at most 33 calls, whatever the history', async () => {
    const at = world();
    let callsMax = 0;
    for (const checkpoint of made) {
      await at.put(checkpoint);
      await extendChainIndex(at, checkpoint.body.number);
      const { calls, store } = counted(at.checkpoints);
      await lastCheckpointsOf({ table: at.table, checkpoints: store }, ['chain-3']);
      callsMax = Math.max(callsMax, calls.get + calls.list);
    }
    expect(callsMax).toBeLessThanOrEqual(33);
  });

  it('goes on where a run was cut off, whichever call failed', async () => {
    const whole = world();
    for (const checkpoint of made) await whole.put(checkpoint);
    await extendChainIndex(whole, count);
    await extendChainIndex(whole, count);
    for (const failing of [1, 2, 5, group + 1, 40, 250]) {
      const at = world();
      for (const checkpoint of made) await at.put(checkpoint);
      let calls = 0;
      const faulty: ObjectStore = {
        ...at.checkpoints,
        put: (key, body) => (++calls === failing ? Promise.reject(new Error('S3 is down')) : at.checkpoints.put(key, body)),
      };
      await expect(extendChainIndex({ table: at.table, checkpoints: faulty }, count)).rejects.toThrow('S3 is down');
      await extendChainIndex(at, count);
      await extendChainIndex(at, count);
      const { keys } = await at.checkpoints.list('chains/');
      expect(keys).toEqual((await whole.checkpoints.list('chains/')).keys);
      for (const key of keys) expect(await at.checkpoints.get(key)).toEqual(await whole.checkpoints.get(key));
    }
  });

  it('is made anew, and the same, when the table forgot how far it reached', async () => {
    const at = world();
    for (const checkpoint of made) await at.put(checkpoint);
    const { calls, store } = counted(at.checkpoints);
    for (const _ of [1, 2]) await extendChainIndex({ table: at.table, checkpoints: store }, count);
    const puts = calls.put;
    await at.table.delete({ pk: 'T#chains', sk: 'THROUGH' });
    for (const _ of [1, 2]) await extendChainIndex({ table: at.table, checkpoints: store }, count);
    expect(calls.put).toBe(2 * puts);
    expect((await lastCheckpointsOf(at, [quiet()]))[0]!.body.number).toBe(lastOf(quiet(), count));
  });

  it('says that it is catching up with a history from before it', async () => {
    const at = world();
    for (const checkpoint of made) await at.put(checkpoint);
    await expect(lastCheckpointsOf(at, [quiet()])).rejects.toThrow(ChainIndexBehind);
    await extendChainIndex(at, count);
    await expect(lastCheckpointsOf(at, [quiet()])).rejects.toThrow(ChainIndexBehind);
    await extendChainIndex(at, count);
    expect((await lastCheckpointsOf(at, [quiet()]))[0]!.body.number).toBe(lastOf(quiet(), count));
  });

  it('says what is signed of all chains of a shard, and of those asked for', async () => {
    const at = world();
    const headsThrough = (through: number) =>
      new Map(
        made
          .slice(0, through)
          .flatMap(({ body, leaves }) =>
            leaves.map(
              ({ chain, sequence, head }) => [chain, { number: body.number, sequence, head: head.slice(0, 16) }] as const,
            ),
          ),
      );
    const everyShard = Array.from({ length: chainIndexLimits.shards }, (_, i) => i);
    for (const checkpoint of made) {
      await at.put(checkpoint);
      await extendChainIndex(at, checkpoint.body.number);
      if (checkpoint.body.number % 29 !== 0 && checkpoint !== made.at(-1)) continue;
      const expected = headsThrough(checkpoint.body.number);
      expect(await signedHeads(at, everyShard)).toEqual(expected);
      const shard = shardOf(quiet());
      const own = [...expected].filter(([chain]) => shardOf(chain) === shard);
      expect(await signedHeads(at, [shard])).toEqual(new Map(own));
      expect([...(await signedHeads(at, everyShard, (chain) => chain === quiet())).keys()]).toEqual([quiet()]);
    }
  });

  it('is what was written first, whatever is written over its files and the checkpoints behind them', async () => {
    const at = world();
    for (const checkpoint of made) await at.put(checkpoint);
    for (const _ of [1, 2]) await extendChainIndex(at, count);
    const everyShard = Array.from({ length: chainIndexLimits.shards }, (_, i) => i);
    const expected = await signedHeads(at, everyShard);
    for (const folder of ['chains/', 'checkpoints/'])
      for (const [i, key] of (await at.checkpoints.list(folder)).keys.entries())
        await at.checkpoints.overwrite(key, i % 2 === 0 ? Buffer.from('garbage') : await formatSignedHeads(new Map()));
    expect(await signedHeads(at, everyShard)).toEqual(expected);
    expect((await lastCheckpointsOf(at, [quiet()]))[0]!.body.number).toBe(lastOf(quiet(), count));
  });

  it('never answers from what is left when a file or a checkpoint is gone', async () => {
    const at = world();
    for (const checkpoint of made) await at.put(checkpoint);
    for (const _ of [1, 2]) await extendChainIndex(at, count);
    const all = allFileKey(group * groupsOfAll, shardOf(quiet()));
    const newest = made.at(-2)!.body;
    for (const key of [
      groupFileKey(group * (groupsOfAll + 1)),
      all,
      checkpointObjectKey(newest.number, checkpointHash(newest)),
    ]) {
      const body = (await at.checkpoints.get(key))!;
      await at.checkpoints.delete(key);
      await expect(lastCheckpointsOf(at, [quiet()]), key).rejects.toThrow(/lacks|is due/);
      await at.checkpoints.put(key, body);
    }
  });
});
