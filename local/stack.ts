import { createWriteStream, existsSync, mkdirSync, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../infra/settings.ts';
import { awsEndpoints, env } from '../shared/aws/keys.ts';
import { dynamoTable } from '../shared/aws/table.ts';
import type { TableStore } from '../shared/ports.ts';
import { withoutAddedTokens } from './addedTokens.ts';
import { startApi } from './api.ts';
import { openDataFolder } from './dataFolder.ts';
import { emulatorCredentials, emulatorRegion, startDynoxide, startSqsAndS3 } from './emulators.ts';
import { FunctionFailed, heapBytesIn, hostsOf, invokeIn, type LoadableFunction, stopAll } from './functionHost.ts';
import { freePort } from './gateway.ts';
import { createResolver, type Resolver } from './intrinsics.ts';
import { readModel } from './model.ts';
import { LocalProblem } from './problem.ts';
import { startQueueSource } from './queueSource.ts';
import { createResources } from './resources.ts';
import { startSchedules } from './schedules.ts';
import { developmentKey, localKeys } from './secrets.ts';
import { startTableStream } from './tableStream.ts';
import { type CloudFormationTemplate, localTemplate } from './template.ts';

/** Its callers wait for a decision. */
const nearestStage = 'decide';

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

  const logs = logWriter(join(folder.path, 'logs'));
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

  const environment = Object.assign({}, ...model.functions.map((fn) => fn.environment)) as Record<string, string>;
  const tableName = environment[env.table];
  if (tableName === undefined) throw new LocalProblem(`no function of the template has the environment variable ${env.table}`);
  const table = dynamoTable({
    table: tableName,
    endpoint: endpoints.dynamodb,
    region: emulatorRegion,
    credentials: emulatorCredentials,
    plugin: withoutAddedTokens,
  });
  undo.push(() => table.close());

  const localEnvironment = {
    [awsEndpoints.dynamodb]: endpoints.dynamodb,
    [awsEndpoints.sqs]: endpoints.sqsAndS3,
    [awsEndpoints.s3]: endpoints.sqsAndS3,
    [awsEndpoints.sns]: endpoints.sqsAndS3,
    [env.webhooksToLoopback]: 'true',
    [env.consoleUrl]: `http://${host}:${port}/console`,
    AWS_REGION: emulatorRegion,
    AWS_ACCESS_KEY_ID: emulatorCredentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: emulatorCredentials.secretAccessKey,
  };
  const keys = localKeys(folder);
  const ofApi = new Set(model.api.methods.map(({ functionId }) => functionId));
  const queueSourceOf = new Map(model.queueSources.map((source) => [source.functionId, source]));
  const behindStream = new Set(model.tableSources.map(({ functionId }) => functionId));
  const loadable = model.functions.flatMap((fn): LoadableFunction[] => {
    const handler = handlerOf(fn.stage, options);
    if (existsSync(new URL(handler)))
      return [{ model: fn, handler, environment: { ...withLocalKeys(fn.environment, keys), ...localEnvironment } }];
    const missing = `the template has the stage ${fn.stage}, but functions/${fn.stage}/handler.ts is missing`;
    if ([ofApi, queueSourceOf, behindStream].some((known) => known.has(fn.logicalId))) throw new LocalProblem(missing);
    onFailure(`${missing}: its schedule does not run`);
    return [];
  });
  const listeners = { onOutput: logs.write, onFailure };
  const stream = startTableStream(
    {
      sources: model.tableSources,
      functions: loadable.filter(({ model: fn }) => behindStream.has(fn.logicalId)),
      tableName,
      endpoints,
    },
    listeners,
  );
  undo.push(async () => {
    complete = await stream.stop();
  });
  const apiFunctions = loadable.filter(({ model: fn }) => ofApi.has(fn.logicalId));
  const nearest = apiFunctions.find(({ model: fn }) => fn.stage === nearestStage) ?? null;
  const api = startApi(
    { api: model.api, port, host, functions: apiFunctions.filter((one) => one !== nearest), nearest },
    { ...listeners, onCommitted: stream.committed },
  );
  undo.push(api.stop);
  const concurrencyOf = ({ concurrency }: { readonly concurrency: number }): number => options.concurrency ?? concurrency;
  const others = loadable.filter(({ model: { logicalId } }) => !behindStream.has(logicalId) && !ofApi.has(logicalId));
  const hosts = hostsOf(others, logs.write, ({ logicalId }) => {
    const source = queueSourceOf.get(logicalId);
    return {
      isBackground: source === undefined,
      maxInstances: source === undefined ? 1 : concurrencyOf(source),
      onCommitted: stream.committed,
    };
  });
  undo.push(() => stopAll(hosts));
  const invoke = (functionId: string, event: unknown): Promise<unknown> => invokeIn(hosts, functionId, event);
  // A request or a message can reach them: they are loaded before the stack says that it is ready.
  await Promise.all([stream.ready, api.ready, ...[...queueSourceOf.keys()].map((functionId) => hosts.get(functionId)!.warm())]);

  if (folder.interrupted) await stream.deliverAll();
  const key = await developmentKey(folder, table);
  const url = await api.listen();
  const startQueueSources = () =>
    model.queueSources.map((source) =>
      startQueueSource({
        model: source,
        endpoint: endpoints.sqsAndS3,
        concurrency: concurrencyOf(source),
        invoke,
        onFailure,
      }),
    );
  let queueSources = startQueueSources();
  let ending = false;
  const stopQueueSources = async (): Promise<void> => {
    await Promise.all(queueSources.splice(0).map((source) => source.stop()));
  };
  undo.push(() => {
    ending = true;
    return stopQueueSources();
  });
  undo.push(
    startSchedules(
      model.schedules.filter(({ functionId }) => hosts.has(functionId)),
      invoke,
      onFailure,
    ),
  );
  // Before all that its requests need.
  undo.push(api.stop);

  return {
    url,
    key,
    table,
    endpoints,
    environment: { ...withLocalKeys(environment, keys), ...localEnvironment, ...forCommands(template, resolver) },
    dataDir: folder.path,
    invoke: (stage, event) => {
      const host = [...hosts.values()].find((candidate) => candidate.stage === stage);
      return host === undefined ? Promise.reject(new FunctionFailed(`there is no stage ${stage}`)) : host.invoke(event);
    },
    projected: async () => {
      await api.tellCommitted();
      await stream.drained();
    },
    holdQueues: async () => {
      await stopQueueSources();
      return () => {
        if (queueSources.length === 0 && !ending) queueSources = startQueueSources();
      };
    },
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

/** What no function is given, but commands need. */
const forCommands = (template: CloudFormationTemplate, resolver: Resolver): Readonly<Record<string, string>> => {
  const url = template.Outputs?.WebhookDeadLetterUrl?.Value;
  return url === undefined ? {} : { [env.webhookDeadLetterUrl]: String(resolver.resolve(url)) };
};

/** The emulators have no KMS: a function that may use one of its keys gets the stand-in instead. */
const withLocalKeys = (
  environment: Readonly<Record<string, string>>,
  keys: ReturnType<typeof localKeys>,
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(environment).map(([name, value]) => {
      const standIn = keys[name];
      return standIn === undefined ? [name, value] : [standIn.variable, standIn.value];
    }),
  );

const handlerOf = (stage: string, options: LocalStackOptions): string =>
  options.handlerOf?.(stage) ?? new URL(`../functions/${stage}/handler.ts`, import.meta.url).href;

const logWriter = (folder: string) => {
  mkdirSync(folder, { recursive: true });
  const streams = new Map<string, WriteStream>();
  return {
    write: (name: string, text: string): void => {
      const stream = streams.get(name) ?? createWriteStream(join(folder, `${name}.log`), { flags: 'a' });
      streams.set(name, stream);
      stream.write(text);
    },
    close: async (): Promise<void> => {
      await Promise.all([...streams.values()].map((stream) => new Promise((resolve) => stream.end(resolve))));
    },
  };
};
