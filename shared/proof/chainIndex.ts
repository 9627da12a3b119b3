import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { Key, ObjectStore, TableStore } from '../ports/ports.ts';
import { prefixes } from '../store/names.ts';
import { inParallel } from '../store/parallel.ts';
import {
  checkpointFolder,
  checkpointObjectPrefix,
  numberOfCheckpointObject,
  parseStoredCheckpoint,
  type StoredCheckpoint,
} from './checkpoint.ts';

/**
 * The last checkpoint that holds each chain, beside the checkpoints and under the same lock, so that it is found in a few reads whatever the
 * history. A group file covers so many checkpoints; every so many groups all chains since the first checkpoint are written anew, spread
 * over shards. What is newer than the last group is read from the checkpoints themselves. The files follow from the checkpoints alone:
 * made again they are the same. A help for readers: a verifier never looks here.
 */
const folder = 'chains/';
export const chainIndexLimits = {
  /** Checkpoints in a group file. */
  group: 12,
  /** Groups after which all chains are written anew. */
  groupsOfAll: 12,
  shards: 256,
  /** Groups that one run adds: a history from before the index is caught up with over many runs. */
  groupsPerRun: 12,
  atOnce: 16,
  /** Checkpoints that a reader looks through behind the last group. */
  recentMax: 24,
} as const;
/** A shard of 256 holds a million chains for every 256 million. */
const fileBytesMax = 256 * 2 ** 20;

const { group, groupsOfAll, shards, groupsPerRun, atOnce, recentMax } = chainIndexLimits;
const allEvery = group * groupsOfAll;

const compress = promisify(gzip);
const decompress = promisify(gunzip);

/** The number of the last checkpoint that holds a chain, by chain. */
export type LastCheckpoints = Map<string, number>;

export interface ChainIndexStores {
  readonly table: TableStore;
  readonly checkpoints: ObjectStore;
}

/** The index does not reach far enough yet to answer. */
export class ChainIndexBehind extends Error {
  override readonly name = 'ChainIndexBehind';
}

const padded = (number: number): string => String(number).padStart(12, '0');

/** The file of the group that ends with this checkpoint. */
export const groupFileKey = (last: number): string => `${folder}group/${padded(last)}.json.gz`;

/** The file of all chains of a shard, as of this checkpoint. */
export const allFileKey = (last: number, shard: number): string =>
  `${folder}all/${padded(last)}/${shard.toString(16).padStart(2, '0')}.json.gz`;

export const shardOf = (chain: string): number => createHash('sha256').update(chain).digest()[0]! % shards;

/** A file of the index. */
export const formatLastCheckpoints = (chains: LastCheckpoints): Promise<Uint8Array> =>
  compress(JSON.stringify([...chains].sort(([a], [b]) => (a < b ? -1 : 1))));

const read = async (objects: ObjectStore, key: string): Promise<LastCheckpoints | null> => {
  const bytes = await objects.get(key);
  if (bytes === null) return null;
  const text = await decompress(bytes, { maxOutputLength: fileBytesMax });
  return new Map(JSON.parse(text.toString('utf8')) as [string, number][]);
};

/** How far the files reach; in the table, where losing it costs only that files are made again. */
const positionKey: Key = { pk: `${prefixes.checkpoint}chains`, sk: 'THROUGH' };

const positionOf = async (table: TableStore): Promise<number> => {
  const item = await table.get(positionKey, { consistent: true });
  return Number(item?.through ?? 0);
};

/** Adds the groups that checkpoint `newest` has filled. Cut off anywhere, the next run goes on from there. */
export const extendChainIndex = async ({ table, checkpoints }: ChainIndexStores, newest: number): Promise<void> => {
  let through = await positionOf(table);
  for (let groups = 0; groups < groupsPerRun && through + group <= newest; groups += 1) {
    const last = through + group;
    const chains: LastCheckpoints = new Map();
    const keys = await keysAfter(checkpoints, through, group);
    const bodies = await inParallel(keys, atOnce, (key) => bytesAt(checkpoints, key));
    for (const { body, leaves } of bodies.map(parseStoredCheckpoint))
      for (const { chain } of leaves) chains.set(chain, body.number);
    await checkpoints.put(groupFileKey(last), await formatLastCheckpoints(chains), { contentType: 'application/gzip' });
    if (last % allEvery === 0) await writeAll(checkpoints, last);
    through = last;
    await table.put({ ...positionKey, through });
  }
};

