import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decayed, noMoments, noShare, observeMoment, observeShare } from '../../../shared/domain/decayed.ts';

const halfLifeMs = 1000;

test.each([
  ['nothing passed', 3, 0, 3],
  ['one half-life', 3, 1000, 1.5],
  ['two half-lives', 3, 2000, 0.75],
  ['half a half-life', 1, 500, Math.SQRT1_2],
  ['an earlier time than it is kept for', 3, -1000, 6],
  ['no weight at all', 0, -1e9, 0],
])('a weight after %s', (_, weight, passedMs, expected) => {
  expect(decayed(weight, 5000, 5000 + passedMs, halfLifeMs)).toBeCloseTo(expected, 12);
});

const observation = fc.record({
  value: fc.double({ min: -30, max: 30, noNaN: true }),
  /** Since the one before; negative for one that comes late. */
  passedMs: fc.integer({ min: -2000, max: 4000 }),
  isSo: fc.boolean(),
});

const timed = (observations: readonly { value: number; passedMs: number; isSo: boolean }[]) => {
  let atMs = 1_000_000;
  return observations.map((one) => {
    atMs += one.passedMs;
    const madeMs = atMs;
    return { ...one, atMs, weight: (asOfMs: number) => 0.5 ** ((asOfMs - madeMs) / halfLifeMs) };
  });
};

const sumOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);

test('weight, mean and spread are those of the direct sums, whatever the order of arrival', () => {
  fc.assert(
    fc.property(fc.array(observation, { minLength: 1, maxLength: 40 }), (observations) => {
      const all = timed(observations);
      const kept = all.reduce((moments, one) => observeMoment(moments, one.value, one.atMs, halfLifeMs), noMoments);
      const newestMs = Math.max(...all.map((one) => one.atMs));
      const weight = sumOf(all.map((one) => one.weight(newestMs)));
      const mean = sumOf(all.map((one) => one.weight(newestMs) * one.value)) / weight;
      const spread = sumOf(all.map((one) => one.weight(newestMs) * (one.value - mean) ** 2));
      expect(kept.atMs).toBe(newestMs);
      expect(kept.weight).toBeCloseTo(weight, 9);
      expect(kept.mean).toBeCloseTo(mean, 9);
      expect(kept.spread).toBeCloseTo(spread, 7);
    }),
  );
});

test('a share is that of the direct sums, whatever the order of arrival', () => {
  fc.assert(
    fc.property(fc.array(observation, { minLength: 1, maxLength: 40 }), (observations) => {
      const all = timed(observations);
      const kept = all.reduce((share, one) => observeShare(share, one.isSo, one.atMs, halfLifeMs), noShare);
      const newestMs = Math.max(...all.map((one) => one.atMs));
      expect(kept.atMs).toBe(newestMs);
      expect(kept.weight).toBeCloseTo(sumOf(all.map((one) => one.weight(newestMs))), 9);
      expect(kept.part).toBeCloseTo(sumOf(all.filter((one) => one.isSo).map((one) => one.weight(newestMs))), 9);
    }),
  );
});

test('after an idle age only the newest counts, and nothing is lost to underflow', () => {
  const once = observeMoment(noMoments, 7, 0, halfLifeMs);
  const again = observeMoment(once, 3, 1e12, halfLifeMs);
  expect(again).toEqual({ atMs: 1e12, weight: 1, mean: 3, spread: 0 });
  const share = observeShare(observeShare(noShare, true, 0, halfLifeMs), false, 1e12, halfLifeMs);
  expect(share).toEqual({ atMs: 1e12, weight: 1, part: 0 });
});
