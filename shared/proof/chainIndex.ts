import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { Key, ObjectStore, TableStore } from '../ports/ports.ts';
import { prefixes } from '../store/names.ts';
import { inParallel } from '../store/parallel.ts';
import {
  checkpointFolder,
  checkpointObjectPrefix,
  type Leaf,
  numberOfCheckpointObject,
  parseStoredCheckpoint,
  readCheckpoint,
  type StoredCheckpoint,
} from './checkpoint.ts';
import { firstObject } from './locked.ts';

/**
 * The last checkpoint that holds each chain, beside the checkpoints and under the same lock, so that it is found in a few reads whatever the
 * history. A group file covers so many checkpoints; every so many groups all chains since the first checkpoint are written anew, spread
 * over shards. What is newer than the last group is read from the checkpoints themselves. The files follow from the checkpoints alone:
 * made again they are the same. What was written over a file or a checkpoint is never read. A help for readers: a verifier never looks here.
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

/** What the last checkpoint that holds a chain says of it. */
export interface SignedHead {
  /** The checkpoint's number. */
  readonly number: number;
  /** The entry whose hash is signed. */
  readonly sequence: number;
  /** The first 16 digits of that hash: whoever needs all of it reads the checkpoint. */
  readonly head: string;
}

/** By chain. */
export type SignedHeads = Map<string, SignedHead>;

export const signedHead = (number: number, { sequence, head }: Pick<Leaf, 'sequence' | 'head'>): SignedHead => ({
  number,
  sequence,
  head: head.slice(0, headDigits),
});

const headDigits = 16;

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

const allFolder = (last: number): string => `${folder}all/${padded(last)}/`;

/** The file of all chains of a shard, as of this checkpoint. */
export const allFileKey = (last: number, shard: number): string =>
  `${allFolder(last)}${shard.toString(16).padStart(2, '0')}.json.gz`;

export const shardOf = (chain: string): number => createHash('sha256').update(chain).digest()[0]! % shards;

/** A file of the index: gzip JSON of `[chain, number, sequence, head]`, sorted by chain. */
export const formatSignedHeads = (chains: SignedHeads): Promise<Uint8Array> =>
  compress(
    JSON.stringify(
      [...chains]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([chain, { number, sequence, head }]) => [chain, number, sequence, head]),
    ),
  );

type Versions = ReadonlyMap<string, string>;

const read = async (objects: ObjectStore, key: string, versions: Versions): Promise<SignedHeads> => {
  const bytes = await firstObject(objects, key, versions);
  if (bytes === null) throw new Error(`the index of chains lacks ${key}, which an earlier run has written`);
  const text = await decompress(bytes, { maxOutputLength: fileBytesMax });
  const rows = JSON.parse(text.toString('utf8')) as [string, number, number, string][];
  return new Map(rows.map(([chain, number, sequence, head]) => [chain, { number, sequence, head }]));
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
    const chains: SignedHeads = new Map();
    const { keys, versions } = await checkpointsAfter(checkpoints, through, group);
    const bodies = await inParallel(keys, atOnce, (key) => bytesAt(checkpoints, key, versions));
    for (const { body, leaves } of bodies.map(parseStoredCheckpoint))
      for (const leaf of leaves) chains.set(leaf.chain, signedHead(body.number, leaf));
    await checkpoints.put(groupFileKey(last), await formatSignedHeads(chains), { contentType: 'application/gzip' });
    if (last % allEvery === 0) await writeAll(checkpoints, last);
    through = last;
    await table.put({ ...positionKey, through });
  }
};

/** All chains as of `last`: those of the time before, and of the groups since. */
const writeAll = async (checkpoints: ObjectStore, last: number): Promise<void> => {
  const byShard: SignedHeads[] = Array.from({ length: shards }, () => new Map());
  const ends = Array.from({ length: groupsOfAll }, (_, i) => last - allEvery + (i + 1) * group);
  const groups = await versionsOfGroups(checkpoints, last - allEvery);
  for (const found of await inParallel(ends, atOnce, (end) => read(checkpoints, groupFileKey(end), groups)))
    for (const [chain, signed] of found) byShard[shardOf(chain)]!.set(chain, signed);
  const older = last === allEvery ? new Map() : await checkpoints.firstVersions(allFolder(last - allEvery));
  await inParallel(byShard, atOnce, async (fresh, shard) => {
    const before = last === allEvery ? new Map() : await read(checkpoints, allFileKey(last - allEvery, shard), older);
    const chains: SignedHeads = new Map([...before, ...fresh]);
    await checkpoints.put(allFileKey(last, shard), await formatSignedHeads(chains), { contentType: 'application/gzip' });
  });
};

const versionsOfGroups = (objects: ObjectStore, after: number): Promise<Versions> =>
  objects.firstVersions(`${folder}group/`, { after: groupFileKey(after) });

