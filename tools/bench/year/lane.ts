import type { Item, Key, Query } from '../../../shared/ports/ports.ts';

/** Values by rising key that are made when they are asked for. */
export interface Lane<T> {
  readonly count: number;
  /** The key at a place: rises with it. */
  key(place: number): string;
  value(place: number): T;
}

/** A partition of a table, and where its items come from. */
export type ItemLane = Lane<Item>;

/** The first place whose key is at least `key`; `count` when none is. */
export const placeOf = ({ count, key: keyAt }: Lane<unknown>, key: string): number => {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (keyAt(middle) < key) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** The value under this very key, or null. */
export const valueAt = <T>(lane: Lane<T>, key: string): T | null => {
  const place = placeOf(lane, key);
  return place < lane.count && lane.key(place) === key ? lane.value(place) : null;
};

/** The places that a query asks for, in its order. */
export function* placesOf(lane: ItemLane, { from, to, after, descending = false }: Query): Generator<number> {
  let low = from === undefined ? 0 : placeOf(lane, from);
  let high = to === undefined ? lane.count : placeOf(lane, to);
  if (to !== undefined && high < lane.count && lane.key(high) === to) high += 1;
  if (after !== undefined) {
    const place = placeOf(lane, after);
    if (descending) high = Math.min(high, place);
    else low = Math.max(low, place < lane.count && lane.key(place) === after ? place + 1 : place);
  }
  if (descending) for (let place = high - 1; place >= low; place -= 1) yield place;
  else for (let place = low; place < high; place += 1) yield place;
}

/** Items of one kind in any number of partitions: what a scan goes through. */
export interface Family {
  readonly name: string;
  readonly count: number;
  item(place: number): Item;
}

/** All that a table holds without storing it. */
export interface SyntheticItems {
  /** The partition of this name; null when it holds no synthetic item. */
  lane(pk: string): ItemLane | null;
  readonly families: readonly Family[];
}

export const nameOf = ({ pk, sk }: Key): string => `${pk}\0${sk}`;
