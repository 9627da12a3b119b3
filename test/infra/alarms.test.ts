import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib/core';
import { afterAll, describe, expect, it } from 'vitest';
import { build } from '../../infra/build.ts';
import { withoutBundling } from '../../infra/template.ts';
import { metricsLine } from '../../shared/edge/metrics.ts';
import { startMs } from '../tools/proof/builders.ts';
import { type AlarmProperties, isTripped } from './alarmEvaluation.ts';
import { alarmFaults } from './alarmFaults.ts';
import { inspect } from './template.ts';

/**
 * Each alarm of both templates, tripped by its fault. The fault is caused in the deployed code; what CloudWatch would measure of it is the
 * line that the code writes, the depth or age of the queue, or the number of calls that failed; the alarm is the template's own.
 */
const outdir = mkdtempSync(join(tmpdir(), 'aegis-alarms-'));
const assembly = build(
  new App({ outdir, context: withoutBundling }),
  {},
  { account: '111122223333', region: 'ap-south-1' },
).app.synth();
const { core, operations } = Object.fromEntries(assembly.stacks.map(({ id, template }) => [id, inspect(template)]));
afterAll(() => rmSync(outdir, { recursive: true, force: true }));

const alarms = new Map(
  [...core!.entries, ...operations!.entries]
    .filter(([, { Type }]) => Type === 'AWS::CloudWatch::Alarm' || Type === 'AWS::CloudWatch::CompositeAlarm')
    .map(([id, { Properties }]) => [
      id.replace(/^Alarms/, '').replace(/[0-9A-F]{8}$/, ''),
      Properties as unknown as AlarmProperties,
    ]),
);

const redrive = core!.one('AWS::SQS::Queue', 'WebhooksQueue')[1].Properties!.RedrivePolicy as {
  readonly maxReceiveCount: number;
};
const [invoke] = core!.ofType('AWS::Lambda::EventInvokeConfig');
const faults = alarmFaults({
  webhookReceives: redrive.maxReceiveCount,
  scheduledRetries: invoke!.Properties!.MaximumRetryAttempts as number,
});

/** No value means that nothing runs. */
const heartbeats = ['CheckpointLag', 'CompactionLag'];

describe('every alarm', () => {
  it('has its fault here, and every fault its alarm', () => {
    expect([...alarms.keys()].sort()).toEqual([...Object.keys(faults), 'DecidingStopped'].sort());
  });

  it.each(Object.entries(faults).map(([name, { fault, broken, healthy }]) => [name, fault, broken, healthy] as const))(
    '%s is tripped by %s, and not without',
    async (name, _, broken, healthy) => {
      const alarm = alarms.get(name)!;
      expect(isTripped(alarm, await broken())).toBe(true);
      expect(isTripped(alarm, await healthy())).toBe(false);
      expect(isTripped(alarm, {})).toBe(heartbeats.includes(name));
    },
  );

  it('on a heartbeat looks at two runs of its schedule: one of them is in every period', () => {
    const schedules = core!
      .ofType('AWS::Events::Rule')
      .map(({ Properties }) => [JSON.stringify(Properties!.Targets), String(Properties!.ScheduleExpression)] as const);
    for (const [name, stage] of [
      ['CheckpointLag', 'Checkpoint'],
      ['CompactionLag', 'Compact'],
    ] as const) {
      const [, rate] = schedules.find(([target]) => target.includes(`${stage}Handler`))!;
      const [, count, unit] = /^rate\((\d+) (minute|hour)s?\)$/.exec(rate)!;
      expect(alarms.get(name)!.Period).toBe(2 * Number(count) * (unit === 'hour' ? 3600 : 60));
    }
  });

  it('on a metric of our own watches that of its stage alone, by the dimension that the functions write', () => {
    const line = JSON.parse(metricsLine({ Unsettled: { unit: 'Count', value: 1 } }, startMs, 'prod'));
    expect(line).toMatchObject({ Stage: 'prod', _aws: { CloudWatchMetrics: [{ Dimensions: [['Stage']] }] } });
    const own = [...alarms.values()].flatMap((alarm) => [
      ...(alarm.Namespace === 'Aegis' ? [alarm.Dimensions] : []),
      ...(alarm.Metrics ?? []).flatMap(({ MetricStat }) =>
        MetricStat?.Metric.Namespace === 'Aegis' ? [MetricStat.Metric.Dimensions] : [],
      ),
    ]);
    expect(own.length).toBeGreaterThan(8);
    for (const dimensions of own) expect(dimensions).toEqual([{ Name: 'Stage', Value: 'prod' }]);
    for (const fn of core!.ofType('AWS::Lambda::Function'))
      expect(fn.Properties!.Environment).toMatchObject({ Variables: { AEGIS_STAGE: 'prod' } });
  });

  it('DecidingStopped is tripped by both of its alarms together, by none alone', () => {
    const rule = JSON.stringify(alarms.get('DecidingStopped')!.AlarmRule);
    const named = [...rule.matchAll(/Alarms(QueueAge|ScoreErrors)/g)].map(([, name]) => name);
    expect(named).toEqual(['QueueAge', 'ScoreErrors']);
    expect(rule).toContain(' AND ');
    expect(rule).not.toMatch(/ OR | NOT /);
  });
});
