import { type Learned, pointsAtEvenOdds, pointsPerNat } from '../../shared/domain/learned.ts';
import { binOf, type Scorecard } from '../../shared/domain/scorecard.ts';
import { boost } from './boost.ts';
import { fitScorecard, type LabelledRows } from './fitScorecard.ts';
import { seededRandom } from './random.ts';

/** Frauds and honest rows below which nothing is learned. */
export const fraudsMin = 50;
export const honestMin = 500;

/** Part of the scorecard's log-odds that the trees start from: what is kept back, combinations may explain better. */
const scorecardShare = 0.5;
const honestMax = 40_000;

/** A scorecard and the trees on top of it; null with too few labels. The same rows and seed give the same bits. */
export const learn = (rows: LabelledRows, seed: number): Learned | null => {
  const frauds = rows.labels.reduce((sum, label) => sum + label, 0);
  const honest = rows.labels.length - frauds;
  if (frauds < fraudsMin || honest < honestMin) return null;
  const scorecard = shrink(fitScorecard(rows, seed), Math.log(frauds / honest));
  const share = Math.min(1, honestMax / honest);
  const random = seededRandom(seed ^ 0x5bd1e995);
  const kept: number[] = [];
  for (let i = 0; i < rows.labels.length; i++) if (rows.labels[i] || random() < share) kept.push(i);
  const columns = rows.columns.map((column) => Float64Array.from(kept, (row) => column[row]!));
  const labels = Float64Array.from(kept, (row) => rows.labels[row]!);
  const weights = labels.map((label) => (label ? 1 : 1 / share));
  const logOdds = labels.map((_, i) => (scorecardPoints(scorecard, columns, i) - pointsAtEvenOdds) / pointsPerNat);
  return { scorecard, combinations: boost({ columns, labels, weights, logOdds }, seed + 1) };
};

const shrink = (scorecard: Scorecard, meanLogOdds: number): Scorecard => {
  const part = (points: number): number => Math.round(points * scorecardShare * 100) / 100;
  const mean = pointsAtEvenOdds + pointsPerNat * meanLogOdds;
  return {
    base: Math.round((mean + scorecardShare * (scorecard.base - mean)) * 100) / 100,
    variables: scorecard.variables.map((variable) => ({
      ...variable,
      points: variable.points.map(part),
      missing: part(variable.missing),
    })),
  };
};

/** Points of row i of columns in the order of the scorecard's variables. */
const scorecardPoints = (scorecard: Scorecard, columns: readonly Float64Array[], row: number): number => {
  let points = scorecard.base;
  for (const [j, variable] of scorecard.variables.entries()) {
    const value = columns[j]![row]!;
    points += Number.isNaN(value) ? variable.missing : variable.points[binOf(variable.edges, value)]!;
  }
  return points;
};
