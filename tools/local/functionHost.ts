import { randomUUID } from 'node:crypto';
import type { Worker } from 'node:worker_threads';
import { FunctionFailed, timedOutAfter } from './functionFailed.ts';
import type { FunctionModel } from './model.ts';
import { startNamedThread } from './namedThread.ts';
import { messageOf } from './problem.ts';
import type { Committed, InstanceData, InstanceMessage, Invocation, LoadableFunction } from './threadMessages.ts';

export interface HostOptions extends LoadableFunction {
  /** No caller waits for it: it leaves the processors to those for whom one does. */
  readonly isBackground: boolean;
  readonly maxInstances: number;
  /** Events at a time in one instance. Default 1, as on Lambda; with more, one stands for that many of Lambda's. */
  readonly eventsPerInstanceMax?: number;
  /** Told before the answer is. */
  readonly onCommitted: (committed: Committed) => void;
  /** One line the function wrote. */
  readonly onOutput: (text: string) => void;
}

interface Open {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

interface Pending extends Open {
  readonly event: string;
}

/**
 * One deployed function. Like Lambda it keeps instances, each with its own memory and environment (here a worker thread), gives an event to one that
 * is free, starts another when none is, and ends one that exceeds the timeout.
 */
export class FunctionHost {
  readonly #options: HostOptions;
  readonly #instances = new Set<Instance>();
  readonly #waiting: Pending[] = [];
  #stopped = false;

  constructor(options: HostOptions) {
    this.#options = options;
  }

  get logicalId(): string {
    return this.#options.model.logicalId;
  }

  get stage(): string {
    return this.#options.model.stage;
  }

  /** Loads the first instance. Throws FunctionFailed when the handler does not load. */
  async warm(): Promise<void> {
    await this.#start().ready;
  }

