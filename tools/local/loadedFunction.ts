import { serialize } from 'node:v8';
import { configureServices } from '../../shared/adapters/aws/services.ts';
import { withoutAddedTokens } from './addedTokens.ts';
import type { Committed, ToldWrite } from './threadMessages.ts';

/** A deployed handler in this thread. */
export interface LoadedFunction {
  /** The handler's answer to one event. */
  run(id: string, event: unknown, deadlineMs: number): Promise<unknown>;
  /** Returns the writes that were committed and not handed over yet; null when there are none. */
  takeCommitted(): Committed | null;
}

type Handler = (event: unknown, context: object) => Promise<unknown>;

/**
 * Loads a function into this thread and its environment: one per thread. Its writes are handed to `onCommitted` together, in the next turn,
 * unless they are taken before: every message wakes the thread it is for. Throws when the module does not load or has no handler.
 */
export const loadFunction = async (
  handlerUrl: string,
  functionName: string,
  onCommitted: (committed: Committed) => void,
): Promise<LoadedFunction> => {
  let held: ToldWrite[] = [];
  const takeCommitted = (): Committed | null => {
    if (held.length === 0) return null;
    const committed = new Uint8Array(serialize(held));
    held = [];
    return committed;
  };
  const tell = (): void => {
    const committed = takeCommitted();
    if (committed !== null) onCommitted(committed);
  };
  const add = (writes: readonly ToldWrite[]): void => {
    if (held.length === 0) setImmediate(tell);
    held.push(...writes);
  };
  configureServices({
    tablePlugin: withoutAddedTokens,
    onCommitted: add,
    onUnknown: (writes) => add(writes.map((write) => ({ ...write, isUnknown: true }))),
  });

  const { handler } = (await import(handlerUrl)) as { handler?: Handler };
  if (typeof handler !== 'function') throw new Error(`${handlerUrl} exports no function named handler`);
  return {
    run: (id, event, deadlineMs) =>
      handler(event, {
        awsRequestId: id,
        functionName,
        functionVersion: '1',
        invokedFunctionArn: `arn:aws:lambda:us-east-1:000000000000:function:${functionName}:live`,
        memoryLimitInMB: '512',
        callbackWaitsForEmptyEventLoop: false,
        getRemainingTimeInMillis: () => Math.max(0, deadlineMs - Date.now()),
      }),
    takeCommitted,
  };
};
