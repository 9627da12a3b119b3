import { BroadcastChannel } from 'node:worker_threads';
import { CreateTableCommand, DynamoDBClient, QueryCommand, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Command } from 'commander';
import { type Prices, prices, published } from '../../infra/prices.ts';
import { defaultStage } from '../../infra/settings.ts';
import { decisionKey } from '../../shared/store/names.ts';
import { cloudWatchSums } from '../aws/metricSums.ts';
import { type Bill, billOf } from '../cost/bill.ts';
import { liveBill } from '../cost/live.ts';
import type { Metered } from '../cost/meter.ts';
import { emulatorCredentials, emulatorRegion } from '../local/emulators.ts';
import { type LocalStack, startLocalStack } from '../local/stack.ts';
import { localTemplate } from '../local/template.ts';

const routes = ['batch', 'single', 'queue', 'sync'] as const;
type Route = (typeof routes)[number];
const titles: Readonly<Record<Route, string>> = {
  batch: 'POST /transactions/batch, 500 a call',
  single: 'POST /transactions, one a call',
  queue: 'straight onto the queue, 10 a send',
  sync: 'POST /decisions, one a call',
};
/** US dollars per million decisions that must not be passed. */
const limits: Partial<Record<Route, number>> = { batch: 6.5, single: 9 };
const logBytesMax = 250;

const clients = 16;
const batchRows = 500;
const sendMessages = 10;
const waitMsMax = 180_000;
const getManyMax = 100;
const warmUpDecisions = 500;
const naiveDecisions = 200;
const hoursMax = 720;
const queueStages: ReadonlySet<string> = new Set(['score', 'webhooks']);

interface CostOptions {
  readonly decisions: string;
  readonly region: string;
  readonly routes: string;
  readonly json?: boolean;
  readonly fromCloudwatch?: boolean;
  readonly stage: string;
  readonly hours: string;
}

export const configure = (command: Command): void => {
  command
    .option('--decisions <n>', 'decisions of each way in', '2000')
    .option('--region <name>', `prices of: ${prices.map(({ region }) => region).join(', ')}`, prices[0]!.region)
    .option('--routes <list>', 'ways in, by comma', routes.join(','))
    .option('--json', 'for programs')
    .option('--from-cloudwatch', 'of a deployed stack, from what CloudWatch counted, instead of a load through the local one')
    .option('--stage <name>', 'of the deployed stack', defaultStage)
    .option('--hours <n>', 'the whole hours before this one that are looked at, 1 to 720', '24')
    .action(async (options: CostOptions) => {
      process.exitCode = options.fromCloudwatch ? await liveCost(options) : await cost(options);
    });
};

function pricesOf(region: string): Prices {
  const table = prices.find((one) => one.region === region);
  if (table === undefined)
    throw new Error(`--region ${region}: there are prices of ${prices.map((one) => one.region).join(', ')}`);
  return table;
}

/** Exit code 1 when the logs are above their limit. Throws Error for options that are none and for a stack that decided nothing. */
async function liveCost({ region, stage, hours: hoursText, json }: CostOptions): Promise<0 | 1> {
  const table = pricesOf(region);
  const hours = Number(hoursText);
  if (!Number.isInteger(hours) || hours < 1 || hours > hoursMax)
    throw new Error(`--hours ${hoursText}: a whole number from 1 to ${hoursMax}`);
  if (!/^[a-z][a-z0-9-]{0,19}$/.test(stage)) throw new Error(`--stage ${stage}: 1-20 of a-z 0-9 -, beginning with a letter`);
  const toMs = Math.floor(Date.now() / hourMs) * hourMs;
  const fromMs = toMs - hours * hourMs;
  const metrics = cloudWatchSums({ region });
  try {
    const bill = await liveBill({ stage, memoryMb: await memoryByLogicalId(), fromMs, toMs }, table, metrics);
    if (json) console.log(JSON.stringify({ stage, region, date: table.date, hours, bill, published }));
    else {
      console.log(
        `US dollars per million decisions, list prices of ${table.date} (${table.source}); counted by CloudWatch from ${new Date(fromMs).toISOString()} to ${new Date(toMs).toISOString()}, ${bill.decisions} decisions`,
      );
      show(`The stack ${stage}`, bill);
      console.log('\nNot in it: calls of S3 and KMS, which CloudWatch counts only at a charge; what is billed by the month.');
    }
    return bill.logBytesPerDecision > logBytesMax ? 1 : 0;
  } finally {
    metrics.close();
  }
}

