import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Item } from '../../../shared/ports/ports.ts';
import { additions, latencyError, latencyPercentiles } from '../../../shared/projection/counters.ts';
import { aDecision } from '../../functions/project/builders.ts';

const took = (latencyMs: number) => aDecision({ receivedAtMs: 1_000_000, decidedAtMs: 1_000_000 + latencyMs });

const counterOf = (latenciesMs: readonly number[]): Item => ({ pk: 'p', sk: 's', ...additions(latenciesMs.map(took)) });

describe('latency percentiles', () => {
  it('are within the stated error of the nearest rank', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 3_600_000 }), { minLength: 1, maxLength: 200 }),
        fc.constantFrom(0.5, 0.9, 0.99, 1),
        (values, share) => {
          const exact = values.toSorted((a, b) => a - b)[Math.ceil(share * values.length) - 1]!;
          const [estimate] = latencyPercentiles([counterOf(values)], [share]);
          expect(Math.abs(estimate! - exact)).toBeLessThanOrEqual(latencyError * exact + 0.5);
        },
      ),
    );
  });

  it('are exact below 20 ms', () => {
    for (let ms = 0; ms < 20; ms += 1) expect(latencyPercentiles([counterOf([ms])], [0.5])).toEqual([ms]);
  });

  it('add up over counters', () => {
    expect(latencyPercentiles([counterOf([1, 1, 1]), counterOf([9])], [0.5, 0.99])).toEqual([1, 9]);
  });

  it('are null when nothing was decided', () => {
    expect(latencyPercentiles([], [0.5, 0.99])).toEqual([null, null]);
  });

  it('read a clock that stepped back as zero', () => {
    expect(latencyPercentiles([counterOf([-5])], [0.5])).toEqual([0]);
  });
});

describe('what decisions add to a counter', () => {
  it('is one per outcome, with what was degraded or late', () => {
    const sums = additions([
      aDecision({ outcome: 'BLOCK', degraded: [{ part: 'MODEL', cause: 'MODEL_INVALID' }] }),
      aDecision({ outcome: 'BLOCK', late: true }),
      aDecision(),
    ]);
    expect(sums).toMatchObject({ BLOCK: 2, ALLOW: 1, degraded: 1, late: 1, revision: 1 });
    expect(sums.REVIEW).toBeUndefined();
  });
});
