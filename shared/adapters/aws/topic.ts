import type { Topic } from '../../ports/ports.ts';
import { type Connection, clientOptions } from './client.ts';

const attemptsMax = 3;

/** An SNS topic; its client is loaded by the first message. Throws what the client throws: the message may or may not be taken. */
export function snsTopic(options: Connection & { readonly arn: string }): Topic {
  const open = async () => {
    const { PublishCommand, SNSClient } = await import('@aws-sdk/client-sns');
    const client = new SNSClient(clientOptions('sns', options, attemptsMax));
    return (subject: string, text: string) =>
      client.send(new PublishCommand({ TopicArn: options.arn, Subject: subject, Message: text }));
  };
  let opened: ReturnType<typeof open> | null = null;
  return {
    async publish(subject, text) {
      opened ??= open();
      const send = await opened;
      await send(subject, text);
    },
  };
}
