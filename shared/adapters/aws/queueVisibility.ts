import { ChangeMessageVisibilityCommand, SQSClient } from '@aws-sdk/client-sqs';
import { type Connection, clientOptions } from './client.ts';

const attemptsMax = 3;

/** Hides a received message of an SQS queue for so many seconds from now, 12 h at most. */
export function queueVisibility(
  options: Connection & { readonly url: string },
): (receiptHandle: string, seconds: number) => Promise<void> {
  const client = new SQSClient(clientOptions('sqs', options, attemptsMax));
  return async (receiptHandle, seconds) => {
    await client.send(
      new ChangeMessageVisibilityCommand({ QueueUrl: options.url, ReceiptHandle: receiptHandle, VisibilityTimeout: seconds }),
    );
  };
}
