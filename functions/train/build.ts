import { createHash } from 'node:crypto';
import { featureNames } from '../../shared/domain/features.ts';
import { percentileOf } from '../../shared/domain/percentile.ts';
import { scorecardVariables } from '../../shared/domain/scorecard.ts';
import { signalNames } from '../../shared/domain/signals/names.ts';
import type { ModelParts } from '../../shared/model/artefact.ts';
import type { LabelledRows } from './fitScorecard.ts';
import { scoreAll, trainForest } from './forest.ts';
import { learn } from './learn.ts';
import { type Matrix, matrixOf } from './matrix.ts';

/** One payment to train on. */
export interface TrainingRow {
  readonly occurredAtMs: number;
  /** By position in `featureNames`. */
  readonly features: ArrayLike<number>;
  /** By position in `signalNames`; what is beyond the given ones, or ANOMALY, is not read. */
  readonly signals: readonly (number | null)[];
  /** Null while it is not known. */
  readonly fraud: boolean | null;
}

export interface Built {
  readonly parts: ModelParts;
  readonly digest: string;
  readonly labels: { readonly frauds: number; readonly honest: number };
}

/** A model of these rows: forest, percentile scale, and with enough labels the learned layer. The same rows and seed give the same bits. */
export const buildModel = (rows: readonly TrainingRow[], seed: number, reference?: Matrix): Built => {
  const matrix = matrixOf(
    rows.map((row) => row.features),
    featureNames.length,
  );
  const { forest, scale } = trainForest(matrix, seed, reference);
  const labelled = rows.filter((row) => row.fraud !== null);
  const frauds = labelled.reduce((count, row) => count + (row.fraud ? 1 : 0), 0);
  const scores = scoreAll(
    forest,
    matrixOf(
      labelled.map((row) => row.features),
      featureNames.length,
    ),
  );
  const learned = learn(
    labelledRows(labelled, (i) => percentileOf(scale, scores[i]!)),
    seed,
  );
  return {
    parts: { forest, scale, learned },
    digest: createHash('sha256').update(new Uint8Array(matrix.values.buffer)).digest('hex'),
    labels: { frauds, honest: labelled.length - frauds },
  };
};

/** Rows by column, as the scorecard's variables name them. */
export const labelledRows = (rows: readonly TrainingRow[], percentile: (row: number) => number): LabelledRows => ({
  names: scorecardVariables,
  columns: scorecardVariables.map((name) => {
    const feature = (featureNames as readonly string[]).indexOf(name);
    const signal = (signalNames as readonly string[]).indexOf(name);
    return Float64Array.from(rows, (row, i) => {
      if (feature >= 0) return row.features[feature]!;
      return signal >= 0 ? (row.signals[signal] ?? Number.NaN) : percentile(i);
    });
  }),
  labels: Uint8Array.from(rows, (row) => (row.fraud ? 1 : 0)),
});
