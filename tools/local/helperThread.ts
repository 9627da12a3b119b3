import { parentPort } from 'node:worker_threads';
import { FunctionFailed } from './functionFailed.ts';
import { startNamedThread } from './namedThread.ts';
import { LocalProblem, messageOf } from './problem.ts';
import type { Committed } from './threadMessages.ts';

/** A thread that has part of the local stack in it, functions included: both ends of what is said between it and the main thread. */

/** Commits wait so long for others, to wake the thread they are for once. The stream itself waits longer for a batch. */
const heldMsMax = 20;

type ToThread<Call> =
  /** In the order of the commits. */
  | { readonly kind: 'committed'; readonly each: readonly Committed[] }
  | { readonly kind: 'call'; readonly id: number; readonly call: Call };

type FromThread =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly fault: Fault }
  | { readonly kind: 'output'; readonly stage: string; readonly text: string }
  | { readonly kind: 'failure'; readonly text: string }
  | { readonly kind: 'committed'; readonly each: readonly Committed[] }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'refusal'; readonly id: number; readonly fault: Fault };

interface Fault {
  readonly message: string;
  readonly isForTheUser: boolean;
}

export interface ThreadListeners {
  readonly onOutput: (stage: string, text: string) => void;
  readonly onFailure: (text: string) => void;
  /** Told what functions in the thread committed. */
  readonly onCommitted?: (committed: Committed) => void;
}

export interface HelperThread<Call extends string> {
  /** Rejects with LocalProblem or FunctionFailed when it cannot do its work. */
  readonly ready: Promise<void>;
  /** What the thread answers. Rejects with LocalProblem or FunctionFailed. */
  call<Value>(asked: Call): Promise<Value>;
  /** To the thread, before any later call. */
  committed(committed: Committed): void;
  end(): Promise<void>;
}

/** Starts one. A failure of the thread itself ends the process. */
export const startHelperThread = <Call extends string>(
  file: URL,
  name: string,
  workerData: object,
  { onOutput, onFailure, onCommitted }: ThreadListeners,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): HelperThread<Call> => {
  const worker = startNamedThread(file, name, workerData, environment, (text) => onOutput(name, text));
  worker.once('error', (error) => {
    throw new Error(`the thread ${name} of the local stack failed`, { cause: error });
  });
  const ready = Promise.withResolvers<void>();
  ready.promise.catch(() => undefined);
  const open = new Map<number, PromiseWithResolvers<unknown>>();
  let calls = 0;
  const post = (message: ToThread<Call>): void => worker.postMessage(message);
  const bundle = bundled((each) => post({ kind: 'committed', each }));
  worker.on('message', (message: FromThread) => {
    switch (message.kind) {
      case 'ready':
        return ready.resolve();
      case 'failed':
        return ready.reject(errorOf(message.fault));
      case 'output':
        return onOutput(message.stage, message.text);
      case 'failure':
        return onFailure(message.text);
      case 'committed':
        return onCommitted && message.each.forEach(onCommitted);
      case 'answer':
        open.get(message.id)?.resolve(message.value);
        break;
      case 'refusal':
        open.get(message.id)?.reject(errorOf(message.fault));
    }
    open.delete(message.id);
  });
  return {
    ready: ready.promise,
    call: async <Value>(call: Call): Promise<Value> => {
      bundle.release();
      const id = calls++;
      const answer = Promise.withResolvers<unknown>();
      open.set(id, answer);
      post({ kind: 'call', id, call });
      return (await answer.promise) as Value;
    },
    committed: bundle.add,
    end: async () => {
      await worker.terminate();
    },
  };
};

const errorOf = ({ message, isForTheUser }: Fault): Error =>
  isForTheUser ? new LocalProblem(message) : new FunctionFailed(message);

/** The inside of such a thread. */
export interface ThreadSide<Call extends string> {
  output(stage: string, text: string): void;
  failure(text: string): void;
  /** To the main thread, before any later answer to a call. */
  committed(committed: Committed): void;
  /** Answers calls from now on. Reports that it is ready once `loaded` resolves. */
  serve(
    answers: Readonly<Record<Call, () => unknown>>,
    loaded: Promise<unknown>,
    onCommitted?: (committed: Committed) => void,
  ): Promise<void>;
}

export const threadSide = <Call extends string>(): ThreadSide<Call> => {
  const tell = (message: FromThread): void => parentPort!.postMessage(message);
  const bundle = bundled((each) => tell({ kind: 'committed', each }));
  return {
    output: (stage, text) => tell({ kind: 'output', stage, text }),
    failure: (text) => tell({ kind: 'failure', text }),
    committed: bundle.add,
    serve: async (answers, loaded, onCommitted) => {
      parentPort!.on('message', async (request: ToThread<Call>) => {
        if (request.kind === 'committed') return onCommitted && request.each.forEach(onCommitted);
        const { id, call } = request;
        try {
          const value = await answers[call]();
          bundle.release();
          tell({ kind: 'answer', id, value });
        } catch (error) {
          tell({ kind: 'refusal', id, fault: faultOf(error) });
        }
      });
      try {
        await loaded;
        tell({ kind: 'ready' });
      } catch (error) {
        tell({ kind: 'failed', fault: faultOf(error) });
      }
    },
  };
};

const faultOf = (error: unknown): Fault => ({ message: messageOf(error), isForTheUser: error instanceof LocalProblem });

/** Passes commits on together, for nobody waits for them and every message wakes the thread it is for. */
const bundled = (pass: (each: readonly Committed[]) => void) => {
  let held: Committed[] = [];
  let holding: NodeJS.Timeout | undefined;
  const release = (): void => {
    clearTimeout(holding);
    const each = held;
    held = [];
    if (each.length > 0) pass(each);
  };
  return {
    add: (committed: Committed): void => {
      if (held.push(committed) === 1) holding = setTimeout(release, heldMsMax);
    },
    release,
  };
};