/** All chains as of `last`: those of the time before, and of the groups since. */
const writeAll = async (checkpoints: ObjectStore, last: number): Promise<void> => {
  const byShard: LastCheckpoints[] = Array.from({ length: shards }, () => new Map());
  const ends = Array.from({ length: groupsOfAll }, (_, i) => last - allEvery + (i + 1) * group);
  for (const found of await inParallel(ends, atOnce, (end) => required(checkpoints, groupFileKey(end))))
    for (const [chain, number] of found) byShard[shardOf(chain)]!.set(chain, number);
  await inParallel(byShard, atOnce, async (fresh, shard) => {
    const before = last === allEvery ? new Map() : await required(checkpoints, allFileKey(last - allEvery, shard));
    const chains: LastCheckpoints = new Map([...before, ...fresh]);
    await checkpoints.put(allFileKey(last, shard), await formatLastCheckpoints(chains), { contentType: 'application/gzip' });
  });
};

const required = async (objects: ObjectStore, key: string): Promise<LastCheckpoints> => {
  const found = await read(objects, key);
  if (found === null) throw new Error(`the index of chains lacks ${key}, which an earlier run has written`);
  return found;
};

/** Keys of at most `limit` checkpoints after a number, in order. Throws when one is missing or twice there. */
const keysAfter = async (objects: ObjectStore, number: number, limit: number): Promise<readonly string[]> => {
  const after = `${checkpointObjectPrefix(number)}~`;
  const { keys } = await objects.list(checkpointFolder, { after, limit });
  for (const [i, key] of keys.entries())
    if (numberOfCheckpointObject(key) !== number + 1 + i)
      throw new Error(`the archive holds ${key} where checkpoint ${number + 1 + i} is due`);
  return keys;
};

const bytesAt = async (objects: ObjectStore, key: string): Promise<Uint8Array> => {
  const bytes = await objects.get(key);
  if (bytes === null) throw new Error(`the archive lists ${key} but does not hold it`);
  return bytes;
};

/**
 * The last checkpoint that holds each of these chains, and the newest of all, by number; none for a chain that no checkpoint holds yet. Reads at most one file of each chain's shard, a file for each group since, and the checkpoints since the last group.
 * Throws ChainIndexBehind when the index has not caught up with the checkpoints.
 */
export const lastCheckpointsOf = async (
  { table, checkpoints }: ChainIndexStores,
  chains: readonly string[],
): Promise<readonly StoredCheckpoint[]> => {
  const through = await positionOf(table);
  const recent = await keysAfter(checkpoints, through, recentMax);
  if (recent.length === recentMax)
    throw new ChainIndexBehind(`the index of chains reaches checkpoint ${through} and is still catching up`);
  const all = through - (through % allEvery);
  const files = [
    ...(all === 0 ? [] : [...new Set(chains.map(shardOf))].map((shard) => allFileKey(all, shard))),
    ...Array.from({ length: (through - all) / group }, (_, i) => groupFileKey(all + (i + 1) * group)),
  ];
  const last: LastCheckpoints = new Map();
  for (const file of await inParallel(files, atOnce, (key) => required(checkpoints, key)))
    for (const chain of chains) if (file.has(chain)) last.set(chain, file.get(chain)!);
  const known = new Map<number, StoredCheckpoint>();
  const bodies = await inParallel(recent, atOnce, (key) => bytesAt(checkpoints, key));
  for (const [i, bytes] of bodies.entries()) {
    // Building the tree of a checkpoint takes longer than reading it: only what is asked for is worth it.
    if (i < bodies.length - 1 && !chains.some((chain) => Buffer.from(bytes).includes(JSON.stringify(chain)))) continue;
    const checkpoint = parseStoredCheckpoint(bytes);
    const { number } = checkpoint.body;
    if (number !== through + 1 + i) throw new Error(`the object of checkpoint ${through + 1 + i} holds checkpoint ${number}`);
    known.set(number, checkpoint);
    for (const { chain } of checkpoint.leaves) if (chains.includes(chain)) last.set(chain, number);
  }
  const newest = through + recent.length;
  const numbers = [...new Set([...last.values(), ...(newest === 0 ? [] : [newest])])].sort((a, b) => a - b);
  return inParallel(numbers, atOnce, async (number) => {
    const found = known.get(number);
    if (found !== undefined) return found;
    const { keys } = await checkpoints.list(checkpointObjectPrefix(number), { limit: 2 });
    if (keys.length !== 1) throw new Error(`the archive holds ${keys.length} checkpoints ${number}: ${keys.join(', ')}`);
    return parseStoredCheckpoint(await bytesAt(checkpoints, keys[0]!));
  });
};
