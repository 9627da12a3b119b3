import { expect } from 'vitest';

type Dimensions = readonly { readonly Name: string; readonly Value: unknown }[];

/** The properties of an alarm in a template. */
export interface AlarmProperties {
  readonly MetricName?: string;
  readonly Threshold: number;
  readonly ComparisonOperator: string;
  readonly EvaluationPeriods: number;
  readonly TreatMissingData: string;
  readonly Dimensions?: Dimensions;
  readonly Namespace?: string;
  readonly Period?: number;
  readonly Statistic?: string;
  readonly Metrics?: readonly {
    readonly Id: string;
    readonly Expression?: string;
    readonly MetricStat?: {
      readonly Metric: { readonly MetricName: string; readonly Namespace: string; readonly Dimensions?: Dimensions };
    };
  }[];
  readonly AlarmRule?: { readonly 'Fn::Join': readonly [string, readonly unknown[]] };
}
/** What a metric measured, by name: the values of each period. */
export type Measured = Readonly<Record<string, readonly (readonly number[])[]>>;
/** As CloudWatch evaluates: a period without values breaches where the alarm says so; every one of the alarm's periods must breach. */
export const isTripped = (alarm: AlarmProperties, measured: Measured): boolean => {
  const statistics: Readonly<Record<string, (values: readonly number[]) => number>> = {
    Maximum: (values) => Math.max(...values),
    Sum: (values) => values.reduce((total, value) => total + value, 0),
  };
  const reduced = (name: string, statistic: string, period: number): number | null => {
    const values = measured[name]?.[period] ?? [];
    return values.length === 0 ? null : statistics[statistic]!(values);
  };
  const valueAt = (period: number): number | null => {
    if (alarm.Metrics === undefined) return reduced(alarm.MetricName!, alarm.Statistic!, period);
    const sums = alarm.Metrics.filter(({ MetricStat }) => MetricStat !== undefined);
    const { Expression } = alarm.Metrics.find((metric) => metric.Expression !== undefined)!;
    const evaluate = new Function('IF', 'FILL', ...sums.map(({ Id }) => Id), `return ${Expression}`) as (
      ...given: unknown[]
    ) => number;
    return evaluate(
      (condition: boolean, yes: number, no: number) => (condition ? yes : no),
      (value: number | null, otherwise: number) => value ?? otherwise,
      ...sums.map(({ MetricStat }) => reduced(MetricStat!.Metric.MetricName, 'Sum', period)),
    );
  };
  expect(alarm.ComparisonOperator).toMatch(/^GreaterThan(OrEqualTo)?Threshold$/);
  return Array.from({ length: alarm.EvaluationPeriods }, (_, period) => valueAt(period)).every(
    (value) =>
      (value === null && alarm.TreatMissingData === 'breaching') ||
      (value !== null &&
        (alarm.ComparisonOperator === 'GreaterThanThreshold' ? value > alarm.Threshold : value >= alarm.Threshold)),
  );
};

/** The values of a line in CloudWatch's embedded metric format. */
export const measuredBy = (...lines: readonly string[]): Measured => {
  const measured: Record<string, number[][]> = {};
  for (const [period, text] of lines.entries()) {
    const line = JSON.parse(text) as {
      readonly _aws: { readonly CloudWatchMetrics: readonly { readonly Metrics: readonly { readonly Name: string }[] }[] };
    };
    for (const { Name } of line._aws.CloudWatchMetrics[0]!.Metrics) {
      measured[Name] ??= [];
      measured[Name][period] = [(line as unknown as Record<string, number | number[]>)[Name]!].flat();
    }
  }
  return measured;
};
