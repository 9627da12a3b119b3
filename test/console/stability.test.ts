import { describe, expect, it } from 'vitest';
import { stabilityOf } from '../../console/src/stability.ts';

describe('the stability of percentiles', () => {
  it('is zero for an even spread', () => {
    expect(stabilityOf(Array.from({ length: 100 }, (_, value) => value))).toBeCloseTo(0, 12);
  });

  it('is the sum of (actual - expected) ln(actual / expected) over ten bins', () => {
    // Three tenths in the last bin, none in the two before it: 2 x (0.001 - 0.1) ln 0.01 + 0.2 ln 3.
    const shifted = [5, 15, 25, 35, 45, 55, 65, 95, 96, 100];
    expect(stabilityOf(shifted)).toBeCloseTo(2 * 0.099 * Math.log(100) + 0.2 * Math.log(3), 10);
  });
});
