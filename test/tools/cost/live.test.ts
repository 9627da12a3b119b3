import { describe, expect, it } from 'vitest';
import type { Prices } from '../../../infra/prices.ts';
import { type LiveStack, liveBill, type Metric, type MetricSums } from '../../../tools/cost/live.ts';

/** Round prices, so that the expected figures can be told by hand. */
const prices: Prices = {
  region: 'test',
  date: '2026-11',
  source: 'made up',
  writeUnitsPerMillion: 0.5,
  readUnitsPerMillion: 0.1,
  apiCallsPerMillion: 4,
  queueCallsPerMillion: 0.4,
  functionCallsPerMillion: 0.2,
  functionGbSecond: 0.00001,
  logsPerGb: 0.5,
  objectPutsPerMillion: 5,
  objectGetsPerMillion: 0.4,
  keyCallsPerMillion: 3,
  notificationsPerMillion: 0.5,
};

const stack: LiveStack = { stage: 'prod', memoryMb: { ScoreHandlerF1: 1_024, ReadHandlerF2: 512 }, fromMs: 0, toMs: 3_600_000 };

/** Sums by `namespace name dimension`. */
const counted: Readonly<Record<string, number>> = {
  'Aegis Allowed prod': 8,
  'Aegis Reviewed prod': 1,
  'Aegis Blocked prod': 1,
  'AWS/ApiGateway Count aegis-prod': 10,
  'AWS/DynamoDB ConsumedWriteCapacityUnits aegis-prod-core-Table': 60,
  'AWS/DynamoDB ConsumedReadCapacityUnits aegis-prod-core-Table': 20,
  'AWS/Lambda Invocations aegis-prod-core-ScoreHandlerF1-X': 5,
  'AWS/Lambda Duration aegis-prod-core-ScoreHandlerF1-X': 2_000,
  'AWS/Lambda Duration aegis-prod-core-ReadHandlerF2-X': 2_000,
  'AWS/SQS NumberOfMessagesSent aegis-prod-core-Queue': 10,
  'AWS/SQS NumberOfEmptyReceives aegis-prod-core-Queue': 30,
  'AWS/Logs IncomingBytes aegis-prod-core-ScoreLog': 2_000,
  'AWS/DynamoDB ConsumedWriteCapacityUnits other-core-Table': 1_000_000,
  'AWS/Lambda Invocations aegis-production-core-ScoreHandlerF1-X': 1_000_000,
};

const dimensionNames: Readonly<Record<string, string>> = {
  'AWS/DynamoDB': 'TableName',
  'AWS/Lambda': 'FunctionName',
  'AWS/SQS': 'QueueName',
  'AWS/Logs': 'LogGroupName',
};

const fake = (sums: Readonly<Record<string, number>>): MetricSums => ({
  list: async (namespace, name) =>
    Object.keys(sums)
      .filter((key) => key.startsWith(`${namespace} ${name} `))
      .map((key): Metric => ({ namespace, name, dimensions: { [dimensionNames[namespace]!]: key.split(' ')[2]! } }))
      .flatMap((metric) => [
        metric,
        { ...metric, dimensions: { ...metric.dimensions, Resource: 'the same, counted by alias as well' } },
      ]),
  sums: async (metrics) =>
    metrics.map(({ namespace, name, dimensions }) => sums[`${namespace} ${name} ${Object.values(dimensions).join(' ')}`] ?? 0),
});

describe('the bill of a deployed stack', () => {
  it('takes per decision what CloudWatch counted of that stack, and of no other', async () => {
    const { decisions, lines, logBytesPerDecision, totalUsd } = await liveBill(stack, prices, fake(counted));
    const cost = Object.fromEntries(lines.map(({ name, perMillionUsd }) => [name, Number(perMillionUsd.toFixed(6))]));
    expect(decisions).toBe(10);
    expect(cost).toEqual({
      'API Gateway': 4,
      // 10 sends, 5 batches received and deleted, 30 receives of nothing: 5 calls a decision.
      SQS: 2,
      'DynamoDB writes': 3,
      'DynamoDB reads': 0.2,
      'Lambda calls': 0.1,
      // 2 s of 1 GB and 2 s of half a GB: 0.3 GB-s a decision.
      'Lambda time': 3,
      'CloudWatch logs': 0.1,
      SNS: 0,
    });
    expect(logBytesPerDecision).toBe(200);
    expect(totalUsd).toBeCloseTo(12.4, 9);
  });

  it('is refused where nothing was decided, rather than divided by zero', async () => {
    await expect(liveBill(stack, prices, fake({}))).rejects.toThrow('the stack prod decided nothing in that time');
  });

  it('is refused for a function whose memory is not known', async () => {
    const unknown = { ...counted, 'AWS/Lambda Duration aegis-prod-core-NewHandlerF3-X': 1 };
    await expect(liveBill(stack, prices, fake(unknown))).rejects.toThrow('aegis-prod-core-NewHandlerF3-X is not in the template');
  });
});
