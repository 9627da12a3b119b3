import assert from 'node:assert/strict';
import {
  CloudWatchClient,
  DescribeAlarmsCommand,
  type MetricAlarm,
  PutMetricDataCommand,
  SetAlarmStateCommand,
} from '@aws-sdk/client-cloudwatch';
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { outputs } from './deployed.ts';
import { listenTo } from './subscriber.ts';

/** The way from every alarm to its people: a subscriber of the four alarm topics is told of each, by its own topic. */
const topics = {
  DeadLetterTopicArn: outputs.DeadLetterTopicArn!,
  HealthTopicArn: outputs.HealthTopicArn!,
  ModelTopicArn: outputs.ModelTopicArn!,
  VerifierTopicArn: outputs.VerifierTopicArn!,
};
const cloudWatch = new CloudWatchClient({});
const sqs = new SQSClient({});
const subscriber = await listenTo('aegis-deploy-test-alarms', Object.values(topics));

const { MetricAlarms: alarms = [] } = await cloudWatch.send(new DescribeAlarmsCommand({ MaxRecords: 100 }));
assert.ok(alarms.length > 15, `${alarms.length} alarms`);

/** Throws where the message lacks what a person needs. */
const toldOf = async ({ AlarmName, AlarmActions = [], AlarmDescription }: MetricAlarm): Promise<void> => {
  assert.equal(AlarmActions.length, 1, `${AlarmName} has ${AlarmActions.length} actions`);
  const { topicArn, subject } = await subscriber.next(
    ({ subject, text }) => subject.startsWith('ALARM') && (JSON.parse(text) as { AlarmName: string }).AlarmName === AlarmName,
  );
  assert.equal(topicArn, AlarmActions[0], `${AlarmName} told by ${topicArn}: ${subject}`);
  assert.ok(Object.values(topics).includes(topicArn));
  assert.match(AlarmDescription!, /^Aegis: .*What to do: docs\/operations\.md, \w+\. Console: https:\/\/\S+\/console$/);
};

// No queue of the third-party AWS measures itself: the figure is read from the queue, and given as CloudWatch would.
const { Attributes } = await sqs.send(
  new GetQueueAttributesCommand({
    QueueUrl: outputs.DeadLetterUrl,
    AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
  }),
);
const waiting = Object.values(Attributes!).reduce((sum, count) => sum + Number(count), 0);
assert.ok(waiting > 0, 'no dead letter waits, though the test has sent poison');
const deadLetters = alarms.find(({ AlarmName }) => AlarmName!.includes('AlarmsDeadLetters'))!;
const { Namespace, MetricName, Dimensions } = deadLetters;
await cloudWatch.send(
  new PutMetricDataCommand({ Namespace, MetricData: [{ MetricName, Dimensions, Value: waiting, Unit: 'Count' }] }),
);
await toldOf(deadLetters);
console.log(`  ok  ${waiting} dead letters raise their alarm, and a subscriber is told`);

const others = alarms.filter((alarm) => alarm !== deadLetters);
for (const { AlarmName } of others) {
  await cloudWatch.send(new SetAlarmStateCommand({ AlarmName, StateValue: 'OK', StateReason: 'the deploy test begins' }));
  await cloudWatch.send(new SetAlarmStateCommand({ AlarmName, StateValue: 'ALARM', StateReason: 'raised by the deploy test' }));
}
for (const alarm of others) await toldOf(alarm);
console.log(
  `  ok  each of the other ${others.length} alarms reaches the subscriber by its own topic, with its runbook and the console`,
);

await subscriber.close();
cloudWatch.destroy();
sqs.destroy();
