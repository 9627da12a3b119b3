import type { Randomness } from '../../ports/ports.ts';

export interface SeededRandomness extends Randomness {
  /** A whole number in [0, below). */
  below(below: number): number;
  pick<Value>(values: readonly Value[]): Value;
  /** A new order of the same values (Fisher-Yates). */
  shuffled<Value>(values: readonly Value[]): Value[];
}

/** A repeatable generator: mulberry32 (Tommy Ettinger, public domain), 32 bits of state. For tests and simulation, never for secrets. */
export function seededRandomness(seed: number): SeededRandomness {
  let state = seed >>> 0;
  const word = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const fraction = (): number => word() / 2 ** 32;
  const below = (limit: number): number => Math.floor(fraction() * limit);
  return {
    bytes: (count) => Uint8Array.from({ length: count }, () => word() & 0xff),
    fraction,
    below,
    pick(values) {
      if (values.length === 0) throw new RangeError('nothing to pick from');
      return values[below(values.length)]!;
    },
    shuffled(values) {
      const order = [...values];
      for (let last = order.length - 1; last > 0; last -= 1) {
        const other = below(last + 1);
        [order[last], order[other]] = [order[other]!, order[last]!];
      }
      return order;
    },
  };
}
