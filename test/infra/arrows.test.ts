import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib/core';
import { afterAll, describe, expect, it } from 'vitest';
import { build } from '../../infra/build.ts';
import { withoutBundling } from '../../infra/template.ts';
import { arrowsIn, type Stack } from './arrows.ts';

/**
 * MiniStack enforces no topic, queue or key policy, so a deployment there cannot show that a service is kept out. This walk reads both
 * synthesized stacks instead.
 */
const target = { account: '111122223333', region: 'ap-south-1' };
const outdir = mkdtempSync(join(tmpdir(), 'aegis-arrows-'));
const assembly = build(
  new App({ outdir, context: withoutBundling }),
  { alertEmails: ['risk@example.com'], alertPhones: ['+919800000000'] },
  target,
).app.synth();
const stacks = assembly.stacks.map(({ template }) => template as Stack);
afterAll(() => rmSync(outdir, { recursive: true, force: true }));

const walk = arrowsIn(stacks, target);
const all = Object.values(walk.arrows).flat();

describe('what one part of the stacks sends to another', () => {
  it('is admitted at the other end: by the policy of the topic, queue or function and by that of its key', () => {
    expect(all.flatMap(walk.refusals)).toEqual([]);
  });

  it('is found by the walk wherever a template can say it', () => {
    const count = (type: string): number =>
      stacks.flatMap(({ Resources }) => Object.values(Resources)).filter(({ Type }) => Type === type).length;
    const { ofAlarms, ofSchedules, ofApi, ofSources, ofCalls, ofBuckets, ofSubscriptions } = walk.arrows;
    // Every alarm has its action, every schedule its target and its dead letters, every stream its failures.
    expect(ofAlarms).toHaveLength(count('AWS::CloudWatch::Alarm') + count('AWS::CloudWatch::CompositeAlarm'));
    expect(ofSchedules).toHaveLength(2 * count('AWS::Events::Rule'));
    expect(ofCalls).toHaveLength(count('AWS::Lambda::EventInvokeConfig'));
    expect(ofSources.length).toBeGreaterThan(count('AWS::Lambda::EventSourceMapping'));
    expect(ofApi.length).toBeGreaterThan(0);
    // No bucket notifies anybody, and only people subscribe.
    expect([ofBuckets, ofSubscriptions]).toEqual([[], []]);
    expect(count('AWS::SNS::Subscription')).toBeGreaterThan(0);
  });
});

/** The stacks with one change, of what CloudFormation would take without a word. */
const changed = (change: (resources: Record<string, unknown>) => void): string[] => {
  const copies = structuredClone(stacks) as unknown as { Resources: Record<string, unknown> }[];
  for (const { Resources } of copies) change(Resources);
  const { arrows, refusals } = arrowsIn(copies as unknown as Stack[], target);
  return Object.values(arrows).flat().flatMap(refusals);
};

// biome-ignore lint/suspicious/noExplicitAny: templates are JSON of many shapes
type Loose = any;
const eachOf = (type: string, act: (properties: Loose) => void) => (resources: Record<string, Loose>) => {
  for (const { Type, Properties } of Object.values(resources)) if (Type === type) act(Properties);
};
const without = (document: Loose, sid: RegExp): void => {
  document.Statement = document.Statement.filter(({ Sid = '' }) => !sid.test(Sid));
};

describe('the walk names', () => {
  it.each<[string, (resources: Record<string, Loose>) => void, RegExp]>([
    [
      'topics whose policy only denies',
      eachOf('AWS::SNS::TopicPolicy', ({ PolicyDocument }) => without(PolicyDocument, /Alarms/)),
      /AlarmsQueueAge.*: the policy of AlarmsHealthTopic\w+ does not admit cloudwatch\.amazonaws\.com for sns:Publish/,
    ],
    [
      'topics that admit the alarms of another account alone',
      eachOf('AWS::SNS::TopicPolicy', ({ PolicyDocument }) => {
        for (const { Condition } of PolicyDocument.Statement) {
          if (Condition.StringEquals) Condition.StringEquals['aws:SourceAccount'] = '999999999999';
        }
      }),
      /does not admit cloudwatch\.amazonaws\.com for sns:Publish/,
    ],
    [
      'a key that admits no service',
      eachOf('AWS::KMS::Key', ({ KeyPolicy }) => without(KeyPolicy, /Notifiers/)),
      /the policy of DataDataKey\w+, which encrypts AlarmsHealthTopic\w+, does not admit cloudwatch\.amazonaws\.com for kms:Decrypt/,
    ],
    [
      'a dead-letter queue that admits no schedule',
      eachOf('AWS::SQS::QueuePolicy', ({ PolicyDocument }) => without(PolicyDocument, /EventRule/)),
      /TrainHandlerSchedule\w+: the policy of ProjectFailures\w+ does not admit events\.amazonaws\.com for sqs:SendMessage/,
    ],
    [
      'functions that no schedule may call',
      (resources) => {
        for (const [id, { Type }] of Object.entries(resources)) if (Type === 'AWS::Lambda::Permission') delete resources[id];
      },
      /TrainHandlerSchedule\w+: TrainHandlerFunctionAlias\w+ has no permission for events\.amazonaws\.com/,
    ],
    [
      'a role that may not set aside what failed',
      eachOf('AWS::IAM::Policy', ({ PolicyDocument }) => without(PolicyDocument, /SendToFailures/)),
      /Changes\w+: ProjectHandlerRole\w+ may not sqs:SendMessage on ProjectFailures\w+/,
    ],
    [
      'a role that may not open what its queue holds',
      eachOf('AWS::IAM::Policy', ({ PolicyDocument }) => without(PolicyDocument, /ThroughSQS/)),
      /Messages\w+: ScoreHandlerRole\w+ may not kms:Decrypt on DataDataKey\w+, which encrypts IngestQueue\w+/,
    ],
  ])('%s', (_, change, refusal) => {
    expect(changed(change)).toEqual(expect.arrayContaining([expect.stringMatching(refusal)]));
  });
});
