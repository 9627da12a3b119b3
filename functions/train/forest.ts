import { type Forest, forestScorer } from '../../shared/domain/forest.ts';
import { type PercentileScale, scaleOf } from '../../shared/domain/percentile.ts';
import { growForest, rowsMin } from './grow.ts';
import { type Matrix, rowOf, selectRows } from './matrix.ts';

/** Share of the training rows that look most unusual and are left out of the second forest: suspected fraud. */
const trimShare = 0.12;

/**
 * The forest of a training set, robust to fraud in it: grown once, grown again without the 12 % that look most unusual (fewer, where less than 256 would be left), and put on the
 * percentile scale of `reference`, a set that stays the same from one training to the next, so that what was slipped into the
 * training rows cannot move the threshold. Without a reference the rows themselves are it.
 */
export const trainForest = (
  rows: Matrix,
  seed: number,
  reference: Matrix = rows,
): { readonly forest: Forest; readonly scale: PercentileScale } => {
  const first = growForest(rows, seed);
  const scores = scoreAll(first, rows);
  const keptMin = Math.max(Math.ceil((1 - trimShare) * rows.height), Math.min(rowsMin, rows.height));
  const limit = Float64Array.from(scores).sort()[keptMin - 1]!;
  const kept: number[] = [];
  for (let i = 0; i < rows.height; i++) if (scores[i]! <= limit) kept.push(i);
  const forest = growForest(selectRows(rows, kept), seed + 1);
  return { forest, scale: scaleOf(scoreAll(forest, reference)) };
};

/** The score of every row. */
export const scoreAll = (forest: Forest, rows: Matrix): Float64Array => {
  const score = forestScorer(forest);
  const scores = new Float64Array(rows.height);
  for (let i = 0; i < rows.height; i++) scores[i] = score(rowOf(rows, i));
  return scores;
};
