import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scoreAll, trainForest } from '../../../functions/train/forest.ts';
import { growForest } from '../../../functions/train/grow.ts';
import { matrixOf, rowOf } from '../../../functions/train/matrix.ts';
import { rocAuc } from '../../../functions/train/metrics.ts';
import {
  attribute,
  averagePathLength,
  baselineOf,
  forestScore,
  forestScorer,
  leafMark,
  treeCount,
} from '../../../shared/domain/forest.ts';
import { cloud, concat } from './generated.ts';

describe('a grown forest', () => {
  const rows = concat(cloud(1000, 5, 1), cloud(20, 5, 2, 6));
  const forest = growForest(rows, 7);

  it('is the same to the bit for the same rows and seed, and another for another seed', () => {
    expect(growForest(rows, 7)).toEqual(forest);
    expect(growForest(rows, 8)).not.toEqual(forest);
  });

  it('leaves Math.random as it was, even when growing fails', () => {
    const { random } = Math;
    growForest(rows, 1);
    expect(() => growForest(matrixOf([[1]], 1), 1)).toThrow(/at least 2/);
    expect(Math.random).toBe(random);
  });

  it('scores far rows above near ones', () => {
    const labels = Uint8Array.from({ length: rows.height }, (_, i) => (i < 1000 ? 0 : 1));
    expect(rocAuc(scoreAll(forest, rows), labels)).toBeGreaterThan(0.99);
  });

  it('has one hundred trees of at most eight levels that never split on nothing', () => {
    expect(forest.roots.length).toBe(treeCount);
    const depthOf = (node: number): number =>
      forest.column[node] === leafMark ? 0 : 1 + Math.max(depthOf(node + 1), depthOf(forest.right[node]!));
    expect(Math.max(...Array.from(forest.roots, depthOf))).toBe(8);
    expect(Array.from(forest.column).every((column) => column === leafMark || column < 5)).toBe(true);
  });

  it('grows on where columns are constant, so that the one column that tells still tells', () => {
    const constant = matrixOf(
      Array.from({ length: 512 }, (_, i) => [1, 1, 1, 1, 1, 1, 1, i === 0 ? 100 : (i * 37) % 11]),
      8,
    );
    const scores = scoreAll(growForest(constant, 3), constant);
    expect(scores[0]).toBe(Math.max(...scores));
    expect(scores[0]).toBeGreaterThan(scores[1]! + 0.1);
  });

  it('ends a path where all rows are equal, whatever the depth', () => {
    const equal = growForest(
      matrixOf(
        Array.from({ length: 300 }, () => [1, 2]),
        2,
      ),
      1,
    );
    expect(equal.column.length).toBe(treeCount);
    expect(forestScore(equal, Float64Array.of(1, 2))).toBeCloseTo(0.5, 12);
  });

  it.each([
    ['a value that is not a number', [1, Number.NaN]],
    ['an infinite value', [1, Number.POSITIVE_INFINITY]],
  ])('is not grown from %s', (_, row) => {
    const values = Float64Array.from([...Array.from({ length: 600 }, (_, i) => i), ...row]);
    expect(() => growForest({ width: 2, height: 301, values }, 1)).toThrow(/row 300, feature 1/);
  });
});

describe('scoring', () => {
  const forest = growForest(cloud(600, 4, 3), 1);

  it('splits the score into shares that add up to it, on every row', () => {
    const shares = new Float64Array(4);
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 4, maxLength: 4 }), (values) => {
        const row = Float64Array.from(values);
        const score = attribute(forest, row, shares);
        expect(score).toBe(forestScore(forest, row));
        const sum = shares.reduce((total, share) => total + share, baselineOf(forest));
        expect(Math.abs(sum - score)).toBeLessThan(1e-12);
      }),
      { numRuns: 2000 },
    );
  });

  it('gives the same bits by the scorer for many rows', () => {
    const score = forestScorer(forest);
    const number = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constantFrom(...forest.threshold));
    fc.assert(
      fc.property(fc.array(number, { minLength: 4, maxLength: 4 }), (values) => {
        const row = Float64Array.from(values);
        expect(score(row)).toBe(forestScore(forest, row));
      }),
      { numRuns: 2000 },
    );
  });

  it('gives a column that is far off the largest share', () => {
    const shares = new Float64Array(4);
    attribute(forest, Float64Array.of(0, 0, 9, 0), shares);
    expect(shares.indexOf(Math.max(...shares))).toBe(2);
  });

  it.each([
    ['too short a row', Float64Array.of(1, 2, 3), /3 features, 4 expected/],
    ['a value that is not a number', Float64Array.of(1, 2, Number.NaN, 4), /feature 2 is NaN/],
    ['an infinite value', Float64Array.of(Number.NEGATIVE_INFINITY, 2, 3, 4), /feature 0 is -Infinity/],
  ])('refuses %s', (_, row, message) => {
    expect(() => forestScore(forest, row)).toThrow(message);
    expect(() => attribute(forest, row, new Float64Array(4))).toThrow(message);
    expect(() => forestScorer(forest)(row)).toThrow(message);
  });

  it.each([
    ['nothing to search', 0, 0],
    ['one row', 1, 0],
    ['two rows', 2, 1],
    ['three rows: 2 (1 + 1/2) - 4/3', 3, 2 * (Math.log(2) + 0.5772156649015329) - 4 / 3],
  ])('takes the mean path length of %s', (_, rows, length) => {
    expect(averagePathLength(rows)).toBeCloseTo(length, 12);
  });
});

describe('fraud in the training rows', () => {
  it.each([
    ['1 %', 0.01],
    ['5 %', 0.05],
    ['10 %', 0.1],
  ])('of %s, clustered, leaves at least 95 % of such fraud found at 1.2 % false alarms', (_, share) => {
    const honest = cloud(6000, 12, 11);
    const fraud = cloud(Math.round((6000 * share) / (1 - share)), 12, 12, 2.5, 0.3);
    const reference = cloud(4000, 12, 13);
    const { forest, scale } = trainForest(concat(honest, fraud), 5, reference);
    const threshold = scale.scores[98]!;
    const fresh = scoreAll(forest, cloud(4000, 12, 14));
    const attacks = scoreAll(forest, cloud(500, 12, 15, 2.5, 0.3));
    const falseAlarms = Float64Array.from(fresh).sort()[Math.ceil(0.988 * fresh.length)]!;
    const found = attacks.filter((score) => score > Math.max(falseAlarms, threshold)).length / attacks.length;
    expect(found).toBeGreaterThanOrEqual(0.95);
  });

  it('does not move the percentile scale, which is set on the reference', () => {
    const reference = cloud(2000, 3, 21);
    const { forest, scale } = trainForest(concat(cloud(2000, 3, 22), cloud(200, 3, 23, 5)), 1, reference);
    const above = scoreAll(forest, reference).filter((score) => score >= scale.scores[98]!).length;
    expect(above / reference.height).toBeCloseTo(0.02, 2);
    expect(rowOf(reference, 0).length).toBe(3);
  });
});
