/** CloudWatch's embedded metric format: a log line that becomes metrics, without a call. */

export type Unit = 'Count' | 'Milliseconds';

export interface Measured {
  readonly unit: Unit;
  /** One value, or up to 100 of which CloudWatch makes percentiles. */
  readonly value: number | readonly number[];
}

export const namespace = 'Aegis';
const valuesMax = 100;

/** The line. Of more than 100 values every n-th is kept: percentiles need no more. */
export const metricsLine = (metrics: Readonly<Record<string, Measured>>, nowMs: number): string =>
  JSON.stringify({
    _aws: {
      Timestamp: nowMs,
      CloudWatchMetrics: [
        {
          Namespace: namespace,
          Dimensions: [[]],
          Metrics: Object.entries(metrics).map(([Name, { unit }]) => ({ Name, Unit: unit })),
        },
      ],
    },
    ...Object.fromEntries(
      Object.entries(metrics).map(([name, { value }]) => [name, typeof value === 'number' ? value : thinned(value)]),
    ),
  });

const thinned = (values: readonly number[]): readonly number[] => {
  const step = Math.ceil(values.length / valuesMax);
  return step <= 1 ? values : values.filter((_, i) => i % step === 0);
};
