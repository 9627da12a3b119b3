import { type Connection, clientOptions } from './client.ts';

const attemptsMax = 1;

/** Asks an SQS queue how many messages wait in it, about. Its client is loaded and made at the first question. */
export function queueProbe(options: Connection & { readonly url: string }): () => Promise<number> {
  const probe = async () => {
    const { GetQueueAttributesCommand, SQSClient } = await import('@aws-sdk/client-sqs');
    const client = new SQSClient(clientOptions('sqs', options, attemptsMax));
    const command = new GetQueueAttributesCommand({ QueueUrl: options.url, AttributeNames: ['ApproximateNumberOfMessages'] });
    return async () => Number((await client.send(command)).Attributes?.ApproximateNumberOfMessages ?? 0);
  };
  let made: ReturnType<typeof probe> | null = null;
  return async () => {
    made ??= probe();
    return (await made)();
  };
}
