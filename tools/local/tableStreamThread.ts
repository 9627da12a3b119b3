import { deserialize } from 'node:v8';
import { workerData } from 'node:worker_threads';
import { dynamoTable } from '../../shared/adapters/aws/table.ts';
import { withoutAddedTokens } from './addedTokens.ts';
import { emulatorCredentials, emulatorRegion } from './emulatorConnection.ts';
import { heapBytesIn, hostsOf, invokeIn, stopAll, warmAll } from './functionHost.ts';
import { threadSide } from './helperThread.ts';
import { leaveProcessorsToOthers } from './priority.ts';
import { startTableSource } from './tableSource.ts';
import type { Committed, TableStreamCall, TableStreamData, ToldWrite } from './threadMessages.ts';

/** The inside of the stream's thread: what functions committed becomes records, and these go to the functions behind the stream. */

const { sources, functions, tableName, endpoints } = workerData as TableStreamData;
const side = threadSide<TableStreamCall>();
leaveProcessorsToOthers();

const table = dynamoTable({
  table: tableName,
  endpoint: endpoints.dynamodb,
  region: emulatorRegion,
  credentials: emulatorCredentials,
  plugin: withoutAddedTokens,
});

const take = (committed: Committed): void => {
  const writes: readonly ToldWrite[] = deserialize(committed);
  for (const source of tableSources) source.committed(writes);
};

const hosts = hostsOf(functions, side.output, () => ({
  isBackground: true,
  // A stream of one shard: its batches come one after the other.
  maxInstances: 1,
  onCommitted: take,
}));
const tableSources = sources.map((model) =>
  startTableSource({
    model,
    table,
    sqsEndpoint: endpoints.sqsAndS3,
    invoke: (functionId, event) => invokeIn(hosts, functionId, event),
    onFailure: side.failure,
  }),
);

await side.serve(
  {
    deliverAll: () => Promise.all(tableSources.map((source) => source.deliverAll())),
    drained: () => Promise.all(tableSources.map((source) => source.drained())),
    heapBytes: async () => ({ stream: process.memoryUsage().heapUsed, ...(await heapBytesIn(hosts)) }),
    stop: async () => {
      await Promise.all(tableSources.map((source) => source.stop()));
      await stopAll(hosts);
      table.close();
      return tableSources.every((source) => source.complete);
    },
  },
  warmAll(hosts),
  take,
);
