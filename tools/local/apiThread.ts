import { randomUUID } from 'node:crypto';
import { workerData } from 'node:worker_threads';
import { FunctionFailed, timedOutAfter } from './functionFailed.ts';
import { heapBytesIn, hostsOf, invokeIn, stopAll, warmAll } from './functionHost.ts';
import { type Gateway, startGateway, timedOut, within } from './gateway.ts';
import { threadSide } from './helperThread.ts';
import { loadFunction } from './loadedFunction.ts';
import { messageOf } from './problem.ts';
import type { ApiCall, ApiData, LoadableFunction } from './threadMessages.ts';

/** The inside of the API's thread: the gateway, the function that runs beside it, and the hosts of the others. */

const { api, port, host, functions, nearest } = workerData as ApiData;
const side = threadSide<ApiCall>();

/** Two processors have no use for more threads; and for more events at a time each instance has one beside the other. */
const instancesMax = 2;
const eventsPerInstanceMax = 64;

const hosts = hostsOf(functions, side.output, () => ({
  isBackground: false,
  maxInstances: instancesMax,
  eventsPerInstanceMax,
  onCommitted: side.committed,
}));

const besideGateway = async ({ model, handler }: LoadableFunction): Promise<(event: unknown) => Promise<unknown>> => {
  const { stage, timeoutMs } = model;
  const failed = (error: unknown): never => {
    throw new FunctionFailed(`${stage}: ${messageOf(error)}`);
  };
  const loaded = await loadFunction(handler, model.logicalId, side.committed).catch(failed);
  return async (event) => {
    const result = await within(timeoutMs, loaded.run(randomUUID(), event, Date.now() + timeoutMs)).catch((error: unknown) => {
      console.error(error);
      return failed(error);
    });
    if (result === timedOut) throw timedOutAfter(stage, timeoutMs);
    return result;
  };
};

let runNearest: ((event: unknown) => Promise<unknown>) | null = null;
const load = async (): Promise<void> => {
  const [run] = await Promise.all([nearest && besideGateway(nearest), warmAll(hosts)]);
  runNearest = run;
};

const invoke = (functionId: string, event: unknown): Promise<unknown> =>
  runNearest !== null && functionId === nearest?.model.logicalId ? runNearest(event) : invokeIn(hosts, functionId, event);

let gateway: Gateway | null = null;
await side.serve(
  {
    listen: async () => {
      gateway = await startGateway({ api, port, host, invoke, onFailure: side.failure });
      return gateway.url;
    },
    tellCommitted: () => undefined,
    heapBytes: async () => ({ gateway: process.memoryUsage().heapUsed, ...(await heapBytesIn(hosts)) }),
    stop: async () => {
      await gateway?.stop();
      await stopAll(hosts);
    },
  },
  load(),
);
