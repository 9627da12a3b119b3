import { parentPort, workerData } from 'node:worker_threads';
import { configureServices } from '../shared/aws/services.ts';
import type { Write } from '../shared/ports.ts';
import { type InstanceData, type InstanceMessage, type Invocation, leaveProcessorsToOthers } from './functionHost.ts';

/** The inside of one function instance: loads the deployed handler and runs one event after the other. */

type Handler = (event: unknown, context: unknown) => Promise<unknown>;

const { handler: handlerUrl, functionName, isBackground, commitPort } = workerData as InstanceData;

const port = parentPort!;
const tell = (message: InstanceMessage) => port.postMessage(message);

// On Lambda it would have a processor of its own.
if (isBackground) leaveProcessorsToOthers();

/** Committed and not told yet. All of a turn goes in one message, since every message wakes the thread it is for. */
let committed: Write[] = [];
const tellCommitted = (): void => {
  if (committed.length > 0) commitPort.postMessage(committed);
  committed = [];
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
    tellCommitted();
    tell({ kind: 'returned', id, result: JSON.stringify(result) });
  } catch (error) {
    tellCommitted();
    tell({ kind: 'threw', id, message: error instanceof Error ? error.message : String(error) });
    console.error(error);
  }
});
tell({ kind: 'ready' });