/** At most `limit` checkpoints after a number, in order. Throws when one is missing or twice there. */
const checkpointsAfter = async (
  objects: ObjectStore,
  number: number,
  limit: number,
): Promise<{ readonly keys: readonly string[]; readonly versions: Versions }> => {
  const after = `${checkpointObjectPrefix(number)}~`;
  const { keys } = await objects.list(checkpointFolder, { after, limit });
  for (const [i, key] of keys.entries())
    if (numberOfCheckpointObject(key) !== number + 1 + i)
      throw new Error(`the archive holds ${key} where checkpoint ${number + 1 + i} is due`);
  return { keys, versions: keys.length === 0 ? new Map() : await objects.firstVersions(checkpointFolder, { after }) };
};

const bytesAt = async (objects: ObjectStore, key: string, versions: Versions): Promise<Uint8Array> => {
  const bytes = await firstObject(objects, key, versions);
  if (bytes === null) throw new Error(`the archive lists ${key} but does not hold it`);
  return bytes;
};

/** What together holds every chain of these shards, in order: a later file or checkpoint wins. */
interface Reach {
  /** The checkpoint that the files reach. */
  readonly through: number;
  readonly files: readonly string[];
  /** The checkpoints behind. */
  readonly recent: readonly string[];
  readonly versions: Versions;
}

/** Throws ChainIndexBehind when too many checkpoints are behind the files. */
const reachOf = async ({ table, checkpoints }: ChainIndexStores, ofShards: readonly number[]): Promise<Reach> => {
  const through = await positionOf(table);
  const { keys: recent, versions } = await checkpointsAfter(checkpoints, through, recentMax);
  if (recent.length === recentMax)
    throw new ChainIndexBehind(`the index of chains reaches checkpoint ${through} and is still catching up`);
  const all = through - (through % allEvery);
  const ofAll = all === 0 ? [] : ofShards.map((shard) => allFileKey(all, shard));
  const groups = Array.from({ length: (through - all) / group }, (_, i) => groupFileKey(all + (i + 1) * group));
  const found = [
    ofAll.length === 0 ? null : checkpoints.firstVersions(ofAll.length === 1 ? ofAll[0]! : allFolder(all)),
    groups.length === 0 ? null : versionsOfGroups(checkpoints, all),
  ];
  const known = (await Promise.all(found)).flatMap((some) => [...(some ?? [])]);
  return { through, files: [...ofAll, ...groups], recent, versions: new Map([...versions, ...known]) };
};

/**
 * What is signed of the chains of these shards: of those wanted, or of all of them. Reads a file for each shard, one for each group since, and
 * the checkpoints since the last group. Throws ChainIndexBehind when the index has not caught up with the checkpoints.
 */
export const signedHeads = async (
  stores: ChainIndexStores,
  ofShards: readonly number[],
  isWanted: (chain: string) => boolean = () => true,
): Promise<SignedHeads> => {
  const { checkpoints } = stores;
  const { files, recent, versions } = await reachOf(stores, ofShards);
  const inShards = new Set(ofShards);
  const signed: SignedHeads = new Map();
  const take = (chain: string, head: SignedHead): void => {
    if (inShards.has(shardOf(chain)) && isWanted(chain)) signed.set(chain, head);
  };
  // In order, and at no time more than a few files in memory: the later of two heads is the one that stays.
  for (let i = 0; i < files.length; i += atOnce) {
    const some = await inParallel(files.slice(i, i + atOnce), atOnce, (key) => read(checkpoints, key, versions));
    for (const file of some) for (const [chain, head] of file) take(chain, head);
  }
  for (const key of recent) {
    const { body, leaves } = parseStoredCheckpoint(await bytesAt(checkpoints, key, versions));
    for (const leaf of leaves) take(leaf.chain, signedHead(body.number, leaf));
  }
  return signed;
};

/**
 * The last checkpoint that holds each of these chains, and the newest of all, by number; none for a chain that no checkpoint holds yet. Reads at most one file of each chain's shard, a file for each group since, and the checkpoints since the last group.
 * Throws ChainIndexBehind when the index has not caught up with the checkpoints.
 */
export const lastCheckpointsOf = async (
  stores: ChainIndexStores,
  chains: readonly string[],
): Promise<readonly StoredCheckpoint[]> => {
  const { checkpoints } = stores;
  const { through, files, recent, versions } = await reachOf(stores, [...new Set(chains.map(shardOf))]);
  const last = new Map<string, number>();
  for (const file of await inParallel(files, atOnce, (key) => read(checkpoints, key, versions)))
    for (const chain of chains) if (file.has(chain)) last.set(chain, file.get(chain)!.number);
  const known = new Map<number, StoredCheckpoint>();
  const bodies = await inParallel(recent, atOnce, (key) => bytesAt(checkpoints, key, versions));
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
    return readCheckpoint(checkpoints, keys[0]!);
  });
};