/** Exit code 1 when a figure is above its limit. Throws Error for options that are none. */
async function cost(options: CostOptions): Promise<0 | 1> {
  const table = pricesOf(options.region);
  const decisions = Number(options.decisions);
  if (!Number.isInteger(decisions) || decisions < 100 || decisions > 1_000_000)
    throw new Error(`--decisions ${options.decisions}: a whole number from 100 to 1000000`);
  const chosen = options.routes.split(',').map((name) => {
    const route = routes.find((known) => known === name);
    if (route === undefined) throw new Error(`--routes ${name}: one of ${routes.join(', ')}`);
    return route;
  });

  const invocations: Metered[] = [];
  const meter = new BroadcastChannel('aegis-cost');
  meter.onmessage = (message) => invocations.push((message as unknown as { readonly data: Metered }).data);
  const stack = await startLocalStack({
    handlerOf: (stage) => new URL(`./costHandler.ts?stage=${stage}`, import.meta.url).href,
    onFailure: (text) => console.error(text),
  });
  try {
    const memoryMb = await memoryByStage();
    await send(stack, 'batch', 'warm', warmUpDecisions);
    await send(stack, 'sync', 'warmsync', clients * 4);
    await settled(stack);
    const bills: { readonly route: Route; readonly batchSize: number; readonly bill: Bill }[] = [];
    for (const route of chosen) {
      invocations.length = 0;
      const used = await send(stack, route, route, decisions);
      await settled(stack);
      const bill = billOf({ decisions, ...used, invocations, memoryMb, queueStages }, table);
      const scored = invocations.filter(({ stage }) => stage === 'score').length;
      bills.push({ route, batchSize: scored === 0 ? 1 : decisions / scored, bill });
    }
    const naive = await naiveBill(stack, table);
    if (options.json) console.log(JSON.stringify({ region: table.region, date: table.date, decisions, bills, naive, published }));
    else print(table, decisions, bills, naive);
    const over = [
      ...bills.filter(({ route, bill }) => bill.totalUsd > (limits[route] ?? Number.POSITIVE_INFINITY)).map(({ route }) => route),
      ...bills.filter(({ bill }) => bill.logBytesPerDecision > logBytesMax).map(({ route }) => `logs of ${route}`),
    ];
    if (over.length > 0) console.error(`above the limit: ${over.join(', ')}`);
    return over.length > 0 ? 1 : 0;
  } finally {
    meter.close();
    await stack.stop();
  }
}

const memoryByLogicalId = async (): Promise<Record<string, number>> =>
  Object.fromEntries(
    Object.entries((await localTemplate()).Resources)
      .filter(([, { Type }]) => Type === 'AWS::Lambda::Function')
      .map(([logicalId, { Properties }]) => [logicalId, Number(Properties!.MemorySize)]),
  );

const memoryByStage = async (): Promise<Record<string, number>> =>
  Object.fromEntries(
    Object.values((await localTemplate()).Resources)
      .filter(({ Type }) => Type === 'AWS::Lambda::Function')
      .map(({ Properties }) => [String(Properties!.Description).replace('Aegis: ', ''), Number(Properties!.MemorySize)]),
  );

/** The projection, a checkpoint over all that moved, and the meter's reports come after the answers. */
const settled = async (stack: LocalStack): Promise<void> => {
  await stack.projected();
  await stack.invoke('checkpoint', {});
  await new Promise((resume) => setTimeout(resume, 200));
};

/** Of the payments, the share that comes as bursts on one account and so is not simply allowed. */
const burstShare = 0.02;
const burstLength = 20;
const hourMs = 3_600_000;

/** Two payments to an account, hours apart, and a few bursts: who is paid for and what is flagged is about that of a usual day. */
const paymentsOf = (name: string, count: number) => {
  const bursts = Math.floor(count * burstShare);
  const half = Math.ceil((count - bursts) / 2);
  const nowMs = Date.now();
  return Array.from({ length: count }, (_, i) => {
    const burst = i >= count - bursts;
    return {
      transactionId: `${name}-${i}`,
      userId: 'u1',
      accountId: burst ? `${name}-burst${Math.floor((count - 1 - i) / burstLength)}` : `${name}-a${i % half}`,
      occurredAt: byDay(burst || i >= half ? nowMs : nowMs - 6 * hourMs, nowMs),
      amountMinor: 50_000 + i,
      currency: 'INR',
      channel: 'upi',
      deviceId: 'd1',
      merchantId: `m${i % 50}`,
      merchantCategory: '5411',
    };
  });
};

/** The time at an offset where it is about noon at `nowMs`: whenever the bill is made, no payment is one of the night. */
function byDay(epochMs: number, nowMs: number): string {
  const offsetHours = 12 - new Date(nowMs).getUTCHours();
  const local = new Date(epochMs + offsetHours * hourMs).toISOString().slice(0, -1);
  return `${local}${offsetHours < 0 ? '-' : '+'}${String(Math.abs(offsetHours)).padStart(2, '0')}:00`;
}

