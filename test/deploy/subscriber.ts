import { SNSClient, SubscribeCommand, UnsubscribeCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { until } from './deployed.ts';

export interface Told {
  readonly topicArn: string;
  readonly subject: string;
  readonly text: string;
}

export interface Subscriber {
  /** The first message that is wanted, of those told until now or later; each is given once. */
  next(isWanted: (told: Told) => boolean): Promise<Told>;
  close(): Promise<void>;
}

/** A queue that subscribes to topics, as a mailbox or a chat would. */
export const listenTo = async (name: string, topicArns: readonly string[]): Promise<Subscriber> => {
  const sns = new SNSClient({});
  const sqs = new SQSClient({});
  const policy = {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Service: 'sns.amazonaws.com' },
        Action: 'sqs:SendMessage',
        Resource: '*',
        Condition: { ArnEquals: { 'aws:SourceArn': topicArns } },
      },
    ],
  };
  const { QueueUrl } = await sqs.send(
    new CreateQueueCommand({ QueueName: name, Attributes: { Policy: JSON.stringify(policy) } }),
  );
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
  const subscriptions = await Promise.all(
    topicArns.map((TopicArn) =>
      sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: Attributes!.QueueArn!, ReturnSubscriptionArn: true })),
    ),
  );
  const waiting: Told[] = [];
  const receive = async (): Promise<void> => {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 }),
    );
    if (Messages.length === 0) return;
    waiting.push(...Messages.map(({ Body }) => toldBy(Body!)));
    const Entries = Messages.map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle: ReceiptHandle! }));
    await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
  };
  return {
    next: async (isWanted) => {
      const found = await until(
        'a message of the topics',
        async () => {
          if (!waiting.some(isWanted)) await receive();
          return { found: waiting.find(isWanted), waiting };
        },
        ({ found }) => found !== undefined,
      );
      waiting.splice(waiting.indexOf(found.found!), 1);
      return found.found!;
    },
    close: async () => {
      for (const { SubscriptionArn } of subscriptions) await sns.send(new UnsubscribeCommand({ SubscriptionArn }));
      await sqs.send(new DeleteQueueCommand({ QueueUrl }));
      sns.destroy();
      sqs.destroy();
    },
  };
};

const toldBy = (body: string): Told => {
  const { TopicArn, Subject, Message } = JSON.parse(body) as Record<string, string>;
  return { topicArn: TopicArn ?? '', subject: Subject ?? '', text: Message ?? '' };
};
