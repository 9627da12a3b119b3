import { randomUUID } from 'node:crypto';
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { type Connection, clientOptions } from '../../shared/adapters/aws/client.ts';
import type { ParkedQueue } from '../erasure/messages.ts';

const attemptsMax = 3;
const receiveMax = 10;
/** Hidden this long while others are looked through, so that none is seen twice. */
const hiddenSeconds = 600;
const messagesMax = 100_000;

/** A dead-letter queue. A replacement is sent before its original goes: one may be there twice after a failure, none is lost. */
export const sqsParkedQueue = (options: Connection & { readonly url: string }): ParkedQueue => ({
  async rewrite(change) {
    const client = new SQSClient(clientOptions('sqs', options, attemptsMax));
    const { url: QueueUrl } = options;
    const kept: string[] = [];
    let replaced = 0;
    try {
      const { Attributes } = await client.send(
        new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['ApproximateNumberOfMessages'] }),
      );
      const waiting = Math.min(messagesMax, Number(Attributes?.ApproximateNumberOfMessages ?? 0));
      while (replaced + kept.length < waiting) {
        const { Messages = [] } = await client.send(
          new ReceiveMessageCommand({
            QueueUrl,
            MaxNumberOfMessages: receiveMax,
            VisibilityTimeout: hiddenSeconds,
            MessageAttributeNames: ['All'],
          }),
        );
        if (Messages.length === 0) break;
        for (const { Body = '', MessageAttributes = {}, ReceiptHandle } of Messages) {
          const attributes = Object.fromEntries(
            Object.entries(MessageAttributes).map(([name, { StringValue }]) => [name, StringValue ?? '']),
          );
          const next = change({ body: Body, attributes });
          if (next === null) {
            kept.push(ReceiptHandle!);
            continue;
          }
          await client.send(
            new SendMessageCommand({
              QueueUrl,
              MessageBody: next.body,
              MessageAttributes: Object.fromEntries(
                Object.entries(next.attributes).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]),
              ),
              ...(QueueUrl.endsWith('.fifo') && { MessageGroupId: 'erased', MessageDeduplicationId: randomUUID() }),
            }),
          );
          await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
          replaced += 1;
        }
      }
      for (const ReceiptHandle of kept) {
        await client.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }));
      }
      return replaced;
    } finally {
      client.destroy();
    }
  },
});
