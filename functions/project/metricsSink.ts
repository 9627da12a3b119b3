import { type Measured, metricsLine } from '../../shared/edge/metrics.ts';
import type { Clock } from '../../shared/ports.ts';
import type { Committed, Sink } from './project.ts';

export interface MetricsSinkDependencies {
  readonly clock: Clock;
  readonly write: (line: string) => void;
}

/** One line of metrics for a batch. A batch that comes again counts again: these are for watching, the counters of the API are exact. */
export const metricsSink = ({ clock, write }: MetricsSinkDependencies): Sink => ({
  name: 'metrics',
  async project({ decisions }) {
    if (decisions.length > 0) write(metricsLine(measures(decisions), clock.nowMs()));
    return [];
  },
});

const measures = (decisions: readonly Committed[]): Record<string, Measured> => {
  const counted = (holds: (committed: Committed) => boolean): Measured => ({
    unit: 'Count',
    value: decisions.filter(holds).length,
  });
  return {
    Allowed: counted(({ decision }) => decision.outcome === 'ALLOW'),
    Reviewed: counted(({ decision }) => decision.outcome === 'REVIEW'),
    Blocked: counted(({ decision }) => decision.outcome === 'BLOCK'),
    Degraded: counted(({ decision }) => decision.degraded.some(({ cause }) => cause !== 'LATE')),
    Late: counted(({ decision }) => decision.late),
    Latency: { unit: 'Milliseconds', value: decisions.map(({ decision }) => decision.decidedAtMs - decision.receivedAtMs) },
    Score: { unit: 'Count', value: decisions.map(({ decision }) => Math.round(decision.score)) },
  };
};
