import { type FeatureName, featureNames } from '../../shared/domain/features.ts';
import { featureMetric, watchedFeatures } from '../../shared/edge/metricNames.ts';
import { counts, type Measured, type Measurements, metricsLine } from '../../shared/edge/metrics.ts';
import type { Clock } from '../../shared/ports/ports.ts';
import type { CommittedDecision, Sink } from './project.ts';

export interface MetricsSinkDependencies {
  readonly clock: Clock;
  readonly write: (line: string) => void;
}

/** No fault: a late payment, rules alone before the first model, entities that are not counted or not for long. */
const expected: ReadonlySet<string> = new Set(['LATE', 'NO_MODEL', 'NOT_AVAILABLE', 'NOT_TRACKED', 'WARMING_UP']);

/** Drift needs only a sample: about one of this many decisions, chosen by its hash. */
const driftOneOf = 16;

/** One line of metrics for a batch. A batch whose function died counts again: these are for watching, the counters of the API are exact. */
export const metricsSink = ({ clock, write }: MetricsSinkDependencies): Sink => ({
  name: 'metrics',
  async project({ decisions }) {
    if (decisions.length > 0) write(metricsLine(measures(decisions), clock.nowMs()));
    return [];
  },
});

const measures = (decisions: readonly CommittedDecision[]): Measurements => {
  const counted = (holds: (committed: CommittedDecision) => boolean): number => decisions.filter(holds).length;
  return {
    ...counts({
      Allowed: counted(({ decision }) => decision.outcome === 'ALLOW'),
      Reviewed: counted(({ decision }) => decision.outcome === 'REVIEW'),
      Blocked: counted(({ decision }) => decision.outcome === 'BLOCK'),
      Degraded: counted(({ decision }) => decision.degraded.some(({ cause }) => !expected.has(cause))),
      Late: counted(({ decision }) => decision.late),
    }),
    Latency: { unit: 'Milliseconds', value: decisions.map(({ decision }) => decision.decidedAtMs - decision.receivedAtMs) },
    Score: { unit: 'Count', value: decisions.map(({ decision }) => Math.round(decision.score)) },
    ...drift(decisions),
  };
};

/** The percentile that the model gave, which is spread evenly while payments are as they were, and the features that tell why not. */
const drift = (decisions: readonly CommittedDecision[]): Measurements => {
  const sample = decisions.filter(({ decision }) => Number.parseInt(decision.hash.slice(0, 2), 16) % driftOneOf === 0);
  const percentiles = sample.flatMap(({ decision }) =>
    decision.anomaly === null ? [] : [Math.round(decision.anomaly.percentile)],
  );
  const features = sample.flatMap(({ decision }) => (decision.features === null ? [] : [decision.features]));
  const ofFeature = (name: FeatureName): Measured => ({
    unit: 'Count',
    value: features.map((values) => Number(values[featureNames.indexOf(name)]!.toPrecision(3))),
  });
  return {
    ...(percentiles.length > 0 && { AnomalyPercentile: { unit: 'Count', value: percentiles } as const }),
    ...(features.length > 0 && Object.fromEntries(watchedFeatures.map((name) => [featureMetric(name), ofFeature(name)]))),
  };
};
