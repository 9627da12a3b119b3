import { type Connection, clientOptions } from './client.ts';

const attemptsMax = 1;

const waitingOnly = ['ApproximateNumberOfMessages'] as const;
/** Those included that somebody is working on, or that are not to be had yet. */
export const unfinished = [
  ...waitingOnly,
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
] as const;

/** Asks an SQS queue how many messages wait in it, about; with `unfinished`, how many there are in all. Its client is loaded and made at the first question. */
export function queueProbe(
  options: Connection & { readonly url: string },
  counted: typeof waitingOnly | typeof unfinished = waitingOnly,
): () => Promise<number> {
  const probe = async () => {
    const { GetQueueAttributesCommand, SQSClient } = await import('@aws-sdk/client-sqs');
    const client = new SQSClient(clientOptions('sqs', options, attemptsMax));
    const command = new GetQueueAttributesCommand({ QueueUrl: options.url, AttributeNames: [...counted] });
    return async () => {
      const { Attributes = {} } = await client.send(command);
      return counted.reduce((sum, name) => sum + Number(Attributes[name] ?? 0), 0);
    };
  };
  let made: ReturnType<typeof probe> | null = null;
  return async () => {
    made ??= probe();
    return (await made)();
  };
}
