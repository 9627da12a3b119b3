import { parentPort, workerData } from 'node:worker_threads';
import { configureServices } from '../shared/aws/services.ts';
import type { InstanceData, InstanceMessage, Invocation } from './functionHost.ts';

/** The inside of one function instance: loads the deployed handler and runs one event after the other. */

type Handler = (event: unknown, context: unknown) => Promise<unknown>;

const { handler: handlerUrl, functionName } = workerData as InstanceData;
const port = parentPort!;
const tell = (message: InstanceMessage) => port.postMessage(message);

configureServices({ onCommitted: (writes) => tell({ kind: 'committed', writes }) });

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
    tell({ kind: 'returned', id, result: JSON.stringify(result) });
  } catch (error) {
    tell({ kind: 'threw', id, message: error instanceof Error ? error.message : String(error) });
    console.error(error);
  }
});
tell({ kind: 'ready' });