  /** The handler's answer. Throws FunctionFailed. */
  invoke(event: unknown): Promise<unknown> {
    if (this.#stopped) return Promise.reject(new FunctionFailed(`${this.stage} is stopped`));
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#waiting.push({ event: JSON.stringify(event), resolve, reject });
    this.#next();
    return promise;
  }

  /** Of all its instances. */
  async heapBytes(): Promise<number> {
    const each = await Promise.all([...this.#instances].map((instance) => instance.heapBytes()));
    return each.reduce((sum, bytes) => sum + bytes, 0);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const { reject } of this.#waiting.splice(0)) reject(new FunctionFailed(`${this.stage} is stopped`));
    await Promise.all([...this.#instances].map((instance) => instance.worker.terminate()));
  }

  #next(): void {
    while (this.#waiting.length > 0) {
      const instance = this.#free();
      if (instance === undefined) return;
      this.#run(instance, this.#waiting.shift()!);
    }
  }

  /** The first that has nothing to do, else a new one, else the one with the least to do of those that take more. */
  #free(): Instance | undefined {
    const { maxInstances, eventsPerInstanceMax = 1 } = this.#options;
    let least: Instance | undefined;
    for (const instance of this.#instances)
      if (instance.takesEvents && instance.events < (least?.events ?? eventsPerInstanceMax)) least = instance;
    if (least?.events !== 0 && this.#instances.size < maxInstances) return this.#start();
    return least;
  }

  #start(): Instance {
    const { model, handler, isBackground, environment, onCommitted, onOutput } = this.#options;
    const data = { handler, functionName: model.logicalId, isBackground };
    const instance = new Instance(model.stage, data, environment, onCommitted, onOutput);
    this.#instances.add(instance);
    instance.worker.once('exit', () => {
      this.#instances.delete(instance);
      this.#next();
    });
    return instance;
  }

  async #run(instance: Instance, { event, resolve, reject }: Pending): Promise<void> {
    try {
      resolve(await instance.invoke(event, this.#options.model.timeoutMs));
    } catch (error) {
      reject(error as Error);
    }
    this.#next();
  }
}

/** By the logical id of their function. */
export type FunctionHosts = ReadonlyMap<string, FunctionHost>;

/** A host for each of them, with what `optionsOf` adds. */
export const hostsOf = (
  functions: readonly LoadableFunction[],
  onOutput: (stage: string, text: string) => void,
  optionsOf: (model: FunctionModel) => Omit<HostOptions, keyof LoadableFunction | 'onOutput'>,
): FunctionHosts =>
  new Map(
    functions.map((loadable) => {
      const { model } = loadable;
      return [
        model.logicalId,
        new FunctionHost({ ...loadable, ...optionsOf(model), onOutput: (text) => onOutput(model.stage, text) }),
      ];
    }),
  );

/** Runs one of them once. Throws FunctionFailed, for an unknown one too. */
export const invokeIn = async (hosts: FunctionHosts, functionId: string, event: unknown): Promise<unknown> => {
  const host = hosts.get(functionId);
  if (host === undefined) throw new FunctionFailed(`there is no function ${functionId}`);
  return host.invoke(event);
};

/** Bytes in use, by stage. */
export const heapBytesIn = async (hosts: FunctionHosts): Promise<Readonly<Record<string, number>>> =>
  Object.fromEntries(await Promise.all([...hosts.values()].map(async (host) => [host.stage, await host.heapBytes()] as const)));

/** Loads an instance of each. Throws FunctionFailed. */
export const warmAll = async (hosts: FunctionHosts): Promise<void> => {
  await Promise.all([...hosts.values()].map((host) => host.warm()));
};

export const stopAll = async (hosts: FunctionHosts): Promise<void> => {
  await Promise.all([...hosts.values()].map((host) => host.stop()));
};

class Instance {
  readonly worker: Worker;
  readonly ready: Promise<void>;
  /** False once it failed or let an event run out of time. */
  takesEvents = true;
  /** Given to it and not answered. */
  events = 0;
  readonly #stage: string;
  readonly #open = new Map<string, Open>();

  constructor(
    stage: string,
    data: InstanceData,
    environment: Readonly<Record<string, string>>,
    onCommitted: (committed: Committed) => void,
    onOutput: (text: string) => void,
  ) {
    this.#stage = stage;
    const ready = Promise.withResolvers<void>();
    this.ready = ready.promise;
    this.ready.catch(() => undefined);
    this.worker = startNamedThread(new URL('./functionInstance.ts', import.meta.url), stage, data, environment, onOutput);
    this.worker.on('message', (message: InstanceMessage) => {
      if (message.kind === 'ready') return ready.resolve();
      if (message.kind === 'committed') return onCommitted(message.committed);
      if (message.kind === 'returned' && message.committed !== null) onCommitted(message.committed);
      const open = this.#open.get(message.id);
      if (message.kind === 'returned') open?.resolve(message.result === undefined ? undefined : JSON.parse(message.result));
      else open?.reject(new FunctionFailed(`${stage}: ${message.message}`));
    });
    const failed = (why: string) => {
      this.takesEvents = false;
      const error = new FunctionFailed(`${stage}: ${why}`);
      ready.reject(error);
      for (const { reject } of this.#open.values()) reject(error);
    };
    this.worker.once('error', (error) => failed(messageOf(error)));
    this.worker.once('exit', (code) => failed(`the instance ended with code ${code}`));
  }

  /** 0 while it starts and after its end. */
  async heapBytes(): Promise<number> {
    try {
      return (await this.worker.getHeapStatistics()).used_heap_size;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_WORKER_NOT_RUNNING') return 0;
      throw error;
    }
  }

  /** The handler's answer, once it is loaded. Throws FunctionFailed; after a timeout it takes no more, and ends with its last event. */
  async invoke(event: string, timeoutMs: number): Promise<unknown> {
    this.events++;
    let timer: NodeJS.Timeout | undefined;
    const id = randomUUID();
    try {
      await this.ready;
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      this.#open.set(id, { resolve, reject });
      timer = setTimeout(() => {
        this.takesEvents = false;
        reject(timedOutAfter(this.#stage, timeoutMs));
      }, timeoutMs);
      const invocation: Invocation = { id, event, deadlineMs: Date.now() + timeoutMs };
      this.worker.postMessage(invocation);
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#open.delete(id);
      this.events--;
      if (!this.takesEvents && this.events === 0) void this.worker.terminate();
    }
  }
}
