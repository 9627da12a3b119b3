import { SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { env, messageAttributes } from '../../shared/store/names.ts';
import { emulatorCredentials, emulatorRegion } from '../../tools/local/emulatorConnection.ts';
import { type LocalStack, startLocalStack } from '../../tools/local/stack.ts';

/** From a message that can never be decided to the people who are told, on the emulators. */

let stack: LocalStack;
let sqs: SQSClient;
let subscriberUrl: string;

beforeAll(async () => {
  stack = await startLocalStack();
  const connection = { endpoint: stack.endpoints.sqsAndS3, region: emulatorRegion, credentials: emulatorCredentials };
  sqs = new SQSClient(connection);
  const sns = new SNSClient(connection);
  subscriberUrl = (await sqs.send(new CreateQueueCommand({ QueueName: 'mailbox' }))).QueueUrl!;
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl: subscriberUrl, AttributeNames: ['QueueArn'] }));
  const TopicArn = stack.environment[env.deadLetterTopic];
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: Attributes!.QueueArn! }));
  sns.destroy();
}, 120_000);

afterAll(async () => {
  sqs?.destroy();
  await stack?.stop();
});

const put = (MessageBody: string, correlationId: string) =>
  sqs.send(
    new SendMessageCommand({
      QueueUrl: stack.environment[env.queueUrl],
      MessageBody,
      MessageAttributes: { [messageAttributes.correlationId]: { DataType: 'String', StringValue: correlationId } },
    }),
  );

/** Until as many messages are among the dead letters, which they reach before anybody is told. */
const buried = async (count: number): Promise<void> => {
  const { environment } = stack;
  for (let attempt = 0; attempt < 300; attempt++) {
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({
        QueueUrl: environment[env.deadLetterUrl],
        AttributeNames: ['ApproximateNumberOfMessages'],
      }),
    );
    if (Number(Attributes?.ApproximateNumberOfMessages) === count) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${count} messages were not among the dead letters within 30 s`);
};

const told = async (WaitTimeSeconds: number): Promise<{ readonly Subject: string; readonly Message: string }[]> => {
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl: subscriberUrl, MaxNumberOfMessages: 10, WaitTimeSeconds }),
  );
  return Messages.map(({ Body }) => JSON.parse(Body!));
};

it('a poison message on the queue is told once, with its reason masked, though two of its account come', async () => {
  const poison = (transactionId: string) =>
    JSON.stringify({
      transactionId,
      userId: 'u_1',
      accountId: 'a_poison',
      occurredAt: new Date().toISOString(),
      amountMinor: 100,
      currency: '4111111111111111',
    });
  await put(poison('t_1'), 'c-flow');
  await buried(1);
  const [first, ...more] = await told(20);
  expect(more).toEqual([]);
  expect(first!.Subject).toBe('Aegis: a message can never be decided, account a_poison');
  const lines = first!.Message.split('\n');
  expect(lines[0]).toBe('A message of tenant dev can never be decided; it waits among the dead letters.');
  expect(lines[1]).toMatch(/^Reason: \/currency: /);
  expect(lines).toEqual(expect.arrayContaining(['Payment: t_1', 'User: u_1', 'Account: a_poison', 'Correlation id: c-flow']));
  expect(lines.at(-1)).toMatch(/\/console#\/decision\/t_1$/);
  expect(first!.Message).not.toContain('4111');

  await put(poison('t_2'), 'c-flow-2');
  await put('no payment at all', 'c-flow-3');
  await buried(3);
  const others = [...(await told(20)), ...(await told(2))];
  expect(others.map(({ Message }) => /^Correlation id: (.*)$/m.exec(Message)?.[1])).toEqual(['c-flow-3']);
}, 120_000);
