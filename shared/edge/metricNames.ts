import type { FeatureName } from '../domain/features.ts';

/**
 * The names of everything that Aegis measures in CloudWatch, by one dimension: the stage. Functions that measure, alarms, the dashboard and
 * `aegis cost` take them from here; a name that is not here does not compile.
 */

export const namespace = 'Aegis';

/** Two stages of an account must not share a metric. */
export const stageDimension = 'Stage';

const names = [
  // Counted by the project stage, for each batch of the stream.
  'Allowed',
  'Reviewed',
  'Blocked',
  'Degraded',
  'Late',
  'Latency',
  'Score',
  'AnomalyPercentile',
  // Counted where payments are decided.
  'Duplicates',
  'DeadLetters',
  'Unsettled',
  'AlertsFailed',
  // Failed batches of the project stage.
  'PartialFailures',
  // Measured by each run of a schedule.
  'CheckpointLag',
  'CheckpointLeaves',
  'ModelAge',
  'CompactionLag',
  'CompactedRows',
  'CompactedFiles',
  'TrainDuration',
  'TrainRows',
  'TrainLabelledFrauds',
  'ModelPublished',
  'ModelCandidate',
  'ModelBytes',
] as const;

export type MetricName = (typeof names)[number] | FeatureMetric;

/** How many decisions had each outcome. */
export const outcomeMetrics = ['Allowed', 'Reviewed', 'Blocked'] as const satisfies readonly MetricName[];

/** The features whose drift is measured: an account's payment compared with what is usual for it, and the merchant's risk. */
export const watchedFeatures = [
  'amountZ',
  'spendOverUsualDay',
  'count24h',
  'gapHours',
  'merchantRiskLong',
] as const satisfies readonly FeatureName[];

type WatchedFeature = (typeof watchedFeatures)[number];
type FeatureMetric = `Feature${Capitalize<WatchedFeature>}`;

/** The metric of a feature's values: `FeatureAmountZ` for `amountZ`. */
export const featureMetric = (name: WatchedFeature): FeatureMetric =>
  `Feature${name[0]!.toUpperCase()}${name.slice(1)}` as FeatureMetric;
