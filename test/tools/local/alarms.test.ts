import { describe, expect, it } from 'vitest';
import { type AlarmModel, AlarmWatch, readAlarms } from '../../../tools/local/alarms.ts';
import { createResolver } from '../../../tools/local/intrinsics.ts';
import { LocalProblem } from '../../../tools/local/problem.ts';
import { localTemplate } from '../../../tools/local/template.ts';

const minute = 60_000;
const age: AlarmModel = {
  name: 'age',
  namespace: 'AWS/SQS',
  metric: 'Age',
  dimensions: { QueueName: 'q' },
  statistic: 'Maximum',
  periodMs: minute,
  threshold: 60,
  isHeartbeat: false,
};
const errors: AlarmModel = { ...age, name: 'errors', metric: 'Errors', statistic: 'Sum', threshold: 1, dimensions: {} };

describe('the alarms of the template', () => {
  it('are all of kinds that can be evaluated here, with the names of this machine', async () => {
    const template = await localTemplate();
    const alarms = readAlarms(template, createResolver(template, { sqs: 'http://127.0.0.1:1' }));
    const inTemplate = Object.values(template.Resources).filter(({ Type }) => Type === 'AWS::CloudWatch::Alarm');
    expect(alarms).toHaveLength(inTemplate.length);
    const queueAge = alarms.find(({ metric }) => metric === 'ApproximateAgeOfOldestMessage')!;
    expect(queueAge).toMatchObject({ namespace: 'AWS/SQS', statistic: 'Maximum', periodMs: minute });
    expect(template.Resources[queueAge.dimensions.QueueName!]?.Type).toBe('AWS::SQS::Queue');
  });

  it('are refused where they are of another kind', () => {
    const template = {
      Resources: {
        Odd: {
          Type: 'AWS::CloudWatch::Alarm',
          Properties: {
            ComparisonOperator: 'LessThanThreshold',
            EvaluationPeriods: 1,
            TreatMissingData: 'notBreaching',
            Statistic: 'Sum',
          },
        },
      },
    };
    expect(() => readAlarms(template, createResolver(template, { sqs: '' }))).toThrow(LocalProblem);
  });
});

describe('an alarm', () => {
  it('goes off above its threshold, not at it', () => {
    const watch = new AlarmWatch([age]);
    watch.put('Age', 60, 0);
    expect(watch.states(0).get('age')).toBe('OK');
    watch.put('Age', 61, 1_000);
    expect(watch.states(1_000).get('age')).toBe('ALARM');
  });

  it('clears one period after the last value above', () => {
    const watch = new AlarmWatch([age]);
    watch.put('Age', 61, 0);
    watch.put('Age', 5, 1_000);
    expect(watch.states(minute - 1).get('age')).toBe('ALARM');
    expect(watch.states(minute).get('age')).toBe('OK');
  });

  it('adds up what a sum counts in one period', () => {
    const watch = new AlarmWatch([errors]);
    watch.put('Errors', 1, 0);
    expect(watch.states(0).get('errors')).toBe('OK');
    watch.put('Errors', 1, minute - 1);
    expect(watch.states(minute - 1).get('errors')).toBe('ALARM');
    expect(watch.states(minute).get('errors')).toBe('OK');
  });

  it('goes off where a heartbeat is missed for a period, and clears with the next', () => {
    const watch = new AlarmWatch([{ ...age, isHeartbeat: true, dimensions: {} }]);
    expect(watch.states(0).get('age')).toBe('OK');
    expect(watch.states(minute - 1).get('age')).toBe('OK');
    expect(watch.states(minute).get('age')).toBe('ALARM');
    watch.put('Age', 1, minute);
    expect(watch.states(minute).get('age')).toBe('OK');
  });

  it('takes no value of another queue, and is quiet without any', () => {
    const watch = new AlarmWatch([age]);
    watch.put('Age', 100, 0, { QueueName: 'other' });
    expect(watch.states(0).get('age')).toBe('OK');
    watch.put('Age', 100, 0, { QueueName: 'q' });
    expect(watch.states(0).get('age')).toBe('ALARM');
  });
});
