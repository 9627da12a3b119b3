/** Figures of a ranking: `scores` higher = more suspicious, `labels` 1 = fraud. Ties are shared evenly. */

export interface RankingFigures {
  readonly auc: number;
  readonly averagePrecision: number;
  readonly recallAt01: number;
  readonly recallAt1: number;
  readonly recallAt5: number;
}

/** All of them from one sort. */
export const rankingFigures = (scores: Float64Array, labels: Uint8Array): RankingFigures => {
  const steps = stepsOf(scores, labels);
  return {
    auc: aucOf(steps),
    averagePrecision: averagePrecisionOf(steps),
    recallAt01: recallOf(steps, 0.001),
    recallAt1: recallOf(steps, 0.01),
    recallAt5: recallOf(steps, 0.05),
  };
};

/** Area under the ROC curve by average ranks; NaN without both classes. */
export const rocAuc = (scores: Float64Array, labels: Uint8Array): number => aucOf(stepsOf(scores, labels));

/** Average precision, stepwise: the sum over thresholds of (recall gained) x (precision there); NaN without frauds. */
export const averagePrecision = (scores: Float64Array, labels: Uint8Array): number => averagePrecisionOf(stepsOf(scores, labels));

/** Share of the frauds above the threshold that at most `falseAlarms` (0..1) of the honest rows pass. */
export const recallAt = (scores: Float64Array, labels: Uint8Array, falseAlarms: number): number =>
  recallOf(stepsOf(scores, labels), falseAlarms);

/** The frauds and honest rows of each distinct score, the highest first. */
interface Steps {
  readonly frauds: number;
  readonly honest: number;
  readonly steps: readonly { readonly frauds: number; readonly honest: number }[];
}

const stepsOf = (scores: Float64Array, labels: Uint8Array): Steps => {
  const frauds = scores.filter((_, i) => labels[i] === 1).sort();
  const honest = scores.filter((_, i) => labels[i] !== 1).sort();
  const steps: { frauds: number; honest: number }[] = [];
  let [f, h] = [frauds.length - 1, honest.length - 1];
  while (f >= 0 || h >= 0) {
    const score = Math.max(frauds[f] ?? Number.NEGATIVE_INFINITY, honest[h] ?? Number.NEGATIVE_INFINITY);
    const step = { frauds: 0, honest: 0 };
    for (; f >= 0 && frauds[f] === score; f--) step.frauds += 1;
    for (; h >= 0 && honest[h] === score; h--) step.honest += 1;
    if (step.frauds + step.honest === 0) throw new RangeError('a score is not a number');
    steps.push(step);
  }
  return { frauds: frauds.length, honest: honest.length, steps };
};

const aucOf = ({ frauds, honest, steps }: Steps): number => {
  let above = 0;
  let pairs = 0;
  for (const step of steps) {
    pairs += step.frauds * (honest - above - step.honest / 2);
    above += step.honest;
  }
  return pairs / (frauds * honest);
};

const averagePrecisionOf = ({ frauds, steps }: Steps): number => {
  let hits = 0;
  let rows = 0;
  let sum = 0;
  for (const step of steps) {
    hits += step.frauds;
    rows += step.frauds + step.honest;
    sum += step.frauds * (hits / rows);
  }
  return sum / frauds;
};

const recallOf = ({ frauds, honest, steps }: Steps, falseAlarms: number): number => {
  const allowed = falseAlarms * honest;
  let alarms = 0;
  let hits = 0;
  for (const step of steps) {
    alarms += step.honest;
    if (alarms > allowed) break;
    hits += step.frauds;
  }
  return hits / frauds;
};

export interface DatedScore {
  readonly atMs: number;
  readonly account: number;
  readonly score: number;
  readonly fraud: boolean;
}

/**
 * Card precision (Fraud Detection Handbook, chapter 4): each day the `budget` accounts with the highest score are checked; the share
 * of them that had a fraud that day, averaged over days. An account found compromised is not checked again.
 */
export const cardPrecision = (rows: readonly DatedScore[], budget: number): number => {
  const days = Map.groupBy(rows, (row) => Math.floor(row.atMs / 86_400_000));
  const found = new Set<number>();
  const precisions: number[] = [];
  for (const [, ofDay] of [...days].sort(([a], [b]) => a - b)) {
    const accounts = new Map<number, { score: number; fraud: boolean }>();
    for (const { account, score, fraud } of ofDay) {
      if (found.has(account)) continue;
      const before = accounts.get(account);
      accounts.set(account, { score: Math.max(score, before?.score ?? score), fraud: fraud || (before?.fraud ?? false) });
    }
    const checked = [...accounts].sort(([, a], [, b]) => b.score - a.score).slice(0, budget);
    const hits = checked.filter(([, { fraud }]) => fraud);
    for (const [account] of hits) found.add(account);
    precisions.push(hits.length / budget);
  }
  return precisions.reduce((sum, precision) => sum + precision, 0) / precisions.length;
};

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};
