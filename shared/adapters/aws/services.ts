import type { Clock, Consumed, ObjectStore, Queue, Randomness, TableStore, Write } from '../../ports/ports.ts';
import { localMasterSecret, type RotatableSecret } from '../../secrets/masterSecret.ts';
import { optional, required } from '../../store/environment.ts';
import { kmsMasterSecret } from './kmsMasterSecret.ts';
import { systemClock, systemRandomness, timeLimit } from './system.ts';
import { dynamoTable, type TablePlugin } from './table.ts';

export type { MasterSecret } from '../../secrets/masterSecret.ts';

/** What the functions need of the world, by this process's environment. Reading a property is what makes its client. */
export interface Services {
  readonly table: TableStore;
  readonly queue: Queue;
  readonly deadLetters: Queue;
  readonly webhookQueue: Queue;
  /** What kept failing and is no transaction. */
  readonly failures: Queue;
  readonly models: ObjectStore;
  readonly archive: ObjectStore;
  /** The store under object lock. */
  readonly checkpoints: ObjectStore;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly masterSecret: RotatableSecret;
  readonly timeLimit: typeof timeLimit;
}

export interface Hooks {
  /** Told of every write once it is acknowledged: the local stack's stream. */
  readonly onCommitted?: (writes: readonly Write[]) => void;
  /** Told of every write whose reply was lost: it may have happened. */
  readonly onUnknown?: (writes: readonly Write[]) => void;
  /** Told of every request's capacity units. */
  readonly onConsumed?: (consumed: Consumed) => void;
  /** Added to the table's client when that is made. */
  readonly tablePlugin?: TablePlugin;
  readonly clock?: Clock;
  readonly randomness?: Randomness;
}

let hooks: Hooks = {};
let built: Services | null = null;
const closers: (() => void)[] = [];

/** Sets hooks for the whole process, before or after its services are made; those named in an earlier call stay. */
export function configureServices(more: Hooks): void {
  hooks = { ...hooks, ...more };
}

/** The process's services, made on first use. Reading a property whose environment variable is missing throws, naming it. */
export function services(): Services {
  built ??= lazy({
    table: () =>
      closing(
        dynamoTable({
          table: required('table'),
          onCommitted: (writes) => hooks.onCommitted?.(writes),
          onUnknown: (writes) => hooks.onUnknown?.(writes),
          get onConsumed() {
            return hooks.onConsumed;
          },
          plugin: hooks.tablePlugin,
        }),
      ),
    queue: () => sqsAtOnce(required('queueUrl')),
    deadLetters: () => sqs(required('deadLetterUrl')),
    webhookQueue: () => sqs(required('webhookQueueUrl')),
    failures: () => sqs(required('failuresUrl')),
    models: () => s3(required('modelBucket')),
    archive: () => s3(required('archiveBucket')),
    checkpoints: () => s3(required('checkpointBucket')),
    clock: () => ({ nowMs: () => (hooks.clock ?? systemClock).nowMs(), sleep: (ms) => (hooks.clock ?? systemClock).sleep(ms) }),
    randomness: () => ({
      bytes: (count) => (hooks.randomness ?? systemRandomness).bytes(count),
      fraction: () => (hooks.randomness ?? systemRandomness).fraction(),
    }),
    timeLimit: () => timeLimit,
    masterSecret: () => {
      const local = optional('localSecret');
      if (local !== undefined) return localMasterSecret(local, services());
      return kmsMasterSecret({ keyId: required('kmsKeyId'), table: services().table });
    },
  });
  return built;
}

/** Closes every client and forgets services and hooks: for a process that starts the stack again under another environment. */
export function closeServices(): void {
  for (const close of closers.splice(0)) close();
  built = null;
  hooks = {};
}

/** Its client is loaded as soon as a function reads the property, which is before the first call. A failed load shows at every use. */
function sqsAtOnce(url: string): Queue {
  const queue = sqs(url);
  queue.load().catch(() => undefined);
  return queue;
}

/** Its client is loaded by the first use: most functions that may send do so rarely. */
function sqs(url: string): Queue & { load(): Promise<Queue> } {
  const load = once(() => import('./queue.ts').then(({ sqsQueue }) => closing(sqsQueue({ url }))));
  return { load, send: async (messages) => (await load()).send(messages) };
}

function s3(bucket: string): ObjectStore {
  const load = once(() => import('./objects.ts').then(({ s3Objects }) => closing(s3Objects({ bucket }))));
  return {
    put: async (key, body, options) => (await load()).put(key, body, options),
    get: async (key, options) => (await load()).get(key, options),
    firstVersions: async (prefix, options) => (await load()).firstVersions(prefix, options),
    list: async (prefix, options) => (await load()).list(prefix, options),
    delete: async (key) => (await load()).delete(key),
  };
}

function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function closing<Client extends { close(): void }>(client: Client): Client {
  closers.push(() => client.close());
  return client;
}

function lazy(makers: { readonly [Name in keyof Services]: () => Services[Name] }): Services {
  const target = {};
  for (const [name, make] of Object.entries(makers)) {
    Object.defineProperty(target, name, {
      configurable: true,
      enumerable: true,
      get() {
        const value: unknown = make();
        Object.defineProperty(target, name, { value, enumerable: true });
        return value;
      },
    });
  }
  return target as Services;
}
