import { describe, expect, it } from 'vitest';
import { seededRandom } from '../shared/store/random.ts';

const some = (count: number, draw: () => number): number[] => Array.from({ length: count }, draw);
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('seeded random numbers', () => {
  it('are the same for the same parts, and others for other parts', () => {
    const numbersOf = (...parts: readonly (number | string)[]) => some(5, seededRandom(...parts).fraction);
    expect(numbersOf(1)).toEqual(numbersOf(1));
    expect(numbersOf(1, 'day', 2)).toEqual(numbersOf(1, 'day', 2));
    const all = [
      numbersOf(1),
      numbersOf(2),
      numbersOf(-1),
      numbersOf(1, 'day', 2),
      numbersOf(1, 'day', 3),
      numbersOf(2 ** 32 + 1),
    ];
    expect(new Set(all.flat()).size).toBe(30);
  });

  it('stay in their ranges, reach both ends, and are spread evenly', () => {
    const random = seededRandom(3);
    const fractions = some(20_000, random.fraction);
    expect(Math.min(...fractions)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...fractions)).toBeLessThan(1);
    expect(mean(fractions)).toBeCloseTo(0.5, 1);
    expect(new Set(some(1_000, () => random.below(4)))).toEqual(new Set([0, 1, 2, 3]));
    expect(new Set(some(1_000, () => random.integer(-1, 1)))).toEqual(new Set([-1, 0, 1]));
    expect(new Set(some(10_000, () => random.bytes(1)[0]!)).size).toBe(256);
    const between = some(1_000, () => random.between(2, 3));
    expect(Math.min(...between) >= 2 && Math.max(...between) < 3).toBe(true);
    expect(some(10_000, () => (random.chance(0.25) ? 1 : 0)).reduce((a, b) => a + b)).toBeLessThan(3_000);
  });

  it('have the mean and spread of their distribution', () => {
    const random = seededRandom(4);
    const normals = some(20_000, random.normal);
    expect(mean(normals)).toBeCloseTo(0, 1);
    expect(mean(normals.map((value) => value * value))).toBeCloseTo(1, 1);
    const counts = some(20_000, () => random.poisson(3));
    expect(counts.every((count) => Number.isInteger(count) && count >= 0)).toBe(true);
    expect(mean(counts)).toBeCloseTo(3, 1);
  });

  it('pick and shuffle what is given, and nothing else', () => {
    const random = seededRandom(5);
    const values = some(
      50,
      (
        (n) => () =>
          n++
      )(0),
    );
    expect(values).toContain(random.pick(values));
    expect(() => random.pick([])).toThrow('nothing to pick from');
    const shuffled = random.shuffled(values);
    expect(shuffled).not.toEqual(values);
    expect(shuffled.toSorted((a, b) => a - b)).toEqual(values);
  });
});
