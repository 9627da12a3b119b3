import { featureNames } from '../domain/features.ts';
import { forestScore } from '../domain/forest.ts';
import { learnedLayer } from '../domain/learned.ts';
import { percentileOf } from '../domain/percentile.ts';
import { signalNames } from '../domain/signals/names.ts';
import { buildModel, type TrainingRow } from './build.ts';
import { averagePrecision, cardPrecision, recallAt, rocAuc } from './metrics.ts';
import type { StreamedRow } from './stream.ts';

/** One payment as the engine saw it, with what became known of it. */
export interface EvaluatedRow extends TrainingRow {
  readonly features: Float64Array;
  readonly rulePoints: number;
  readonly account: number;
  readonly fraud: boolean;
  /** Kind of fraud, for reports only. */
  readonly type: string;
}

export const evaluatedRow = (
  streamed: StreamedRow,
  rest: Pick<EvaluatedRow, 'occurredAtMs' | 'account' | 'fraud' | 'type'>,
): EvaluatedRow => ({ ...streamed, ...rest });

/**
 * `rules`: points of signals and rules under the policy. `forest`: the anomaly score. `feedback`: AMOUNT_ANOMALY, the percentile and the
 * share of fraud among the merchant's recent labels, each graded and added up, nothing fitted to labels. `learned`: the learned layer, which reads them all.
 * `all`: what the engine adds up: the rules' points and the learned ones, or the percentile's while nothing is learned.
 */
export const layers = ['rules', 'forest', 'feedback', 'learned', 'all'] as const;
export type Layer = (typeof layers)[number];

export interface Figures {
  readonly rows: number;
  readonly frauds: number;
  readonly auc: number;
  readonly averagePrecision: number;
  readonly recallAt01: number;
  readonly recallAt1: number;
  readonly recallAt5: number;
  readonly cardPrecision: number;
}

/** Points of the layer `feedback`, each in proportion: share of fraud, standard deviations beyond 1.2, percentile as a share. */
const feedbackPoints = { merchantRisk: 40, amount: 50, amountFrom: 1.2, percentile: 40 };
/** What the percentile may add to `all` while nothing is learned. */
const anomalyPoints = 20;
const accountsChecked = 100;

/** Trains on some rows and scores others by every layer. Without enough labels the learned layer gives 0 points. */
export const scoreLayers = (
  train: readonly EvaluatedRow[],
  test: readonly EvaluatedRow[],
  seed: number,
): Readonly<Record<Layer, Float64Array>> => {
  const { parts } = buildModel(train, seed);
  const learned = parts.learned === null ? null : learnedLayer(parts.learned);
  const scores = Object.fromEntries(layers.map((layer) => [layer, new Float64Array(test.length)])) as Record<Layer, Float64Array>;
  for (const [i, row] of test.entries()) {
    const anomaly = forestScore(parts.forest, row.features);
    const percentile = percentileOf(parts.scale, anomaly);
    const points = learned?.score({ features: row.features, signals: row.signals, percentile }).points ?? 0;
    scores.rules[i] = row.rulePoints;
    scores.forest[i] = anomaly;
    scores.feedback[i] = feedbackOf(row, percentile);
    scores.learned[i] = points;
    scores.all[i] = row.rulePoints + (learned === null ? anomalyPoints * (percentile / 100) : points);
  }
  return scores;
};

const riskShort = featureNames.indexOf('merchantRiskShort');
const amountAnomaly = signalNames.indexOf('AMOUNT_ANOMALY');

const feedbackOf = (row: EvaluatedRow, percentile: number): number =>
  feedbackPoints.merchantRisk * row.features[riskShort]! +
  feedbackPoints.amount * Math.max(0, (row.signals[amountAnomaly] ?? 0) - feedbackPoints.amountFrom) +
  (feedbackPoints.percentile * percentile) / 100;

export const figuresOf = (rows: readonly EvaluatedRow[], scores: Float64Array): Figures => {
  const labels = Uint8Array.from(rows, (row) => (row.fraud ? 1 : 0));
  const dated = rows.map((row, i) => ({ atMs: row.occurredAtMs, account: row.account, score: scores[i]!, fraud: row.fraud }));
  return {
    rows: rows.length,
    frauds: labels.reduce((sum, label) => sum + label, 0),
    auc: rocAuc(scores, labels),
    averagePrecision: averagePrecision(scores, labels),
    recallAt01: recallAt(scores, labels, 0.001),
    recallAt1: recallAt(scores, labels, 0.01),
    recallAt5: recallAt(scores, labels, 0.05),
    cardPrecision: cardPrecision(dated, accountsChecked),
  };
};

/** The figures of each kind of fraud against all honest rows. */
export const figuresByType = (rows: readonly EvaluatedRow[], scores: Float64Array): ReadonlyMap<string, Figures> => {
  const types = [...new Set(rows.filter((row) => row.fraud).map((row) => row.type))].sort();
  return new Map(
    types.map((type) => {
      const kept = [...rows.keys()].filter((i) => !rows[i]!.fraud || rows[i]!.type === type);
      return [
        type,
        figuresOf(
          kept.map((i) => rows[i]!),
          Float64Array.from(kept, (i) => scores[i]!),
        ),
      ] as const;
    }),
  );
};

/** Share of the frauds of which nothing could be known: the account's first payment, at a merchant without labels or at none. */
export const unknowableShare = (rows: readonly EvaluatedRow[]): number => {
  const gap = featureNames.indexOf('gapHours');
  const velocity = signalNames.indexOf('TXN_VELOCITY_1H');
  const risk = featureNames.indexOf('merchantRiskLong');
  const frauds = rows.filter((row) => row.fraud);
  const unknowable = frauds.filter(
    (row) => row.features[gap]! >= 24 * 90 && row.signals[velocity] === 1 && row.features[risk] === 0,
  );
  return frauds.length === 0 ? 0 : unknowable.length / frauds.length;
};

export interface Period {
  readonly trainFromMs: number;
  readonly trainToMs: number;
  readonly testFromMs: number;
  readonly testToMs: number;
}

const dayMs = 86_400_000;

/**
 * The rows of a training and a test period, half-open. With `leaveOutKnown`, an account whose fraud was known by the start of a test
 * day (a label's delay earlier, since the training began) is left out of that day and what follows, as in the Handbook.
 */
export const splitRows = (
  rows: readonly EvaluatedRow[],
  period: Period,
  leaveOutKnown: boolean,
): { readonly train: readonly EvaluatedRow[]; readonly test: readonly EvaluatedRow[] } => {
  const delayMs = period.testFromMs - period.trainToMs;
  const train: EvaluatedRow[] = [];
  const test: EvaluatedRow[] = [];
  const firstFraudMs = new Map<number, number>();
  for (const row of rows) {
    const atMs = row.occurredAtMs;
    if (atMs < period.trainFromMs || atMs >= period.testToMs) continue;
    if (row.fraud && !firstFraudMs.has(row.account)) firstFraudMs.set(row.account, atMs);
    if (atMs < period.trainToMs) train.push(row);
    if (atMs < period.testFromMs) continue;
    const knownFromMs = (firstFraudMs.get(row.account) ?? Number.POSITIVE_INFINITY) + delayMs;
    if (!leaveOutKnown || knownFromMs >= Math.floor(atMs / dayMs) * dayMs) test.push(row);
  }
  return { train, test };
};
