import type { DynamoDBStreamEvent } from 'aws-lambda';
import { services } from '../../../../shared/adapters/aws/services.ts';

const { table } = services();
let calls = 0;

/** Copies every new decision's image into a feed; refuses its first batch, as a throttled function would. */
export const handler = async (event: DynamoDBStreamEvent) => {
  if (++calls === 1) throw new Error('not yet');
  for (const { eventName, dynamodb } of event.Records) {
    const pk = dynamodb?.Keys?.pk?.S ?? '';
    if (eventName !== 'INSERT' || !pk.startsWith('D#')) continue;
    await table.update(
      { pk: `F#${pk}`, sk: 'F' },
      { set: { image: JSON.stringify(dynamodb?.NewImage), bytes: dynamodb?.SizeBytes ?? 0 }, add: { times: 1 } },
    );
  }
  return { batchItemFailures: [] };
};