/** Sends payments, and waits until each is decided. */
async function send(
  stack: LocalStack,
  route: Route,
  name: string,
  count: number,
): Promise<{ readonly apiCalls: number; readonly producerSends: number }> {
  const payments = paymentsOf(name, count);
  const post = async (path: string, body: unknown): Promise<void> => {
    const answer = await fetch(`${stack.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${stack.key}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
    await answer.arrayBuffer();
  };
  let next = 0;
  const inTurn = (work: (payment: unknown) => Promise<void>) =>
    Promise.all(
      Array.from({ length: clients }, async () => {
        for (let i = next++; i < count; i = next++) await work(payments[i]);
      }),
    );
  let apiCalls = 0;
  let producerSends = 0;
  if (route === 'batch') {
    for (; apiCalls * batchRows < count; apiCalls++)
      await post('/transactions/batch', { transactions: payments.slice(apiCalls * batchRows, (apiCalls + 1) * batchRows) });
  } else if (route === 'single') {
    await inTurn((payment) => post('/transactions', payment));
    apiCalls = count;
  } else if (route === 'sync') {
    await inTurn((payment) => post('/decisions', payment));
    apiCalls = count;
  } else {
    const queue = new SQSClient({ endpoint: stack.endpoints.sqsAndS3, region: emulatorRegion, credentials: emulatorCredentials });
    for (; producerSends * sendMessages < count; producerSends++) {
      const some = payments.slice(producerSends * sendMessages, (producerSends + 1) * sendMessages);
      const { Failed = [] } = await queue.send(
        new SendMessageBatchCommand({
          QueueUrl: stack.environment.AEGIS_QUEUE_URL!,
          Entries: some.map((payment, i) => ({
            Id: String(i),
            MessageBody: JSON.stringify(payment),
            MessageAttributes: { tenant: { DataType: 'String', StringValue: 'dev' } },
          })),
        }),
      );
      if (Failed.length > 0) throw new Error(`${Failed.length} messages were not taken: ${Failed[0]!.Message}`);
    }
    queue.destroy();
  }
  let open = payments.map(({ transactionId }) => transactionId);
  const startedMs = performance.now();
  while (open.length > 0) {
    if (performance.now() - startedMs > waitMsMax)
      throw new Error(`${open.length} of ${count} are not decided after ${waitMsMax} ms`);
    const some = open.slice(-getManyMax);
    const found = await stack.table.getMany(
      some.map((id) => decisionKey('dev', id)),
      { consistent: true },
    );
    const still = some.filter((_, i) => found[i] === null);
    if (still.length === some.length) await new Promise((resume) => setTimeout(resume, 100));
    open = [...open.slice(0, -some.length), ...still];
  }
  return { apiCalls, producerSends };
}

/**
 * The design one would write first, its units measured on the same emulator: one call of the API, one message and one function call
 * each; the last 20 payments of the account queried for the windows; payment, decision, account and audit record put in one transaction,
 * the decision under an index; 4 KB of logs. Its computing is not counted, in its favour.
 */
async function naiveBill(stack: LocalStack, table: Prices): Promise<Bill> {
  const client = new DynamoDBClient({
    endpoint: stack.endpoints.dynamodb,
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
  for (let i = 0; i < naiveDecisions; i++) {
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
      decisions: naiveDecisions,
      apiCalls: naiveDecisions,
      producerSends: naiveDecisions,
      invocations: [
        ...Array.from({ length: naiveDecisions }, () => each('ingest', 12, { logBytes: 2_000 })),
        ...Array.from({ length: naiveDecisions }, () =>
          each('score', 16, { readUnits: readUnits / naiveDecisions, writeUnits: writeUnits / naiveDecisions, logBytes: 2_000 }),
        ),
      ],
      memoryMb: { ingest: 512, score: 1_024 },
      queueStages,
    },
    table,
  );
}

function show(title: string, { totalUsd, lines }: Bill): void {
  console.log(`\n${title}: $${totalUsd.toFixed(2)}`);
  for (const { name, perMillionUsd, quantity } of lines)
    if (perMillionUsd > 0) console.log(`  ${name.padEnd(36)} ${perMillionUsd.toFixed(2).padStart(8)}   ${quantity} a decision`);
}

function print(
  table: Prices,
  decisions: number,
  bills: readonly { readonly route: Route; readonly batchSize: number; readonly bill: Bill }[],
  naive: Bill,
): void {
  console.log(
    `US dollars per million decisions, ${table.region}, list prices of ${table.date} (${table.source}); metered over ${decisions} decisions each way in, waiting times assumed (infra/prices.ts)`,
  );
  for (const { route, batchSize, bill } of bills)
    show(
      `${titles[route]}${route === 'sync' ? '' : ` (${batchSize.toFixed(1)} messages a batch of the queue)`}${limits[route] === undefined ? '' : `, at most $${limits[route].toFixed(2)}`}`,
      bill,
    );
  show('A naive design, measured on the same emulator', naive);
  console.log('\nPublished by others');
  for (const { name, perMillion, basis, source } of published) console.log(`  ${name}: $${perMillion} (${basis}; ${source})`);
  console.log(
    '\nNot in it: storage and recovery of what is kept, alarms, dashboard and firewall (by the month), polling of an empty queue, key use by the services themselves.',
  );
}
