import { describe, expect, it } from 'vitest';
import { compare, stabilityIndex } from '../../../functions/train/compare.ts';
import { averagePrecision, cardPrecision, median, recallAt, rocAuc } from '../../../functions/train/metrics.ts';
import { seededRandom } from '../../../functions/train/random.ts';
import { Reservoir } from '../../../functions/train/reservoir.ts';
import { percentileOf, scaleOf, scaleStops } from '../../../shared/domain/percentile.ts';

const ranking = (scores: readonly number[], labels: readonly number[]) =>
  [Float64Array.from(scores), Uint8Array.from(labels)] as const;

describe('figures of a ranking', () => {
  it.each([
    ['a perfect one', [1, 2, 3, 4], [0, 0, 1, 1], 1, 1],
    ['the worst one', [4, 3, 2, 1], [0, 0, 1, 1], 0, (1 / 3 + 2 / 4) / 2],
    ['all alike', [1, 1, 1, 1], [0, 0, 1, 1], 0.5, 0.5],
    ['one pair of four wrong', [1, 3, 2, 4], [0, 0, 1, 1], 0.75, (1 + 2 / 3) / 2],
    ['a tie between a fraud and an honest one', [1, 2, 2, 3], [0, 0, 1, 1], 0.875, (1 + 2 / 3) / 2],
  ])('of %s', (_, scores, labels, auc, precision) => {
    expect(rocAuc(...ranking(scores, labels))).toBeCloseTo(auc, 12);
    expect(averagePrecision(...ranking(scores, labels))).toBeCloseTo(precision, 12);
  });

  it('count a threshold only while it passes no more honest rows than allowed', () => {
    const [scores, labels] = ranking([9, 8, 7, 6, 5, 4], [1, 0, 1, 0, 0, 1]);
    expect(recallAt(scores, labels, 0)).toBeCloseTo(1 / 3, 12);
    expect(recallAt(scores, labels, 1 / 3)).toBeCloseTo(2 / 3, 12);
    expect(recallAt(scores, labels, 1)).toBe(1);
  });

  it('check each day the accounts with the highest score, once found no more', () => {
    const day = 86_400_000;
    const row = (atMs: number, account: number, score: number, fraud: boolean) => ({ atMs, account, score, fraud });
    const rows = [row(0, 1, 9, true), row(1, 1, 1, false), row(2, 2, 5, false), row(day, 1, 9, true), row(day + 1, 3, 4, true)];
    expect(cardPrecision(rows, 1)).toBe(1);
    expect(cardPrecision(rows, 2)).toBe(0.5);
  });

  it('have a median between the middle two', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
  });
});

describe('a percentile scale', () => {
  const scale = scaleOf(Float64Array.from({ length: 10_001 }, (_, i) => i / 20_000));
  it.each([
    ['the least is 0', 0, 0],
    ['below the least is 0', -1, 0],
    ['the middle is 50', 0.25, 50],
    ['99.5 of 100', 0.4975, 99.5],
    ['the largest is 100', 0.5, 100],
    ['beyond the largest is 100', 0.9, 100],
  ])('%s', (_, score, percentile) => {
    expect(percentileOf(scale, score)).toBeCloseTo(percentile, 9);
  });

  it('never falls, though many scores of the reference are equal', () => {
    const lumpy = scaleOf(Float64Array.from({ length: 1000 }, (_, i) => Math.floor(i / 300) / 10));
    const percentiles = Array.from({ length: 500 }, (_, i) => percentileOf(lumpy, i / 1000));
    expect(percentiles).toEqual(percentiles.toSorted((a, b) => a - b));
    expect(scaleStops.at(-1)).toBe(100);
  });
});

describe('a challenger', () => {
  const uniform = Float64Array.from({ length: 10_000 }, (_, i) => i / 100);
  const labels = Array.from(uniform, (percentile) => (percentile > 99.5 ? 1 : 0) as 0 | 1);

  it('that scores alike is no worse', () => {
    expect(compare({ challenger: uniform, champion: uniform, labels }).reason).toBeNull();
  });

  it('with less precision is worse', () => {
    const turned = uniform.map((percentile) => (percentile > 99.5 ? 50 : percentile));
    expect(compare({ challenger: turned, champion: uniform, labels }).reason).toMatch(/average precision/);
  });

  it('with three times the alerts is worse', () => {
    const loud = uniform.map((percentile) => (percentile > 97 ? 99.9 : percentile));
    expect(compare({ challenger: loud, champion: uniform, labels: labels.map(() => null) }).reason).toMatch(/alerts on 2\.99 %/);
  });

  it('whose scores lie elsewhere is worse', () => {
    const moved = uniform.map((percentile) => percentile / 2);
    expect(compare({ challenger: moved, champion: uniform, labels: labels.map(() => null) }).reason).toMatch(/stability/);
    expect(stabilityIndex(uniform, uniform)).toBe(0);
  });
});

describe('a reservoir', () => {
  it('keeps every item with the same chance, in bounded memory', () => {
    const random = seededRandom(3);
    const kept = new Array<number>(50).fill(0);
    for (let run = 0; run < 2000; run++) {
      const reservoir = new Reservoir<number>(10, random);
      for (let i = 0; i < 50; i++) reservoir.offer(i);
      expect(reservoir.items.length).toBe(10);
      expect(reservoir.offered).toBe(50);
      for (const item of reservoir.items) kept[item]! += 1;
    }
    // 400 expected each; five standard deviations are 90.
    expect(Math.min(...kept)).toBeGreaterThan(310);
    expect(Math.max(...kept)).toBeLessThan(490);
  });
});
