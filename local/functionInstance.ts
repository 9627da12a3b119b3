import { serialize } from 'node:v8';
import { parentPort, workerData } from 'node:worker_threads';
import { configureServices } from '../shared/aws/services.ts';
import {
  type Committed,
  type InstanceData,
  type InstanceMessage,
  type Invocation,
  leaveProcessorsToOthers,
} from './functionHost.ts';
import type { ToldWrite } from './tableSource.ts';

/** The inside of one function instance: loads the deployed handler and runs one event after the other. */

type Handler = (event: unknown, context: unknown) => Promise<unknown>;

const { handler: handlerUrl, functionName, isBackground } = workerData as InstanceData;

const port = parentPort!;
const tell = (message: InstanceMessage) => port.postMessage(message);

// On Lambda it would have a processor of its own.
if (isBackground) leaveProcessorsToOthers();

/**
 * Committed and not told yet. An answer mostly follows at once and takes them along, since every message wakes the thread it is for; what does
 * not answer in the same turn is told by itself.
 */
let committed: ToldWrite[] = [];
const taken = (): Committed | null => {
  if (committed.length === 0) return null;
  const bytes = new Uint8Array(serialize(committed));
  committed = [];
  return bytes;
};
const tellCommitted = (): void => {
  const bytes = taken();
  if (bytes !== null) tell({ kind: 'committed', committed: bytes });
};

const add = (writes: readonly ToldWrite[]): void => {
  if (committed.length === 0) setImmediate(tellCommitted);
  committed.push(...writes);
};
configureServices({ onCommitted: add, onUnknown: (writes) => add(writes.map((write) => ({ ...write, isUnknown: true }))) });

const { handler } = (await import(handlerUrl)) as { handler?: Handler };
if (typeof handler !== 'function') throw new Error(`${handlerUrl} exports no function named handler`);

port.on('message', async ({ id, event, deadlineMs }: Invocation) => {
  try {
    const result = await handler(JSON.parse(event), {
      awsRequestId: id,
      functionName,
      functionVersion: '1',
      invokedFunctionArn: `arn:aws:lambda:us-east-1:000000000000:function:${functionName}:live`,
      memoryLimitInMB: '512',
      callbackWaitsForEmptyEventLoop: false,
      getRemainingTimeInMillis: () => Math.max(0, deadlineMs - Date.now()),
    });
    tell({ kind: 'returned', id, result: JSON.stringify(result), committed: taken() });
  } catch (error) {
    tellCommitted();
    tell({ kind: 'threw', id, message: error instanceof Error ? error.message : String(error) });
    console.error(error);
  }
});
tell({ kind: 'ready' });
