import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cloudWatchSums } from '../../../tools/aws/metricSums.ts';

/** CloudWatch as its JSON protocol has it, with two pages of everything. */
interface Asked {
  readonly action: string;
  readonly input: {
    readonly NextToken?: string;
    readonly MetricName?: string;
    readonly MetricDataQueries?: readonly { readonly Id: string; readonly MetricStat: unknown }[];
    readonly StartTime?: number;
    readonly EndTime?: number;
  };
}

let server: Server;
let asked: Asked[];
let sums: ReturnType<typeof cloudWatchSums>;

const answerOf = ({ action, input }: Asked): unknown => {
  const second = input.NextToken === 'more';
  const next = second ? {} : { NextToken: 'more' };
  if (action === 'ListMetrics') {
    const Dimensions = [{ Name: 'QueueName', Value: second ? 'b' : 'a' }];
    return { Metrics: [{ Namespace: 'AWS/SQS', MetricName: input.MetricName, Dimensions }], ...next };
  }
  const values = second ? [4] : [1, 2];
  return { MetricDataResults: [{ Id: 'm1', Values: values, StatusCode: 'Complete' }], ...next };
};

beforeEach(async () => {
  asked = [];
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const action = String(request.headers['x-amz-target']).split('.')[1]!;
    const one = { action, input: JSON.parse(Buffer.concat(chunks).toString('utf8')) as Asked['input'] };
    asked.push(one);
    response.setHeader('content-type', 'application/x-amz-json-1.0');
    response.end(JSON.stringify(answerOf(one)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  sums = cloudWatchSums({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  });
});

afterEach(() => {
  sums.close();
  server.closeAllConnections();
  server.close();
});

describe('sums from CloudWatch', () => {
  it('list the metrics of all pages', async () => {
    expect(await sums.list('AWS/SQS', 'NumberOfMessagesSent')).toEqual([
      { namespace: 'AWS/SQS', name: 'NumberOfMessagesSent', dimensions: { QueueName: 'a' } },
      { namespace: 'AWS/SQS', name: 'NumberOfMessagesSent', dimensions: { QueueName: 'b' } },
    ]);
  });

  it('add up the values of all pages, and are 0 where nothing was counted', async () => {
    const metric = (queue: string) => ({ namespace: 'AWS/SQS', name: 'NumberOfMessagesSent', dimensions: { QueueName: queue } });
    expect(await sums.sums([metric('a'), metric('b')], 0, 3_600_000)).toEqual([0, 7]);
    expect(asked).toHaveLength(2);
    expect(asked[0]).toMatchObject({ action: 'GetMetricData', input: { StartTime: 0, EndTime: 3_600 } });
    expect(asked[0]!.input.MetricDataQueries![1]).toEqual({
      Id: 'm1',
      MetricStat: {
        Metric: {
          Namespace: 'AWS/SQS',
          MetricName: 'NumberOfMessagesSent',
          Dimensions: [{ Name: 'QueueName', Value: 'b' }],
        },
        Period: 3_600,
        Stat: 'Sum',
      },
    });
  });

  it('ask nothing for no metric', async () => {
    expect(await sums.sums([], 0, 3_600_000)).toEqual([]);
    expect(asked).toEqual([]);
  });
});
