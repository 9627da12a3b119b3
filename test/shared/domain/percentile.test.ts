import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { percentileOf, scaleOf, scaleStops } from '../../../shared/domain/percentile.ts';

/** 0, 0.001, ... 1: the score at each percentile is that percentile, in hundredths. */
const even = scaleOf(Float64Array.from({ length: 10_001 }, (_, i) => i / 10_000));

describe('the scale of a reference set', () => {
  test('has a stop at every percent up to 98, every tenth up to 99.8, every hundredth up to 99.99, and at 100', () => {
    expect(scaleStops.length).toBe(99 + 9 + 10 + 1);
    expect([scaleStops[0], scaleStops[98], scaleStops[99], scaleStops[107]]).toEqual([0, 98, 99, 99.8]);
    expect([scaleStops[108], scaleStops[117], scaleStops[118]]).toEqual([99.9, 99.99, 100]);
    expect(scaleStops.every((stop, i) => i === 0 || stop > scaleStops[i - 1]!)).toBe(true);
  });

  test('holds the score at each stop, between two of them in proportion, whatever their order', () => {
    for (const [i, stop] of scaleStops.entries()) expect(even.scores[i]).toBeCloseTo(stop / 100, 10);
    const two = scaleOf(Float64Array.of(0.8, 0.2));
    expect(two.scores[50]).toBeCloseTo(0.5, 12);
    expect([two.scores[0], two.scores[118]]).toEqual([0.2, 0.8]);
  });

  test('leaves the given scores as they were', () => {
    const scores = Float64Array.of(0.8, 0.2);
    scaleOf(scores);
    expect(Array.from(scores)).toEqual([0.8, 0.2]);
  });
});

describe('the percentile of a score', () => {
  test.each([
    ['below all', -0.1, 0],
    ['at the lowest', 0, 0],
    ['between two stops', 0.505, 50.5],
    ['at a stop', 0.75, 75],
    ['among the last hundredths', 0.99955, 99.955],
    ['at the highest', 1, 100],
    ['above all', 1.5, 100],
  ])('%s', (_, score, percentile) => {
    expect(percentileOf(even, score)).toBeCloseTo(percentile, 8);
  });

  test('of equal scores is one, the highest', () => {
    const scale = scaleOf(Float64Array.of(0.1, 0.5, 0.5, 0.5, 0.9));
    // Three of five are 0.5: they end at the third quarter.
    expect(percentileOf(scale, 0.5)).toBe(75);
    expect(percentileOf(scaleOf(Float64Array.of(0.5)), 0.5)).toBe(100);
    expect(percentileOf(scaleOf(Float64Array.of(0.5)), 0.4)).toBe(0);
  });

  test('never falls while the score rises, and stays within 0..100', () => {
    fc.assert(
      fc.property(
        fc.float64Array({ minLength: 1, maxLength: 50, min: 0, max: 1, noNaN: true }),
        fc.double({ min: -1, max: 2, noNaN: true }),
        fc.double({ min: -1, max: 2, noNaN: true }),
        (scores, a, b) => {
          const scale = scaleOf(scores);
          const [low, high] = [percentileOf(scale, Math.min(a, b)), percentileOf(scale, Math.max(a, b))];
          expect(low).toBeLessThanOrEqual(high);
          expect(low).toBeGreaterThanOrEqual(0);
          expect(high).toBeLessThanOrEqual(100);
        },
      ),
    );
  });
});
