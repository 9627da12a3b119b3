import { type Boosted, boostedLogOdds } from './boosted.ts';
import type { LearnedFacts, LearnedLayer, LearnedReason } from './model.ts';
import { binOf, readerOf, type Scorecard } from './scorecard.ts';

/** What was learned from labels: a scorecard, and boosted trees for what only shows in combinations of its variables. */
export interface Learned {
  readonly scorecard: Scorecard;
  /** Its columns are the scorecard's variables, in order; null while the scorecard stands alone. */
  readonly combinations: Boosted | null;
}

/** A payment with even odds of fraud has 70 points, BLOCK by default; each doubling of the odds is worth 10. */
export const pointsAtEvenOdds = 70;
export const pointsPerNat = 10 / Math.LN2;
/** Points stay within this, far beyond any cut-off. */
const pointsMax = 1000;

/** Points add up: the base, each variable's bin, and `combinations`. Throws a RangeError when a variable is unknown. */
export const learnedLayer = ({ scorecard, combinations }: Learned): LearnedLayer => {
  const readers = scorecard.variables.map(({ name }) => readerOf(name));
  if (combinations !== null && combinations.width !== readers.length) {
    throw new RangeError(`combinations of ${combinations.width} variables, the scorecard has ${readers.length}`);
  }
  return {
    score: (facts: LearnedFacts) => {
      const row = Float64Array.from(readers, (read) => read(facts) ?? Number.NaN);
      const reasons: LearnedReason[] = [{ name: 'base', value: null, points: round2(scorecard.base) }];
      for (const [i, { name, edges, points, missing }] of scorecard.variables.entries()) {
        const value = row[i]!;
        const given = Number.isNaN(value) ? missing : points[binOf(edges, value)]!;
        if (given !== 0) reasons.push({ name, value: Number.isNaN(value) ? null : value, points: round2(given) });
      }
      if (combinations !== null) {
        const points = pointsPerNat * boostedLogOdds(combinations, row);
        reasons.push({ name: 'combinations', value: null, points: round2(points) });
      }
      const sum = round2(reasons.reduce((total, { points }) => total + points, 0));
      return { points: Math.max(-pointsMax, Math.min(pointsMax, sum)), reasons };
    },
  };
};

const round2 = (points: number): number => Math.round(points * 100) / 100;
