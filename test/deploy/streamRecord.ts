import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { decisionKey, defaultTenant } from '../../shared/store/names.ts';
import { outputs } from './deployed.ts';

const table = outputs.TableName!;

/** The event in which the table's stream delivers a stored decision. */
export const streamRecord = async (transactionId: string) => {
  const dynamo = new DynamoDBClient({});
  const { pk, sk } = decisionKey(defaultTenant, transactionId);
  const { Item } = await dynamo.send(new GetItemCommand({ TableName: table, Key: { pk: { S: pk }, sk: { S: sk } } }));
  dynamo.destroy();
  const image = JSON.parse(
    JSON.stringify(Item, (_, value: unknown) =>
      value !== null && typeof value === 'object' && 'type' in value && 'data' in value && value.type === 'Buffer'
        ? Buffer.from(value.data as number[]).toString('base64')
        : value instanceof Uint8Array
          ? Buffer.from(value).toString('base64')
          : value,
    ),
  ) as unknown;
  return {
    Records: [
      { eventName: 'INSERT', dynamodb: { SequenceNumber: '1', Keys: { pk: { S: pk }, sk: { S: sk } }, NewImage: image } },
    ],
  };
};
