import type { TrainingRow } from '../../functions/train/build.ts';
import { cardPrecision, rankingFigures } from '../../functions/train/metrics.ts';
import { dayMs } from '../../shared/domain/durations.ts';
import { featureNames } from '../../shared/domain/features.ts';
import { forestScorer } from '../../shared/domain/forest.ts';
import { learnedLayer } from '../../shared/domain/learned.ts';
import { percentileOf } from '../../shared/domain/percentile.ts';
import type { CompiledPolicy } from '../../shared/domain/policy.ts';
import { learnedReason } from '../../shared/domain/readSignals.ts';
import { round4 } from '../../shared/domain/round.ts';
import { ruleFacts } from '../../shared/domain/ruleFacts.ts';
import { signalNames } from '../../shared/domain/signals/names.ts';
import { toHundredths, verdict } from '../../shared/domain/verdict.ts';
import type { ModelParts } from '../../shared/model/artefact.ts';
import type { StreamedRow } from './stream.ts';

const anomalyPosition = signalNames.indexOf('ANOMALY');

/** One payment as the engine saw it, with what became known of it. */
export interface EvaluatedRow extends TrainingRow, StreamedRow {
  readonly features: Float64Array;
  readonly account: number;
  readonly fraud: boolean;
  /** Kind of fraud, for reports only. */
  readonly type: string;
}

/**
 * `rules`: points of signals and rules under the policy, without a model. `forest`: the anomaly score. `rules+forest`: the policy with
 * the percentile, nothing learned from labels but the merchants' shares. `learned`: the learned layer, which reads them all. `all`: what the
 * engine adds up at `learnedWeight` 1; while nothing is learned, `rules+forest`. Points are added up and not clipped.
 */
export const layers = ['rules', 'forest', 'rules+forest', 'learned', 'all'] as const;
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

const accountsChecked = 100;

/** What each layer gives to these payments. Without a learned layer `learned` is 0. */
export const scoreLayers = (
  { forest, scale, learned }: ModelParts,
  test: readonly EvaluatedRow[],
  policy: CompiledPolicy,
): Readonly<Record<Layer, Float64Array>> => {
  const layer = learned === null ? null : learnedLayer(learned);
  const inFull = { ...policy, policy: { ...policy.policy, learnedWeight: 1 } };
  const scores = Object.fromEntries(layers.map((name) => [name, new Float64Array(test.length)])) as Record<Layer, Float64Array>;
  const anomalyOf = forestScorer(forest);
  for (const [i, row] of test.entries()) {
    const anomaly = anomalyOf(row.features);
    const percentile = percentileOf(scale, anomaly);
    const points = layer?.score({ features: row.features, signals: row.signals, percentile }).points ?? null;
    scores.rules[i] = pointsUnder(policy, row, null);
    scores.forest[i] = anomaly;
    scores['rules+forest'][i] = pointsUnder(policy, row, percentile);
    scores.learned[i] = points ?? 0;
    scores.all[i] = points === null ? scores['rules+forest'][i]! : pointsUnder(inFull, row, percentile, points);
  }
  return scores;
};

/** The sum of the reasons that `decide` gives under a policy, when the payment has this percentile and these learned points. */
export const pointsUnder = (
  policy: CompiledPolicy,
  { signals, seen }: StreamedRow,
  percentile: number | null,
  learnedPoints: number | null = null,
): number => {
  const values = signals.map((value, i) => (i === anomalyPosition && percentile !== null ? round4(percentile) : value));
  const { reasons } = verdict({
    policy,
    facts: ruleFacts({ ...seen, signals: values, lists: {} }),
    signals: values,
    usual: [],
    degraded: [],
    lateMs: 0,
    learned: learnedPoints === null ? null : learnedReason(learnedPoints, policy.policy.learnedWeight),
  });
  return reasons.reduce((hundredths, { points }) => hundredths + toHundredths(points), 0) / 100;
};

export const figuresOf = (rows: readonly EvaluatedRow[], scores: Float64Array): Figures => {
  const labels = Uint8Array.from(rows, (row) => (row.fraud ? 1 : 0));
  const dated = rows.map((row, i) => ({ atMs: row.occurredAtMs, account: row.account, score: scores[i]!, fraud: row.fraud }));
  return {
    rows: rows.length,
    frauds: labels.reduce((sum, label) => sum + label, 0),
    ...rankingFigures(scores, labels),
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

/**
 * The rows of a training and a test period, half-open. With `leaveOutKnown`, an account whose fraud was known by the start of a test
 * day (a label's delay earlier, since the training began) is left out of that day and what follows, as in the Handbook.
 */
export const splitRows = <Row extends Pick<EvaluatedRow, 'occurredAtMs' | 'account' | 'fraud'>>(
  rows: readonly Row[],
  period: Period,
  leaveOutKnown: boolean,
): { readonly train: readonly Row[]; readonly test: readonly Row[] } => {
  const delayMs = period.testFromMs - period.trainToMs;
  const train: Row[] = [];
  const test: Row[] = [];
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
