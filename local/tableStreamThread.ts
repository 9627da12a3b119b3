import { deserialize } from 'node:v8';
import { parentPort, workerData } from 'node:worker_threads';
import { dynamoTable } from '../shared/aws/table.ts';
import { emulatorCredentials, emulatorRegion } from './emulators.ts';
import { type Committed, FunctionHost, heapBytesIn, invokeIn, leaveProcessorsToOthers, stopAll } from './functionHost.ts';
import { messageOf } from './problem.ts';
import { startTableSource, type ToldWrite } from './tableSource.ts';
import type { TableStreamCall, TableStreamData, TableStreamMessage, TableStreamRequest } from './tableStream.ts';

/** The inside of the stream's thread: what functions committed becomes records, and these go to the functions behind the stream. */

const { sources, functions, tableName, endpoints } = workerData as TableStreamData;
const tell = (message: TableStreamMessage): void => parentPort!.postMessage(message);
leaveProcessorsToOthers();

const table = dynamoTable({
  table: tableName,
  endpoint: endpoints.dynamodb,
  region: emulatorRegion,
  credentials: emulatorCredentials,
});

const take = (committed: Committed): void => {
  const writes: readonly ToldWrite[] = deserialize(committed);
  for (const source of tableSources) source.committed(writes);
};

const hosts = new Map(
  functions.map(({ model, handler, environment }) => [
    model.logicalId,
    new FunctionHost({
      model,
      handler,
      environment,
      isBackground: true,
      // A stream of one shard: its batches come one after the other.
      maxInstances: 1,
      onCommitted: take,
      onOutput: (text) => tell({ kind: 'output', stage: model.stage, text }),
    }),
  ]),
);
const tableSources = sources.map((model) =>
  startTableSource({
    model,
    table,
    sqsEndpoint: endpoints.sqsAndS3,
    invoke: (functionId, event) => invokeIn(hosts, functionId, event),
    onFailure: (text) => tell({ kind: 'failure', text }),
  }),
);

const answerTo = async (call: TableStreamCall): Promise<unknown> => {
  switch (call) {
    case 'deliverAll':
      return void (await Promise.all(tableSources.map((source) => source.deliverAll())));
    case 'drained':
      return void (await Promise.all(tableSources.map((source) => source.drained())));
    case 'heapBytes':
      return {
        stream: process.memoryUsage().heapUsed,
        ...(await heapBytesIn(hosts)),
      };
    case 'stop': {
      await Promise.all(tableSources.map((source) => source.stop()));
      await stopAll(hosts);
      table.close();
      return tableSources.every((source) => source.complete);
    }
  }
};

parentPort!.on('message', async (request: TableStreamRequest) => {
  if (request.kind === 'committed') return request.each.forEach(take);
  const { id, call } = request;
  try {
    tell({ kind: 'answer', id, value: await answerTo(call) });
  } catch (error) {
    tell({ kind: 'refusal', id, message: messageOf(error) });
  }
});

try {
  await Promise.all([...hosts.values()].map((host) => host.warm()));
  tell({ kind: 'ready' });
} catch (error) {
  tell({ kind: 'failed', message: messageOf(error) });
}
