import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  attribute,
  averagePathLength,
  baselineOf,
  type Forest,
  forestScore,
  forestScorer,
  leafMark,
} from '../../../shared/domain/forest.ts';
import { type BranchOrLeaf, flat, leaf, split } from './trees.ts';

/** Grown on 8 rows of two columns; the expected lengths are the means of the leaves below, by their rows. */
const tree = split(0, 5, 3, split(1, 2, 2.5, leaf(2), leaf(3)), leaf(4));
const other = split(1, -1, 2, leaf(1), leaf(3));

const forestOf = (...trees: BranchOrLeaf[]): Forest => ({ featureCount: 2, sampleSize: 8, ...flat(trees) });

/** The path length of one row, walked by hand. */
const walk = (node: BranchOrLeaf, row: readonly number[]): number =>
  node.kind === 'leaf' ? node.value : walk(row[node.column]! < node.threshold ? node.left : node.right, row);

const normaliser = averagePathLength(8);

describe('the mean path length of an unsuccessful search', () => {
  test.each([
    ['no rows', 0, 0],
    ['one row', 1, 0],
    ['two rows', 2, 1],
    ['three rows: 2 (ln 2 + gamma) - 4/3', 3, 2 * (Math.log(2) + 0.5772156649015329) - 4 / 3],
    ['256 rows', 256, 2 * (Math.log(255) + 0.5772156649015329) - 510 / 256],
  ])('among %s', (_, rows, length) => {
    expect(averagePathLength(rows)).toBe(length);
  });
});

describe('a score', () => {
  test.each([
    ['below both thresholds', [4, 1], [2, 3]],
    ['at the second threshold, which goes right', [4, 2], [3, 3]],
    ['at the first threshold, which goes right', [5, -1], [4, 3]],
    ['just below the first threshold', [5 - 1e-9, -1], [2, 3]],
    ['below the other tree', [9, -1.5], [4, 1]],
  ])('is 2^(-mean path length / c(n)) for a row %s', (_, row, lengths) => {
    const forest = forestOf(tree, other);
    const expected = 2 ** (-(lengths[0]! + lengths[1]!) / 2 / normaliser);
    expect(forestScore(forest, Float64Array.from(row))).toBeCloseTo(expected, 15);
    expect(forestScorer(forest)(Float64Array.from(row))).toBe(forestScore(forest, Float64Array.from(row)));
  });

  test('is that of a whole walk, by each evaluator and as the sum of its shares, for one to nine trees and any row', () => {
    const column = fc.nat(1);
    const value = fc.constantFrom(-3, -2, -1, 0, 1, 2, 3);
    const node: fc.Arbitrary<BranchOrLeaf> = fc.letrec<{ node: BranchOrLeaf; leaf: BranchOrLeaf; split: BranchOrLeaf }>(
      (tie) => ({
        node: fc.oneof({ maxDepth: 3, depthSize: 'large' }, tie('leaf'), tie('split')),
        leaf: fc.double({ min: 0, max: 9, noNaN: true }).map(leaf),
        split: fc
          .tuple(column, value, tie('node'), tie('node'))
          .map(([at, threshold, left, right]) => split(at, threshold, 1, left, right)),
      }),
    ).node;
    fc.assert(
      fc.property(fc.array(node, { minLength: 1, maxLength: 9 }), fc.tuple(value, value), (trees, row) => {
        const forest = forestOf(...trees);
        const mean = trees.reduce((sum, one) => sum + walk(one, row), 0) / trees.length;
        expect(forestScore(forest, Float64Array.from(row))).toBeCloseTo(2 ** (-mean / normaliser), 12);
        expect(forestScorer(forest)(Float64Array.from(row))).toBe(forestScore(forest, Float64Array.from(row)));
        const shares = new Float64Array(2);
        expect(attribute(forest, Float64Array.from(row), shares)).toBe(forestScore(forest, Float64Array.from(row)));
        expect(baselineOf(forest) + shares[0]! + shares[1]!).toBeCloseTo(forestScore(forest, Float64Array.from(row)), 9);
      }),
      { numRuns: 200 },
    );
  });

  test.each([
    ['too short a row', [1], 'a row of 1 features, 2 expected'],
    ['too long a row', [1, 2, 3], 'a row of 3 features, 2 expected'],
    ['a value that is not a number', [1, Number.NaN], 'feature 1 is NaN, a finite number expected'],
    ['an infinite value', [Number.NEGATIVE_INFINITY, 1], 'feature 0 is -Infinity, a finite number expected'],
  ])('is refused for %s', (_, row, message) => {
    const forest = forestOf(tree);
    for (const score of [
      () => forestScore(forest, Float64Array.from(row)),
      () => forestScorer(forest)(Float64Array.from(row)),
      () => attribute(forest, Float64Array.from(row), new Float64Array(2)),
    ])
      expect(score).toThrow(new RangeError(message));
  });
});

describe('attribution', () => {
  test('gives each step to the column it split on, on the scale of the score', () => {
    const forest = forestOf(tree, other);
    const row = Float64Array.of(4, 1);
    const shares = Float64Array.of(7, 7);
    const score = attribute(forest, row, shares);
    // Tree: 3 -> 2.5 by column 0, 2.5 -> 2 by column 1. Other: 2 -> 3 by column 1.
    expect(score).toBe(forestScore(forest, row));
    expect(baselineOf(forest)).toBeCloseTo(2 ** (-(3 + 2) / (2 * normaliser)), 15);
    // The changes cancel out: -0.5 - 0.5 + 1 = 0, so one factor is the slope of the score there.
    const slope = (-Math.LN2 * score) / (2 * normaliser);
    expect(shares[0]).toBeCloseTo(-0.5 * slope, 15);
    expect(shares[1]).toBeCloseTo((-0.5 + 1) * slope, 15);
    expect(baselineOf(forest) + shares[0]! + shares[1]!).toBeCloseTo(score, 15);
  });

  test('adds up to the score where the changes do not cancel out', () => {
    const alone = forestOf(tree);
    const shares = new Float64Array(2);
    // 3 -> 4 by column 0.
    const score = attribute(alone, Float64Array.of(9, -1.5), shares);
    expect(score).toBeCloseTo(2 ** (-4 / normaliser), 15);
    expect(baselineOf(alone)).toBeCloseTo(2 ** (-3 / normaliser), 15);
    expect(shares[0]).toBeCloseTo(2 ** (-4 / normaliser) - 2 ** (-3 / normaliser), 15);
    expect(shares[1]).toBeCloseTo(0, 15);
  });

  test('of a forest of leaves leaves nothing to the columns', () => {
    const shares = Float64Array.of(1, 1);
    expect(attribute(forestOf(leaf(2)), Float64Array.of(0, 0), shares)).toBeCloseTo(2 ** (-2 / normaliser), 15);
    expect(Array.from(shares)).toEqual([0, 0].map((value) => expect.closeTo(value, 15)));
  });
});

test('a leaf is told by a column that no feature has', () => {
  expect(flat([leaf(1)]).column[0]).toBe(leafMark);
});
