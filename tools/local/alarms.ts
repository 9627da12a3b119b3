import type { Resolver } from './intrinsics.ts';
import { LocalProblem } from './problem.ts';
import type { CloudFormationTemplate } from './template.ts';

/** One alarm of the template, its dimensions resolved to the names of this machine. */
export interface AlarmModel {
  readonly name: string;
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly statistic: 'Maximum' | 'Sum';
  readonly periodMs: number;
  readonly threshold: number;
  /** No value at all within a period is an alarm too. */
  readonly isHeartbeat: boolean;
}

export type AlarmState = 'OK' | 'ALARM';

/** Throws LocalProblem for an alarm of a kind that is not evaluated here, so that none passes as quiet unseen. */
export const readAlarms = (template: CloudFormationTemplate, resolver: Resolver): AlarmModel[] =>
  Object.entries(template.Resources)
    .filter(([, { Type }]) => Type === 'AWS::CloudWatch::Alarm')
    .map(([name, { Properties = {} }]) => {
      const alarm = resolver.resolve(Properties) as Readonly<Record<string, unknown>>;
      const refuse = (what: string): never => {
        throw new LocalProblem(`the alarm ${name} has ${what}, which the local stack does not evaluate`);
      };
      if (alarm.ComparisonOperator !== 'GreaterThanThreshold') refuse(`the comparison ${alarm.ComparisonOperator}`);
      if (alarm.EvaluationPeriods !== 1) refuse(`${alarm.EvaluationPeriods} periods`);
      if (alarm.TreatMissingData !== 'notBreaching' && alarm.TreatMissingData !== 'breaching')
        refuse(`missing data treated as ${alarm.TreatMissingData}`);
      if (alarm.Statistic !== 'Maximum' && alarm.Statistic !== 'Sum') refuse(`the statistic ${alarm.Statistic}`);
      const dimensions = (alarm.Dimensions ?? []) as readonly { readonly Name: string; readonly Value: string }[];
      return {
        name,
        namespace: String(alarm.Namespace),
        metric: String(alarm.MetricName),
        dimensions: Object.fromEntries(dimensions.map(({ Name, Value }) => [Name, Value])),
        statistic: alarm.Statistic as AlarmModel['statistic'],
        periodMs: Number(alarm.Period) * 1_000,
        threshold: Number(alarm.Threshold),
        isHeartbeat: alarm.TreatMissingData === 'breaching',
      };
    });

/**
 * What CloudWatch would say of alarms on one metric each, over the last period at any moment instead of whole periods: it finds every
 * breach that CloudWatch does, and those that a period's border would cut in two.
 */
export class AlarmWatch {
  readonly #alarms: readonly AlarmModel[];
  /** From when on it watches: a heartbeat may be missed one period later. */
  #sinceMs: number | null = null;
  readonly #samples = new Map<AlarmModel, { readonly atMs: number; readonly value: number }[]>();

  constructor(alarms: readonly AlarmModel[]) {
    this.#alarms = alarms;
  }

  /** A value of every metric of this name whose alarm has these dimensions, at a time that never goes back. */
  put(metric: string, value: number, atMs: number, dimensions: Readonly<Record<string, string>> = {}): void {
    for (const alarm of this.#alarms) {
      if (alarm.metric !== metric) continue;
      if (!Object.entries(dimensions).every(([name, wanted]) => alarm.dimensions[name] === wanted)) continue;
      const samples = this.#samples.get(alarm) ?? [];
      this.#samples.set(alarm, [...samples.filter((sample) => atMs - sample.atMs < alarm.periodMs), { atMs, value }]);
    }
  }

  states(nowMs: number): ReadonlyMap<string, AlarmState> {
    this.#sinceMs ??= nowMs;
    const watchedMs = nowMs - this.#sinceMs;
    return new Map(
      this.#alarms.map((alarm) => {
        const values = (this.#samples.get(alarm) ?? [])
          .filter(({ atMs }) => nowMs - atMs < alarm.periodMs)
          .map(({ value }) => value);
        if (alarm.isHeartbeat && values.length === 0) return [alarm.name, watchedMs >= alarm.periodMs ? 'ALARM' : 'OK'];
        const statistic = alarm.statistic === 'Sum' ? values.reduce((sum, value) => sum + value, 0) : Math.max(0, ...values);
        return [alarm.name, statistic > alarm.threshold ? 'ALARM' : 'OK'];
      }),
    );
  }
}
