import type { SQSEvent } from 'aws-lambda';
import { services } from '../../../../shared/adapters/aws/services.ts';

const { table } = services();

/** Commits one decision per message; a message that asks for it fails. */
export const handler = async (event: SQSEvent) => {
  const failed: string[] = [];
  for (const { messageId, body, attributes, messageAttributes } of event.Records) {
    if (body.startsWith('poison')) {
      failed.push(messageId);
      continue;
    }
    await table.transact([
      {
        kind: 'put',
        item: {
          pk: `D#dev#${body}`,
          sk: 'D',
          receives: Number(attributes.ApproximateReceiveCount),
          tenant: messageAttributes.tenant?.stringValue ?? '',
          bytes: new Uint8Array([1, 2, 255]),
        },
        condition: { kind: 'absent' },
      },
    ]);
  }
  return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
};
