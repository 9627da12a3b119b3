/** A published limit of a service, and what is changed when it is reached. */
export interface Limit {
  readonly value: number;
  readonly unit: string;
  readonly switch: string;
  readonly source: string;
  /** When it was read. */
  readonly date: string;
}

const date = '2026-11';

/** Quotas of an account before anything is raised, and limits that nobody can raise. */
export const limits = {
  apiPerSecond: {
    value: 10_000,
    unit: 'calls a second of an account and region',
    switch: 'send batches, or ask for a higher API Gateway quota',
    source: 'https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html',
    date,
  },
  functionConcurrency: {
    value: 1_000,
    unit: 'function calls at a time of an account and region',
    switch: 'ask for a higher Lambda concurrency quota',
    source: 'https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html',
    date,
  },
  queueFirst: {
    value: 5,
    unit: 'batches at a time at first',
    switch: 'none',
    source: 'https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html',
    date,
  },
  queueRampPerMinute: {
    value: 300,
    unit: 'more batches at a time each minute',
    switch: 'none',
    source: 'https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html',
    date,
  },
  queueMost: {
    value: 1_250,
    unit: 'batches at a time from one queue',
    switch: 'several queues, which are not built; the synchronous route does not pass the queue',
    source: 'https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html',
    date,
  },
  partitionWrites: {
    value: 1_000,
    unit: 'write units a second of a partition',
    switch: 'none: the table splits by itself, keys are spread by account, transaction and chain',
    source: 'https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html',
    date,
  },
  itemWrites: {
    value: 1_000,
    unit: 'write units a second of one item',
    switch: "a tenant's counter: raise projectBatchSize, or split the tenant",
    source: 'https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html',
    date,
  },
  tableAtOnce: {
    value: 4_000,
    unit: 'write units a second of a new on-demand table; twice its last peak afterwards',
    switch: "set the table's warm throughput before a known peak, or step up within 30 minutes",
    source: 'https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html',
    date,
  },
  tableWrites: {
    value: 40_000,
    unit: 'write units a second of a table',
    switch: 'ask for a higher DynamoDB table quota',
    source: 'https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html',
    date,
  },
  streamShardBatches: {
    value: 1,
    unit: "batch of a stream's shard at a time",
    switch: 'raise projectBatchSize or the memory of the project function; shards grow with partitions',
    source: 'https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html',
    date,
  },
} as const satisfies Record<string, Limit>;

export type LimitName = keyof typeof limits;
