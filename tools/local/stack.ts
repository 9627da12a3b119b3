import { join } from 'node:path';
import type { Settings } from '../../infra/settings.ts';
import { dynamoTable } from '../../shared/adapters/aws/table.ts';
import type { TableStore } from '../../shared/ports/ports.ts';
import { withoutAddedTokens } from './addedTokens.ts';
import { startApi } from './api.ts';
import { openDataFolder } from './dataFolder.ts';
import { emulatorCredentials, emulatorRegion } from './emulatorConnection.ts';
import { startDynoxide, startSqsAndS3 } from './emulators.ts';
import { localEnvironment } from './environment.ts';
import { FunctionFailed } from './functionFailed.ts';
import { heapBytesIn, hostsOf, invokeIn, stopAll } from './functionHost.ts';
import { localFunctions } from './functions.ts';
import { createResolver } from './intrinsics.ts';
import { openLogs } from './logs.ts';
import { type QueueSourceModel, readModel } from './model.ts';
import { freePort } from './port.ts';
import { startQueueSources } from './queueSources.ts';
import { createResources } from './resources.ts';
import { startSchedules } from './schedules.ts';
import { developmentKey, localKeys } from './secrets.ts';
import { startTableStream } from './tableStream.ts';
import { type CloudFormationTemplate, localTemplate } from './template.ts';

export interface LocalStackOptions {
  /** Default 0: any free one. */
  readonly port?: number;
  readonly host?: string;
  /** Default: a temporary folder that goes with the stack. */
  readonly dataDir?: string;
  /** Default: the template synthesized from `infra/`. */
  readonly template?: CloudFormationTemplate;
  /** Of the stage `local`, changed before its template is synthesized. */
  readonly settings?: Partial<Settings>;
  /** File URL of a stage's handler. Default: `functions/<stage>/handler.ts`. */
  readonly handlerOf?: (stage: string) => string;
  /** Batches of the queue at a time. Default: what the template says. */
  readonly concurrency?: number;
  /** Told, in one line each, what failed while running. */
  readonly onFailure?: (text: string) => void;
  /** Told of each line of the request log, as JSON. */
  readonly onRequest?: (line: string) => void;
}

export interface LocalStack {
  readonly url: string;
  /** A key that may do everything. */
  readonly key: string;
  readonly table: TableStore;
  readonly endpoints: { readonly dynamodb: string; readonly sqsAndS3: string };
  /** What all functions together find in their environment: names, addresses and local keys. */
  readonly environment: Readonly<Record<string, string>>;
  readonly dataDir: string;
  /** Runs a stage's function once, one that no stream calls. */
  invoke(stage: string, event: unknown): Promise<unknown>;
  /** Resolves once everything committed so far is projected. */
  projected(): Promise<void>;
  /** Takes nothing more from the queues, as in an outage of all that reads them, until the function it resolves to is called. */
  holdQueues(): Promise<() => void>;
  /** Bytes in use on the heaps of its threads, what is about to be collected included: by stage, of `main` and of the `emulator`. */
  heapBytes(): Promise<Readonly<Record<string, number>>>;
  stop(): Promise<void>;
}

/** Of `shared/edge/requestLog.ts`. */
const requestLineStart = '{"level":"audit","message":"request"';

/**
 * The deployed stack on this machine: emulators, resources and routing made from the synthesized template, the deployed handlers behind
 * them. Throws LocalProblem (or EmulatorError) with one line on what to do; then nothing is left running.
 */
export const startLocalStack = async (options: LocalStackOptions = {}): Promise<LocalStack> => {
  const undo: (() => Promise<void> | void)[] = [];
  const stop = async (): Promise<void> => {
    for (let step = undo.pop(); step !== undefined; step = undo.pop()) await step();
  };
  try {
    return await start(options, undo, stop);
  } catch (error) {
    await stop();
    throw error;
  }
};

