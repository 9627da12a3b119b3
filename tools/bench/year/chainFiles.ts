import { gzipSync } from 'node:zlib';
import type { Item } from '../../../shared/ports/ports.ts';
import {
  allFileKey,
  chainIndexLimits,
  groupFileKey,
  type SignedHead,
  shardOf,
  signedHead,
} from '../../../shared/proof/chainIndex.ts';
import { prefixes } from '../../../shared/store/names.ts';
import { type CheckpointHistory, FillerLeaves, fillerLeaf } from './checkpoints.ts';
import type { ObjectLane } from './objects.ts';
import { chainOf, type History } from './shape.ts';

const { group, groupsOfAll, shards } = chainIndexLimits;
const allEvery = group * groupsOfAll;

/** The index of chains that belongs to a history of checkpoints, its files made when they are read. */
export const chainFiles = (
  history: History,
  { count, realLeaves }: CheckpointHistory,
): { readonly lanes: readonly ObjectLane[]; readonly position: Item } => {
  const filler = new FillerLeaves(history);
  const groups = Math.floor(count / group);
  const places = new PlacesByShard(filler.sets * filler.size);

  /** The last checkpoint up to `last` that holds an account; 0 when none does. */
  const lastOf = (account: number, last: number): number => {
    const first = Math.floor(account / filler.size) + 1;
    return first > last ? 0 : first + Math.floor((last - first) / filler.sets) * filler.sets;
  };
  const realChains = (from: number, to: number): [string, SignedHead][] =>
    [...realLeaves]
      .filter(([number]) => number > from && number <= to)
      .sort(([a], [b]) => a - b)
      .flatMap(([number, leaves]) => leaves.map((leaf): [string, SignedHead] => [leaf.chain, signedHead(number, leaf)]));
  const fileOf = (chains: Iterable<[string, SignedHead]>): Uint8Array =>
    gzipSync(
      JSON.stringify(
        [...new Map(chains)]
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([chain, { number, sequence, head }]) => [chain, number, sequence, head]),
      ),
    );

  const groupFile = (last: number): Uint8Array => {
    const chains: [string, SignedHead][] = [];
    for (let number = last - group + 1; number <= last; number += 1) {
      const first = filler.setOf(number) * filler.size;
      for (let i = 0; i < filler.size; i += 1) chains.push(fillerChain(first + i, number));
    }
    return fileOf([...chains, ...realChains(last - group, last)]);
  };
  const allFile = (last: number, shard: number): Uint8Array => {
    const chains: [string, SignedHead][] = [];
    for (const account of places.of(shard)) {
      const number = lastOf(account, last);
      if (number > 0) chains.push(fillerChain(account, number));
    }
    return fileOf([...chains, ...realChains(0, last).filter(([chain]) => shardOf(chain) === shard)]);
  };
  const groupEnd = (place: number): number => (place + 1) * group;
  const allEnd = (place: number): number => (Math.floor(place / shards) + 1) * allEvery;
  return {
    lanes: [
      {
        prefix: 'chains/all/',
        count: Math.floor(count / allEvery) * shards,
        key: (i) => allFileKey(allEnd(i), i % shards),
        value: (i) => allFile(allEnd(i), i % shards),
      },
      { prefix: 'chains/group/', count: groups, key: (i) => groupFileKey(groupEnd(i)), value: (i) => groupFile(groupEnd(i)) },
    ],
    position: { pk: `${prefixes.checkpoint}chains`, sk: 'THROUGH', through: groups * group },
  };
};

const fillerChain = (account: number, number: number): [string, SignedHead] => {
  const leaf = fillerLeaf(account);
  return [leaf.chain, signedHead(number, leaf)];
};

/** Which accounts are in which shard; found out once, when a shard is first asked for. */
class PlacesByShard {
  readonly #accounts: number;
  #sorted: readonly (readonly number[])[] | null = null;

  constructor(accounts: number) {
    this.#accounts = accounts;
  }

  of(shard: number): readonly number[] {
    if (this.#sorted === null) {
      const sorted: number[][] = Array.from({ length: shards }, () => []);
      for (let account = 0; account < this.#accounts; account += 1) sorted[shardOf(chainOf(account))]!.push(account);
      this.#sorted = sorted;
    }
    return this.#sorted[shard]!;
  }
}
