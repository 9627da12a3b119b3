import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { type Connection, clientOptions } from '../../shared/adapters/aws/client.ts';

export interface MoveOptions extends Connection {
  readonly fromUrl: string;
  readonly toUrl: string;
  /** Others stay where they are. */
  readonly isWanted: (message: { readonly body: string; readonly attributes: Readonly<Record<string, string>> }) => boolean;
  /** By name; left out: every attribute goes along. */
  readonly isKept?: (attribute: string) => boolean;
}

const attemptsMax = 3;
const receiveMax = 10;
/** Hidden this long while others are looked through, so that none is seen twice. */
const hiddenSeconds = 600;
const messagesMax = 100_000;
const fifoSuffix = '.fifo';

/**
 * Moves messages from one queue to another, each sent before it is deleted: one may be there twice after a failure, none is lost. Ends
 * after as many as waited when it began, so that it does not chase what fails again.
 */
export async function moveMessages(options: MoveOptions): Promise<{ readonly moved: number; readonly left: number }> {
  const client = new SQSClient(clientOptions('sqs', options, attemptsMax));
  const { fromUrl, toUrl, isWanted, isKept = () => true } = options;
  const kept: string[] = [];
  let moved = 0;
  try {
    const { Attributes } = await client.send(
      new GetQueueAttributesCommand({ QueueUrl: fromUrl, AttributeNames: ['ApproximateNumberOfMessages'] }),
    );
    const waiting = Math.min(messagesMax, Number(Attributes?.ApproximateNumberOfMessages ?? 0));
    while (moved + kept.length < waiting) {
      const { Messages = [] } = await client.send(
        new ReceiveMessageCommand({
          QueueUrl: fromUrl,
          MaxNumberOfMessages: receiveMax,
          VisibilityTimeout: hiddenSeconds,
          MessageAttributeNames: ['All'],
          MessageSystemAttributeNames: ['MessageGroupId', 'MessageDeduplicationId'],
        }),
      );
      if (Messages.length === 0) break;
      for (const { Body = '', MessageAttributes = {}, Attributes: system = {}, ReceiptHandle } of Messages) {
        const attributes = Object.fromEntries(
          Object.entries(MessageAttributes).map(([name, { StringValue }]) => [name, StringValue ?? '']),
        );
        if (!isWanted({ body: Body, attributes })) {
          kept.push(ReceiptHandle!);
          continue;
        }
        await client.send(
          new SendMessageCommand({
            QueueUrl: toUrl,
            MessageBody: Body,
            MessageAttributes: Object.fromEntries(Object.entries(MessageAttributes).filter(([name]) => isKept(name))),
            ...(toUrl.endsWith(fifoSuffix) && {
              MessageGroupId: system.MessageGroupId ?? 'redriven',
              // Another than before: within SQS's 5 minutes the same one would be swallowed.
              MessageDeduplicationId: `${system.MessageDeduplicationId ?? ''}${Date.now()}`.slice(-128),
            }),
          }),
        );
        await client.send(new DeleteMessageCommand({ QueueUrl: fromUrl, ReceiptHandle }));
        moved++;
      }
    }
    for (const ReceiptHandle of kept) {
      await client.send(new ChangeMessageVisibilityCommand({ QueueUrl: fromUrl, ReceiptHandle, VisibilityTimeout: 0 }));
    }
    return { moved, left: kept.length };
  } finally {
    client.destroy();
  }
}
