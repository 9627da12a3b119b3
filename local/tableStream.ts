import { Worker } from 'node:worker_threads';
import { type Committed, FunctionFailed } from './functionHost.ts';
import type { FunctionModel, TableSourceModel } from './model.ts';

/** Commits wait so long for others, to wake the stream's thread once. The stream itself waits longer for a batch. */
const heldMsMax = 20;

export interface TableStreamData {
  readonly sources: readonly TableSourceModel[];
  /** Those that the sources call. */
  readonly functions: readonly {
    readonly model: FunctionModel;
    readonly handler: string;
    readonly environment: Readonly<Record<string, string>>;
  }[];
  readonly tableName: string;
  readonly endpoints: { readonly dynamodb: string; readonly sqsAndS3: string };
}

/** Main thread to the stream's. */
export type TableStreamRequest =
  /** In the order of the commits. */
  | { readonly kind: 'committed'; readonly each: readonly Committed[] }
  | { readonly kind: 'call'; readonly id: number; readonly call: TableStreamCall };

export type TableStreamCall = 'deliverAll' | 'drained' | 'heapBytes' | 'stop';

/** The stream's thread to the main one. */
export type TableStreamMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'output'; readonly stage: string; readonly text: string }
  | { readonly kind: 'failure'; readonly text: string }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'refusal'; readonly id: number; readonly message: string };

export interface TableStreamOptions extends TableStreamData {
  readonly onOutput: (stage: string, text: string) => void;
  readonly onFailure: (text: string) => void;
}

export interface TableStream {
  /** Rejects with FunctionFailed when a function does not load. */
  readonly ready: Promise<void>;
  /** What was committed, in the order of the commits. */
  committed(writes: Committed): void;
  /** Hands over every item of the table as new: for what a kill left undelivered. */
  deliverAll(): Promise<void>;
  /** Resolves once everything told so far is delivered. */
  drained(): Promise<void>;
  /** By stage, and of the stream itself. */
  heapBytes(): Promise<Readonly<Record<string, number>>>;
  /** Delivers what waits; false when something was left undelivered. */
  stop(): Promise<boolean>;
}

/**
 * The table's streams and the functions behind them, in a thread of their own, so that no request waits while a batch of changes is made into
 * records. A failure of the thread itself ends the process.
 */
export const startTableStream = ({ onOutput, onFailure, ...data }: TableStreamOptions): TableStream => {
  const worker = new Worker(new URL('./tableStreamThread.ts', import.meta.url), {
    workerData: data satisfies TableStreamData,
    name: 'stream',
    execArgv: [],
  });
  const ready = Promise.withResolvers<void>();
  const open = new Map<number, PromiseWithResolvers<unknown>>();
  let calls = 0;
  worker.on('message', (message: TableStreamMessage) => {
    switch (message.kind) {
      case 'ready':
        return ready.resolve();
      case 'failed':
        return ready.reject(new FunctionFailed(message.message));
      case 'output':
        return onOutput(message.stage, message.text);
      case 'failure':
        return onFailure(message.text);
      case 'answer':
        open.get(message.id)?.resolve(message.value);
        break;
      case 'refusal':
        open.get(message.id)?.reject(new FunctionFailed(message.message));
    }
    open.delete(message.id);
  });
  let held: Committed[] = [];
  let holding: NodeJS.Timeout | undefined;
  const release = (): void => {
    clearTimeout(holding);
    if (held.length > 0) worker.postMessage({ kind: 'committed', each: held } satisfies TableStreamRequest);
    held = [];
  };
  const call = async <Value>(asked: TableStreamCall): Promise<Value> => {
    release();
    const id = calls++;
    const answer = Promise.withResolvers<unknown>();
    open.set(id, answer);
    worker.postMessage({ kind: 'call', id, call: asked } satisfies TableStreamRequest);
    return (await answer.promise) as Value;
  };
  return {
    ready: ready.promise,
    committed: (writes) => {
      if (held.push(writes) === 1) holding = setTimeout(release, heldMsMax);
    },
    deliverAll: () => call('deliverAll'),
    drained: () => call('drained'),
    heapBytes: () => call('heapBytes'),
    stop: async () => {
      const complete = await call<boolean>('stop');
      await worker.terminate();
      return complete;
    },
  };
};
