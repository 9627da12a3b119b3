import type { Prices } from '../../infra/prices.ts';
import { namespace, outcomeMetrics, stageDimension } from '../../shared/edge/metricNames.ts';
import type { Bill, Line } from './bill.ts';

/** One metric of CloudWatch, as far as the bill needs it. */
export interface Metric {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

/** Sums over a span of time, by metric. */
export interface MetricSums {
  /** Those that the service has under a namespace and name. */
  list(namespace: string, name: string): Promise<readonly Metric[]>;
  /** In the order of the metrics; 0 where nothing was counted. */
  sums(metrics: readonly Metric[], fromMs: number, toMs: number): Promise<readonly number[]>;
}

export interface LiveStack {
  /** Such as `prod`. */
  readonly stage: string;
  /** MB by the logical id of a function. */
  readonly memoryMb: Readonly<Record<string, number>>;
  readonly fromMs: number;
  readonly toMs: number;
}

const million = 1_000_000;

/**
 * What a million decisions cost a deployed stack, from what CloudWatch counted of it. Durations are Lambda's own, none is assumed. Not
 * counted by CloudWatch without a charge, and so not in it: calls of S3 and KMS. Throws RangeError when the stack decided nothing.
 */
export async function liveBill(
  stack: LiveStack,
  prices: Prices,
  metrics: MetricSums,
): Promise<Bill & { readonly decisions: number }> {
  const prefix = `aegis-${stack.stage}-core-`;
  const { fromMs, toMs } = stack;
  const own = async (namespace: string, name: string, dimension: string): Promise<ReadonlyMap<string, number>> => {
    const found = (await metrics.list(namespace, name)).filter(
      ({ dimensions }) => Object.keys(dimensions).length === 1 && (dimensions[dimension] ?? '').includes(prefix),
    );
    const sums = await metrics.sums(found, fromMs, toMs);
    return new Map(found.map(({ dimensions }, i) => [dimensions[dimension]!, sums[i]!]));
  };
  const total = (sums: ReadonlyMap<string, number>): number => [...sums.values()].reduce((sum, value) => sum + value, 0);

  const counted = outcomeMetrics.map((name) => ({ namespace, name, dimensions: { [stageDimension]: stack.stage } }));
  const decisions = (await metrics.sums(counted, fromMs, toMs)).reduce((sum, value) => sum + value, 0);
  if (decisions === 0)
    throw new RangeError(`the stack ${stack.stage} decided nothing in that time: there is no cost of a decision`);

  const api = { namespace: 'AWS/ApiGateway', name: 'Count', dimensions: { ApiName: `aegis-${stack.stage}` } };
  const [apiCalls = 0] = await metrics.sums([api], fromMs, toMs);
  const writeUnits = total(await own('AWS/DynamoDB', 'ConsumedWriteCapacityUnits', 'TableName'));
  const readUnits = total(await own('AWS/DynamoDB', 'ConsumedReadCapacityUnits', 'TableName'));
  const invocations = await own('AWS/Lambda', 'Invocations', 'FunctionName');
  const durationsMs = await own('AWS/Lambda', 'Duration', 'FunctionName');
  const sent = total(await own('AWS/SQS', 'NumberOfMessagesSent', 'QueueName'));
  const emptyReceives = total(await own('AWS/SQS', 'NumberOfEmptyReceives', 'QueueName'));
  const logBytes = total(await own('AWS/Logs', 'IncomingBytes', 'LogGroupName'));
  const alerts = total(await own('AWS/SNS', 'NumberOfMessagesPublished', 'TopicName'));

  const memoryOf = (functionName: string): number => {
    const memory = Object.entries(stack.memoryMb).find(([logicalId]) => functionName.includes(`${prefix}${logicalId}`));
    if (memory === undefined)
      throw new RangeError(`the function ${functionName} is not in the template: synthesize the deployed version`);
    return memory[1];
  };
  const gbSeconds = [...durationsMs].reduce((sum, [name, ms]) => sum + ((ms / 1_000) * memoryOf(name)) / 1_024, 0);
  // A batch is received once and deleted once; a message that is sent counts as a call of its own, the most it can be.
  const batches = [...invocations].reduce((sum, [name, count]) => sum + (/-(Score|Webhooks)Handler/.test(name) ? count : 0), 0);
  const queueCalls = sent + 2 * batches + emptyReceives;

  const line = (name: string, count: number, perMillionUsd: number, unit: string): Line => ({
    name,
    perMillionUsd: (count / decisions) * perMillionUsd,
    quantity: `${(count / decisions).toFixed(3)} ${unit}`,
  });
  const lines = [
    line('API Gateway', apiCalls, prices.apiCallsPerMillion, 'calls'),
    line('SQS', queueCalls, prices.queueCallsPerMillion, 'calls at most'),
    line('DynamoDB writes', writeUnits, prices.writeUnitsPerMillion, 'units'),
    line('DynamoDB reads', readUnits, prices.readUnitsPerMillion, 'units'),
    line('Lambda calls', total(invocations), prices.functionCallsPerMillion, 'calls'),
    line('Lambda time', gbSeconds, prices.functionGbSecond * million, 'GB-s'),
    line('CloudWatch logs', logBytes, (prices.logsPerGb * million) / 1e9, 'bytes'),
    line('SNS', alerts, prices.notificationsPerMillion, 'calls'),
  ];
  return {
    decisions,
    lines,
    totalUsd: lines.reduce((sum, { perMillionUsd }) => sum + perMillionUsd, 0),
    logBytesPerDecision: logBytes / decisions,
  };
}
