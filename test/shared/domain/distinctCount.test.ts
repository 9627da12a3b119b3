import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { alsoSeen, distinctCountBytes, distinctIn, noneSeen } from '../../../shared/domain/distinctCount.ts';

const counted = (texts: readonly string[]) => texts.reduce(alsoSeen, noneSeen);
const texts = (count: number, seed: number) => Array.from({ length: count }, (_, i) => `u${seed}-${i}`);

describe('a count of different texts', () => {
  test('of none is 0, of one is 1', () => {
    expect(distinctIn(noneSeen)).toBe(0);
    expect(Math.round(distinctIn(counted(['a'])))).toBe(1);
  });

  test('does not depend on order and repetition, and has always the same size', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { maxLength: 60 }), fc.array(fc.nat(), { maxLength: 60 }), (seen, again) => {
        const once = counted(seen);
        const repeated = seen.length === 0 ? [] : again.map((i) => seen[i % seen.length]!);
        expect(counted([...seen, ...repeated].toReversed())).toEqual(once);
        expect(once).toHaveLength(distinctCountBytes);
      }),
    );
  });

  test('is the same object where a text changes nothing', () => {
    const seen = counted(['a', 'b']);
    expect(alsoSeen(seen, 'a')).toBe(seen);
  });

  test('does not change what it was made from', () => {
    const seen = counted(['a']);
    const before = seen.slice();
    alsoSeen(seen, 'b');
    expect(seen).toEqual(before);
    expect(noneSeen.every((byte) => byte === 0)).toBe(true);
  });

  test.each([
    [5, 0.6],
    [20, 2.6],
  ])('of %d texts is within %d, two standard deviations, in 900 of 1,000 cases', (count, distance) => {
    const close = Array.from({ length: 1_000 }, (_, seed) => distinctIn(counted(texts(count, seed)))).filter(
      (estimate) => Math.abs(estimate - count) <= distance,
    );
    expect(close.length).toBeGreaterThanOrEqual(900);
  });

  test.each([200, 2_000, 20_000])('of %d texts is within 30 percent, three standard deviations', (count) => {
    for (let seed = 0; seed < 5; seed++) {
      const estimate = distinctIn(counted(texts(count, seed)));
      expect(Math.abs(estimate / count - 1)).toBeLessThan(0.3);
    }
  });
});
