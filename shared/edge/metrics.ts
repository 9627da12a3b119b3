import type { Clock } from '../ports/ports.ts';
import { optional } from '../store/environment.ts';
import { type MetricName, namespace, stageDimension } from './metricNames.ts';

/** CloudWatch's embedded metric format: a log line that becomes metrics, without a call. */

export type Unit = 'Count' | 'Milliseconds';

export interface Measured {
  readonly unit: Unit;
  /** One value, or up to 100 values, from which CloudWatch computes percentiles. */
  readonly value: number | readonly number[];
}

const valuesMax = 100;

/** What was measured, by name. */
export type Measurements = Readonly<Partial<Record<MetricName, Measured>>>;

/** Of this process: the deployment whose metrics these are. A process of no deployment measures for itself. */
const ownStage = optional('stage') ?? 'none';

/** Returns the line. Of more than 100 values it keeps every n-th, which is enough for percentiles. Counts have no unit, to save bytes. */
export const metricsLine = (metrics: Measurements, nowMs: number, stage: string = ownStage): string =>
  JSON.stringify({
    _aws: {
      Timestamp: nowMs,
      CloudWatchMetrics: [
        {
          Namespace: namespace,
          Dimensions: [[stageDimension]],
          Metrics: Object.entries(metrics).map(([Name, { unit, value }]) =>
            unit === 'Count' || typeof value !== 'number' ? { Name } : { Name, Unit: unit },
          ),
        },
      ],
    },
    [stageDimension]: stage,
    ...Object.fromEntries(
      Object.entries(metrics).map(([name, { value }]) => [name, typeof value === 'number' ? value : thinned(value)]),
    ),
  });

const thinned = (values: readonly number[]): readonly number[] => {
  const step = Math.ceil(values.length / valuesMax);
  return step <= 1 ? values : values.filter((_, i) => i % step === 0);
};

/** Takes measurements to CloudWatch. */
export type Measure = (metrics: Measurements) => void;

/** Writes the measurements as one line of this function's log; no line when there are none. */
export const measuring =
  (clock: Pick<Clock, 'nowMs'>): Measure =>
  (metrics) => {
    if (Object.keys(metrics).length > 0) process.stdout.write(`${metricsLine(metrics, clock.nowMs())}\n`);
  };

/** Returns the counts above zero, by name: a sum does not need the zeros, and each byte of a log costs. */
export const counts = (given: Readonly<Partial<Record<MetricName, number>>>): Measurements =>
  Object.fromEntries(
    Object.entries(given)
      .filter(([, value]) => value > 0)
      .map(([name, value]) => [name, { unit: 'Count', value }]),
  );
