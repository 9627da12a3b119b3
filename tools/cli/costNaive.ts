import { CreateTableCommand, DynamoDBClient, QueryCommand, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import type { Prices } from '../../infra/prices.ts';
import { type Bill, billOf } from '../cost/bill.ts';
import type { Metered } from '../cost/meter.ts';
import { emulatorCredentials, emulatorRegion } from '../local/emulatorConnection.ts';

const decisions = 200;

/**
 * Returns the bill of the design that most people would write first, its units measured on the emulator at `endpoint`: one call of the API, one
 * message and one function call per payment; a query of the last 20 payments of the account for the windows; payment, decision, account and audit
 * record in one transaction, the decision under an index; 4 KB of logs. Its computing is not counted, in its favour.
 */
export async function naiveBill(endpoint: string, prices: Prices): Promise<Bill> {
  const client = new DynamoDBClient({
    endpoint,
    region: emulatorRegion,
    credentials: emulatorCredentials,
  });
  const TableName = 'Naive';
  await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      AttributeDefinitions: ['pk', 'sk', 'outcome', 'decidedAt'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      GlobalSecondaryIndexes: [
        {
          IndexName: 'ByOutcome',
          KeySchema: [
            { AttributeName: 'outcome', KeyType: 'HASH' },
            { AttributeName: 'decidedAt', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'ALL' },
        },
      ],
    }),
  );
  const text = 'x'.repeat(800);
  const item = (pk: string, sk: string, more: Record<string, { S: string }> = {}) => ({
    Put: { TableName, Item: { pk: { S: pk }, sk: { S: sk }, body: { S: text }, ...more } },
  });
  const put = async (...items: ReturnType<typeof item>[]): Promise<number> => {
    const answer = await client.send(new TransactWriteItemsCommand({ TransactItems: items, ReturnConsumedCapacity: 'TOTAL' }));
    return (answer.ConsumedCapacity ?? []).reduce((total, one) => total + (one.CapacityUnits ?? 0), 0);
  };
  await put(...Array.from({ length: 20 }, (_, i) => item('account', `t${String(i).padStart(6, '0')}`)));
  let readUnits = 0;
  let writeUnits = 0;
  for (let i = 0; i < decisions; i++) {
    const rows = await client.send(
      new QueryCommand({
        TableName,
        KeyConditionExpression: 'pk = :account',
        ExpressionAttributeValues: { ':account': { S: 'account' } },
        Limit: 20,
        ScanIndexForward: false,
        ConsistentRead: true,
        ReturnConsumedCapacity: 'TOTAL',
      }),
    );
    readUnits += rows.ConsumedCapacity?.CapacityUnits ?? 0;
    const id = `t1${String(i).padStart(5, '0')}`;
    const indexed = { outcome: { S: 'ALLOW' }, decidedAt: { S: id } };
    writeUnits += await put(
      item('account', id),
      item(`decision#${id}`, 'D', indexed),
      item('account#state', 'S'),
      item(`audit#${id}`, 'A'),
    );
  }
  client.destroy();
  const each = (stage: string, waitMs: number, more: Partial<Metered>): Metered => ({
    stage,
    cpuMs: 0,
    waitMs,
    readUnits: 0,
    writeUnits: 0,
    calls: {},
    logBytes: 0,
    ...more,
  });
  return billOf(
    {
      decisions,
      apiCalls: decisions,
      producerSends: decisions,
      invocations: [
        ...Array.from({ length: decisions }, () => each('ingest', 12, { logBytes: 2_000 })),
        ...Array.from({ length: decisions }, () =>
          each('score', 16, { readUnits: readUnits / decisions, writeUnits: writeUnits / decisions, logBytes: 2_000 }),
        ),
      ],
      memoryMb: { ingest: 512, score: 1_024 },
      queueStages: new Set(['score']),
    },
    prices,
  );
}
