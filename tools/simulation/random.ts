/** A seeded source of numbers: the same parts give the same numbers on every machine. Not for secrets. */
export interface SeededRandom {
  /** Uniform in [0, 1). */
  fraction(): number;
  /** Uniform integer in [low, high]. */
  integer(low: number, high: number): number;
  between(low: number, high: number): number;
  chance(probability: number): boolean;
  /** Throws RangeError when there is nothing to pick from. */
  pick<T>(from: readonly T[]): T;
  /** Standard normal (Box and Muller 1958). */
  normal(): number;
  /** Poisson count (Knuth, TAOCP 2, 3.4.1), mean at most 50. */
  poisson(mean: number): number;
}

/** sfc32 (Doty-Humphrey, PractRand), its four words filled by cyrb128-style mixing of the parts' text. */
export const seededRandom = (...parts: readonly (number | string)[]): SeededRandom => {
  let [a, b, c, d] = mixText(parts.join('/'));
  const next = (): number => {
    const sum = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return sum >>> 0;
  };
  for (let i = 0; i < 12; i++) next();
  const fraction = () => next() / 2 ** 32;
  return {
    fraction,
    integer: (low, high) => low + Math.floor(fraction() * (high - low + 1)),
    between: (low, high) => low + fraction() * (high - low),
    chance: (probability) => fraction() < probability,
    pick: (from) => {
      if (from.length === 0) throw new RangeError('there is nothing to pick from');
      return from[Math.floor(fraction() * from.length)]!;
    },
    normal: () => Math.sqrt(-2 * Math.log(1 - fraction())) * Math.cos(2 * Math.PI * fraction()),
    poisson: (mean) => {
      const floor = Math.exp(-Math.min(mean, 50));
      let count = 0;
      for (let product = fraction(); product > floor; product *= fraction()) count++;
      return count;
    },
  };
};

const mixText = (text: string): [number, number, number, number] => {
  const words: [number, number, number, number] = [0x243f6a88, 0x85a308d3 | 0, 0x13198a2e, 0x03707344];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    for (let w = 0; w < 4; w++) {
      words[w] = Math.imul(words[w]! ^ code ^ words[(w + 1) % 4]!, 0x9e3779b1 + 2 * w);
      words[w] = words[w]! ^ (words[w]! >>> 15);
    }
  }
  return words;
};