const start = async (
  options: LocalStackOptions,
  undo: (() => Promise<void> | void)[],
  stop: () => Promise<void>,
): Promise<LocalStack> => {
  const { host = '127.0.0.1' } = options;
  const port = await freePort(options.port ?? 0, host);
  const folder = openDataFolder(options.dataDir);
  let complete = true;
  undo.push(() => folder.close(complete));
  const template = options.template ?? (await localTemplate(options.settings));
  const { onRequest } = options;
  const onLine = onRequest && ((line: string) => line.startsWith(requestLineStart) && onRequest(line));
  const logs = openLogs(join(folder.path, 'logs'), onLine);
  undo.push(logs.close);
  const onFailure = (text: string): void => {
    logs.write('local', `${new Date().toISOString()} ${text}\n`);
    options.onFailure?.(text);
  };

  const dynoxide = await startDynoxide(folder.kept ? { dataDir: join(folder.path, 'table') } : {});
  undo.push(dynoxide.stop);
  const fauxqs = await startSqsAndS3(folder.kept ? { dataDir: join(folder.path, 'queues') } : {});
  undo.push(fauxqs.stop);
  const endpoints = { dynamodb: dynoxide.endpoint, sqsAndS3: fauxqs.endpoint };

  const resolver = createResolver(template, { sqs: fauxqs.endpoint });
  const model = readModel(template, resolver);
  await createResources(template, resolver, endpoints);
  const environment = localEnvironment(template, model, resolver, {
    endpoints,
    consoleUrl: `http://${host}:${port}/console`,
    keys: localKeys(folder),
  });
  const { tableName } = environment;
  const table = dynamoTable({
    table: tableName,
    endpoint: endpoints.dynamodb,
    region: emulatorRegion,
    credentials: emulatorCredentials,
    plugin: withoutAddedTokens,
  });
  undo.push(() => table.close());

  const functions = localFunctions(model, {
    handlerOf: options.handlerOf ?? ((stage) => new URL(`../../functions/${stage}/handler.ts`, import.meta.url).href),
    environmentOf: (fn) => environment.of(fn.environment),
    onFailure,
  });
  const listeners = { onOutput: logs.write, onFailure };
  const stream = startTableStream({ sources: model.tableSources, functions: functions.stream, tableName, endpoints }, listeners);
  undo.push(async () => {
    complete = await stream.stop();
  });
  const api = startApi(
    { api: model.api, port, host, functions: functions.api, nearest: functions.nearest },
    { ...listeners, onCommitted: stream.committed },
  );
  undo.push(api.stop);
  const queueSourceOf = new Map(model.queueSources.map((source) => [source.functionId, source]));
  const concurrencyOf = (source: QueueSourceModel): number => options.concurrency ?? source.concurrency;
  const hosts = hostsOf(functions.others, logs.write, ({ logicalId }) => {
    const source = queueSourceOf.get(logicalId);
    return {
      isBackground: source === undefined,
      maxInstances: source === undefined ? 1 : concurrencyOf(source),
      onCommitted: stream.committed,
    };
  });
  undo.push(() => stopAll(hosts));
  // Requests and messages can reach these functions, so they are loaded before the stack reports that it is ready.
  await Promise.all([stream.ready, api.ready, ...[...queueSourceOf.keys()].map((functionId) => hosts.get(functionId)!.warm())]);

  if (folder.interrupted) await stream.deliverAll();
  const key = await developmentKey(folder, table);
  const url = await api.listen();
  const invoke = (functionId: string, event: unknown): Promise<unknown> => invokeIn(hosts, functionId, event);
  const queues = startQueueSources(model.queueSources, (source) => ({
    model: source,
    endpoint: endpoints.sqsAndS3,
    concurrency: concurrencyOf(source),
    invoke,
    onFailure,
  }));
  undo.push(queues.stop);
  undo.push(
    startSchedules(
      model.schedules.filter(({ functionId }) => hosts.has(functionId)),
      invoke,
      onFailure,
    ),
  );
  // Requests end before anything that they need.
  undo.push(api.stop);

  return {
    url,
    key,
    table,
    endpoints,
    environment: environment.all,
    dataDir: folder.path,
    invoke: (stage, event) => {
      const host = [...hosts.values()].find((candidate) => candidate.stage === stage);
      return host === undefined ? Promise.reject(new FunctionFailed(`there is no stage ${stage}`)) : host.invoke(event);
    },
    projected: async () => {
      await api.tellCommitted();
      await stream.drained();
    },
    holdQueues: queues.hold,
    heapBytes: async () => ({
      main: process.memoryUsage().heapUsed,
      emulator: await fauxqs.heapBytes(),
      ...(await api.heapBytes()),
      ...(await stream.heapBytes()),
      ...(await heapBytesIn(hosts)),
    }),
    stop,
  };
};
