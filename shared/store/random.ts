import { createHash } from 'node:crypto';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';
import type { Randomness } from '../ports/ports.ts';

/** A repeatable source of numbers: for training, simulation and tests, never for secrets. */
export interface SeededRandom extends Randomness {
  /** Uniform whole number in [0, below). */
  below(below: number): number;
  /** Uniform whole number in [low, high]. */
  integer(low: number, high: number): number;
  between(low: number, high: number): number;
  chance(probability: number): boolean;
  /** Throws a RangeError when there is nothing to pick from. */
  pick<Value>(from: readonly Value[]): Value;
  /** A new order of the same values (Fisher-Yates). */
  shuffled<Value>(values: readonly Value[]): Value[];
  /** Standard normal (Box and Muller 1958). */
  normal(): number;
  /** Poisson count (Knuth, TAOCP 2, 3.4.1), mean at most 50. */
  poisson(mean: number): number;
}

const poissonMeanMax = 50;

/** The same parts give the same numbers on every machine (xoroshiro128+, its state the SHA-256 of the parts). */
export function seededRandom(...parts: readonly (number | string)[]): SeededRandom {
  const digest = createHash('sha256').update(parts.join('/')).digest();
  const generator = xoroshiro128plusFromState([0, 4, 8, 12].map((offset) => digest.readInt32LE(offset)));
  const fraction = (): number => uniformFloat64(generator);
  const integer = (low: number, high: number): number => uniformInt(generator, low, high);
  const below = (limit: number): number => integer(0, limit - 1);
  return {
    bytes: (count) => Uint8Array.from({ length: count }, () => integer(0, 255)),
    fraction,
    below,
    integer,
    between: (low, high) => low + fraction() * (high - low),
    chance: (probability) => fraction() < probability,
    pick(from) {
      if (from.length === 0) throw new RangeError('there is nothing to pick from');
      return from[below(from.length)]!;
    },
    shuffled(values) {
      const order = [...values];
      for (let last = order.length - 1; last > 0; last -= 1) {
        const other = below(last + 1);
        [order[last], order[other]] = [order[other]!, order[last]!];
      }
      return order;
    },
    normal: () => Math.sqrt(-2 * Math.log(1 - fraction())) * Math.cos(2 * Math.PI * fraction()),
    poisson(mean) {
      const floor = Math.exp(-Math.min(mean, poissonMeanMax));
      let count = 0;
      for (let product = fraction(); product > floor; product *= fraction()) count += 1;
      return count;
    },
  };
}
