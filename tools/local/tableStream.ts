import { startHelperThread, type ThreadListeners } from './helperThread.ts';
import type { Committed, TableStreamCall, TableStreamData } from './threadMessages.ts';

export interface TableStream {
  /** Rejects with FunctionFailed when a function does not load. */
  readonly ready: Promise<void>;
  /** What was committed, in the order of the commits. */
  committed(writes: Committed): void;
  /** Hands over every item of the table as new: for what a kill left undelivered. */
  deliverAll(): Promise<void>;
  /** Resolves once every change known so far is delivered. */
  drained(): Promise<void>;
  /** By stage, and of the stream itself. */
  heapBytes(): Promise<Readonly<Record<string, number>>>;
  /** Delivers what waits; false when something was left undelivered. */
  stop(): Promise<boolean>;
}

/**
 * The table's streams and the functions behind them, in a thread of their own, so that no request waits while a batch of changes is made into
 * records.
 */
export const startTableStream = (data: TableStreamData, listeners: ThreadListeners): TableStream => {
  const thread = startHelperThread<TableStreamCall>(
    new URL('./tableStreamThread.ts', import.meta.url),
    'stream',
    data,
    listeners,
  );
  return {
    ready: thread.ready,
    committed: thread.committed,
    deliverAll: () => thread.call('deliverAll'),
    drained: () => thread.call('drained'),
    heapBytes: () => thread.call('heapBytes'),
    stop: async () => {
      const complete = await thread.call<boolean>('stop');
      await thread.end();
      return complete;
    },
  };
};
