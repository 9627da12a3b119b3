import { parentPort, workerData } from 'node:worker_threads';
import { loadFunction } from './loadedFunction.ts';
import { leaveProcessorsToOthers } from './priority.ts';
import { messageOf } from './problem.ts';
import type { InstanceData, InstanceMessage, Invocation } from './threadMessages.ts';

/** The inside of one function instance: loads the deployed handler and runs the events that it is given. */

const { handler, functionName, isBackground } = workerData as InstanceData;

const port = parentPort!;
const tell = (message: InstanceMessage) => port.postMessage(message);

// On Lambda it would have a processor of its own.
if (isBackground) leaveProcessorsToOthers();

const loaded = await loadFunction(handler, functionName, (committed) => tell({ kind: 'committed', committed }));

port.on('message', async ({ id, event, deadlineMs }: Invocation) => {
  try {
    const result = await loaded.run(id, JSON.parse(event), deadlineMs);
    tell({ kind: 'returned', id, result: JSON.stringify(result), committed: loaded.takeCommitted() });
  } catch (error) {
    const committed = loaded.takeCommitted();
    if (committed !== null) tell({ kind: 'committed', committed });
    tell({ kind: 'threw', id, message: messageOf(error) });
    console.error(error);
  }
});
tell({ kind: 'ready' });
