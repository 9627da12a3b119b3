import { describe, expect, test } from 'vitest';
import { boostedLogOdds } from '../../../shared/domain/boosted.ts';
import { featureNames } from '../../../shared/domain/features.ts';
import { type Learned, learnedLayer, pointsPerNat } from '../../../shared/domain/learned.ts';
import type { LearnedFacts } from '../../../shared/domain/model.ts';
import { binOf, readerOf, scorecardVariables } from '../../../shared/domain/scorecard.ts';
import { signalNames } from '../../../shared/domain/signals/names.ts';
import { flat, leaf, split } from './trees.ts';

const facts: LearnedFacts = {
  signals: signalNames.map((_, i) => (i === 1 ? null : 10 * i)),
  features: Float64Array.from(featureNames, (_, i) => 100 + i),
  percentile: 42,
};

const boosted = { width: 2, ...flat([split(0, 5, 0, leaf(0.5), split(1, 3, 0, leaf(-0.25), leaf(1))), leaf(0.125)]) };

describe('boosted trees', () => {
  test.each([
    ['left of the first split', [4, 9], 0.5 + 0.125],
    ['at the first split and left of the second', [5, 2], -0.25 + 0.125],
    ['at both splits', [5, 3], 1 + 0.125],
    ['right with a value that could not be computed', [Number.NaN, Number.NaN], 1 + 0.125],
  ])('add the leaves that a row reaches: %s', (_, row, logOdds) => {
    expect(boostedLogOdds(boosted, Float64Array.from(row))).toBe(logOdds);
  });
});

describe('a variable', () => {
  test.each([
    ['the percentile', 'percentile', 42],
    ['the first feature', featureNames[0], 100],
    ['the last feature', featureNames.at(-1)!, 100 + featureNames.length - 1],
    ['the first signal', signalNames[0], 0],
    ['a signal that could not be computed', signalNames[1], null],
    ['a later signal', signalNames[3], 30],
  ])('is read: %s', (_, name, value) => {
    expect(readerOf(name)(facts)).toBe(value);
  });

  test('of another name is refused', () => {
    expect(() => readerOf('shoeSize')).toThrow(new RangeError('scorecard: there is no variable shoeSize'));
  });

  test('is the percentile, any feature, or any signal but ANOMALY, which is the percentile', () => {
    expect(scorecardVariables).toEqual(['percentile', ...featureNames, ...signalNames.filter((name) => name !== 'ANOMALY')]);
  });

  test.each([
    ['below the first edge', 0, 0],
    ['on an edge', 1, 1],
    ['between two', 1.5, 1],
    ['on the second of three', 2, 2],
    ['on the last', 4, 3],
    ['above the last', 9, 3],
  ])('falls into a bin: %s', (_, value, bin) => {
    expect(binOf([1, 2, 4], value)).toBe(bin);
  });

  test('without edges has one bin', () => {
    expect(binOf([], 7)).toBe(0);
  });
});

describe('the learned layer', () => {
  const learned: Learned = {
    scorecard: {
      base: -3.004,
      variables: [
        { name: 'percentile', edges: [40, 50], points: [1, 2.345, 3], missing: 9 },
        { name: signalNames[1], edges: [1], points: [4, 5], missing: 6.5 },
        { name: signalNames[2], edges: [1], points: [7, 0], missing: 8 },
      ],
    },
    combinations: null,
  };

  test('gives the points of each bin, those of a missing value, and leaves out bins that give none', () => {
    expect(learnedLayer(learned).score(facts)).toEqual({
      points: 5.85,
      reasons: [
        { name: 'base', value: null, points: -3 },
        { name: 'percentile', value: 42, points: 2.35 },
        { name: signalNames[1], value: null, points: 6.5 },
      ],
    });
  });

  test('adds what the trees see in the same variables', () => {
    const { variables } = learned.scorecard;
    const layer = learnedLayer({ scorecard: { base: 0, variables: variables.slice(0, 2) }, combinations: boosted });
    // Percentile 42 is right of 5; the signal is missing, so right again.
    const points = Math.round(pointsPerNat * 1.125 * 100) / 100;
    expect(layer.score(facts).reasons.at(-1)).toEqual({ name: 'combinations', value: null, points });
    expect(layer.score(facts).points).toBeCloseTo(2.35 + 6.5 + points, 10);
  });

  test('a doubling of the odds is worth 10 points', () => {
    expect(pointsPerNat * Math.log(2)).toBeCloseTo(10, 12);
  });

  test.each([
    ['above', 2000, 1000],
    ['below', -2000, -1000],
    ['at the limit', 1000, 1000],
  ])('stays within 1,000 points: %s', (_, base, points) => {
    expect(learnedLayer({ scorecard: { base, variables: [] }, combinations: null }).score(facts).points).toBe(points);
  });

  test('is refused where the trees have other variables than the scorecard', () => {
    expect(() => learnedLayer({ ...learned, combinations: boosted })).toThrow(
      new RangeError('combinations of 2 variables, the scorecard has 3'),
    );
  });

  test('is refused for a variable that the engine does not know', () => {
    const variables = [{ name: 'shoeSize', edges: [], points: [0], missing: 0 }];
    expect(() => learnedLayer({ scorecard: { base: 0, variables }, combinations: null })).toThrow('shoeSize');
  });
});
