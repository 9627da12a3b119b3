/** A seeded generator of numbers in [0, 1): mulberry32, one 32-bit word of state. The same seed gives the same numbers on every machine. */
export const seededRandom = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let word = Math.imul(state ^ (state >>> 15), state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32;
  };
};

/** `count` different indices below `size`, in random order (Floyd's algorithm, then a shuffle). */
export const sampleIndices = (size: number, count: number, random: () => number): number[] => {
  const chosen = new Set<number>();
  for (let top = size - count; top < size; top++) {
    const pick = Math.floor(random() * (top + 1));
    chosen.add(chosen.has(pick) ? top : pick);
  }
  const indices = [...chosen];
  for (let i = indices.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [indices[i], indices[j]] = [indices[j]!, indices[i]!];
  }
  return indices;
};
