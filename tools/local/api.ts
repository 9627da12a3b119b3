import { startHelperThread, type ThreadListeners } from './helperThread.ts';
import type { ApiCall, ApiData, Committed } from './threadMessages.ts';

export interface Api {
  /** Rejects with FunctionFailed when a function does not load. */
  readonly ready: Promise<void>;
  /** Takes requests from now on; the address. Throws LocalProblem when the port is taken. */
  listen(): Promise<string>;
  /** Resolves once everything committed so far has been handed to the stream. */
  tellCommitted(): Promise<void>;
  /** By stage, and of the gateway itself. */
  heapBytes(): Promise<Readonly<Record<string, number>>>;
  /** Takes no further request, lets those under way end. A second call waits for the first. */
  stop(): Promise<void>;
}

export interface ApiListeners extends ThreadListeners {
  readonly onCommitted: (committed: Committed) => void;
}

/**
 * The gateway and the functions behind it, in a thread of their own. The function whose callers wait for a decision runs in the gateway's thread
 * itself: handing events over to another would take as long as deciding (docs/decisions/0010).
 */
export const startApi = (data: ApiData, listeners: ApiListeners): Api => {
  const { nearest } = data;
  const thread = startHelperThread<ApiCall>(
    new URL('./apiThread.ts', import.meta.url),
    nearest?.model.stage ?? 'gateway',
    data,
    listeners,
    nearest?.environment,
  );
  let stopped: Promise<void> | null = null;
  return {
    ready: thread.ready,
    listen: () => thread.call('listen'),
    tellCommitted: () => thread.call('tellCommitted'),
    heapBytes: () => thread.call('heapBytes'),
    stop: () => {
      stopped ??= thread.call('stop').then(thread.end);
      return stopped;
    },
  };
};
