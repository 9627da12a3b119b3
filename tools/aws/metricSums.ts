import type { Connection } from '../../shared/adapters/aws/client.ts';
import type { Metric, MetricSums } from '../cost/live.ts';

const queriesMax = 500;
const pagesMax = 100;
const attemptsMax = 5;
const periodSeconds = 3_600;

/** Sums of CloudWatch's metrics, whole hours. Its client is loaded by the first call. */
export function cloudWatchSums(connection: Connection): MetricSums & { close(): void } {
  let close = (): void => undefined;
  let loaded: ReturnType<typeof load> | null = null;
  const load = async () => {
    const { CloudWatchClient, GetMetricDataCommand, ListMetricsCommand } = await import('@aws-sdk/client-cloudwatch');
    const client = new CloudWatchClient({ ...connection, maxAttempts: attemptsMax });
    close = () => client.destroy();
    return { client, GetMetricDataCommand, ListMetricsCommand };
  };
  const ready = () => {
    loaded ??= load();
    return loaded;
  };
  return {
    close: () => close(),

    async list(namespace, name) {
      const { client, ListMetricsCommand } = await ready();
      const found: Metric[] = [];
      let next: string | undefined;
      for (let page = 0; page < pagesMax; page++) {
        const reply = await client.send(
          new ListMetricsCommand({ Namespace: namespace, MetricName: name, ...(next === undefined ? {} : { NextToken: next }) }),
        );
        for (const { Dimensions = [] } of reply.Metrics ?? [])
          found.push({ namespace, name, dimensions: Object.fromEntries(Dimensions.map(({ Name, Value }) => [Name!, Value!])) });
        next = reply.NextToken;
        if (next === undefined) return found;
      }
      throw new RangeError(`CloudWatch has more than ${pagesMax} pages of ${namespace} ${name}`);
    },

    async sums(metrics, fromMs, toMs) {
      const { client, GetMetricDataCommand } = await ready();
      const sums = metrics.map(() => 0);
      for (let from = 0; from < metrics.length; from += queriesMax) {
        const queries = metrics.slice(from, from + queriesMax).map(({ namespace, name, dimensions }, i) => ({
          Id: `m${from + i}`,
          MetricStat: {
            Metric: {
              Namespace: namespace,
              MetricName: name,
              Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
            },
            Period: periodSeconds,
            Stat: 'Sum',
          },
        }));
        let next: string | undefined;
        for (let page = 0; ; page++) {
          if (page >= pagesMax) throw new RangeError(`CloudWatch has more than ${pagesMax} pages of figures`);
          const reply = await client.send(
            new GetMetricDataCommand({
              MetricDataQueries: queries,
              StartTime: new Date(fromMs),
              EndTime: new Date(toMs),
              ...(next === undefined ? {} : { NextToken: next }),
            }),
          );
          for (const { Id, Values = [] } of reply.MetricDataResults ?? [])
            for (const value of Values) sums[Number(Id!.slice(1))]! += value;
          next = reply.NextToken;
          if (next === undefined) break;
        }
      }
      return sums;
    },
  };
}
