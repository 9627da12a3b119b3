import type { Key, Query } from '../../ports/ports.ts';

const partitionKeyBytesMax = 2_048;
const sortKeyBytesMax = 1_024;
/** Of one UTF-16 unit. */
const utf8BytesMax = 3;

/** Throws a TypeError or a RangeError for a key that the table refuses. */
export function checkKey({ pk, sk }: Key): void {
  checkKeyPart('pk', pk, partitionKeyBytesMax);
  checkKeyPart('sk', sk, sortKeyBytesMax);
}

function checkKeyPart(name: string, value: unknown, bytesMax: number): void {
  if (typeof value !== 'string' || value === '')
    throw new TypeError(`${name} is ${JSON.stringify(value)}, it must be a text that is not empty`);
  const bytes = value.length * utf8BytesMax <= bytesMax ? 0 : Buffer.byteLength(value);
  if (bytes > bytesMax) throw new RangeError(`${name} has ${bytes} bytes, allowed are ${bytesMax}`);
}

/** The sort keys that a query asks for, in its direction. `order` holds those of the partition in byte order. */
export function selected(order: readonly string[], query: Query): readonly string[] {
  const { from, to, after, descending = false } = query;
  let first = from === undefined ? 0 : firstAtOrAfter(order, from);
  let end = to === undefined ? order.length : firstAfter(order, to);
  if (after !== undefined) {
    if (descending) end = Math.min(end, firstAtOrAfter(order, after));
    else first = Math.max(first, firstAfter(order, after));
  }
  const keys = order.slice(first, Math.max(first, end));
  return descending ? keys.reverse() : keys;
}

const firstAtOrAfter = (order: readonly string[], key: string): number =>
  partitionPoint(order, (other) => byteOrder(other, key) >= 0);
const firstAfter = (order: readonly string[], key: string): number => partitionPoint(order, (other) => byteOrder(other, key) > 0);

/** The first place at which `reached` holds; it must not hold again before it. */
function partitionPoint(order: readonly string[], reached: (key: string) => boolean): number {
  let low = 0;
  let high = order.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (reached(order[middle]!)) high = middle;
    else low = middle + 1;
  }
  return low;
}

export const keyOrder = (a: Key, b: Key): number => byteOrder(a.pk, b.pk) || byteOrder(a.sk, b.sk);

/** The order of the UTF-8 bytes, found without encoding: surrogates sort after every other unit. */
export function byteOrder(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  for (let index = 0; index < shorter; index += 1) {
    const unitA = a.charCodeAt(index);
    const unitB = b.charCodeAt(index);
    if (unitA !== unitB) return rank(unitA) - rank(unitB);
  }
  return a.length - b.length;
}

const rank = (unit: number): number => (unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800);
