import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { configureServices } from '../shared/aws/services.ts';
import type { Write } from '../shared/ports.ts';
import type { InstanceData, InstanceMessage, Invocation } from './functionHost.ts';

/** The inside of one function instance: loads the deployed handler and runs one event after the other. */

type Handler = (event: unknown, context: unknown) => Promise<unknown>;

const { handler: handlerUrl, functionName, isBackground } = workerData as InstanceData;
/** Nice value: about a third of the processor that another thread gets while both want it. */
const backgroundPriority = 5;

const port = parentPort!;
const tell = (message: InstanceMessage) => port.postMessage(message);

// On Lambda it would have a processor of its own. Elsewhere than on Linux this would hold back the whole process instead of the thread.
if (isBackground && process.platform === 'linux') setPriority(backgroundPriority);

/**
 * Committed and not told yet. An answer mostly follows at once and takes them along, since every message wakes the main thread; what does
 * not answer in the same turn is told by itself.
 */
let committed: Write[] = [];
const taken = (): readonly Write[] => {
  const writes = committed;
  committed = [];
  return writes;
};
const tellCommitted = (): void => {
  if (committed.length > 0) tell({ kind: 'committed', writes: taken() });
};

configureServices({
  onCommitted: (writes) => {
    if (committed.length === 0) setImmediate(tellCommitted);
    committed.push(...writes);
  },
});

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
