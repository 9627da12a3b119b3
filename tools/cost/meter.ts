import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import { threadCpuUsage } from 'node:process';
import { otherWaitMs, typicalWaitMs } from '../../infra/prices.ts';
import { configureServices } from '../../shared/adapters/aws/services.ts';

/** What one invocation of a function used. */
export interface Metered {
  readonly stage: string;
  /** Processor time of the thread, in milliseconds; overlapping invocations share it equally. */
  readonly cpuMs: number;
  /** The longest chain of calls that waited for one another, at the typical times of `prices.ts`. */
  readonly waitMs: number;
  readonly readUnits: number;
  readonly writeUnits: number;
  /** Requests to AWS by the name of their action. */
  readonly calls: Readonly<Record<string, number>>;
  readonly logBytes: number;
}

type Handler = (event: unknown, context: unknown) => Promise<unknown>;

interface Used {
  cpuMs: number;
  waitMs: number;
  readUnits: number;
  writeUnits: number;
  logBytes: number;
  readonly calls: Record<string, number>;
}

const nothing = (): Used => ({ cpuMs: 0, waitMs: 0, readUnits: 0, writeUnits: 0, logBytes: 0, calls: {} });

/**
 * Returns a handler that does what `handler` does and reports the usage of each invocation. Call it once per thread.
 *
 * A local instance may run many invocations at the same time, an instance on Lambda runs one. Units, calls, waiting and log bytes therefore
 * belong to the invocation in whose asynchronous context they arise. Processor time has no context: the time of the thread is shared equally
 * among the invocations that are open, so that all of them together are charged exactly what the thread used. Waiting is never taken from
 * the clock, since invocations that overlap wait for each other's computing. Work that an invocation leaves behind belongs to the next one to
 * end, as on Lambda, which freezes an instance between invocations. Work outside of every invocation, such as loading, is not counted.
 */
export function metered(stage: string, handler: Handler, report: (metered: Metered) => void): Handler {
  const running = new AsyncLocalStorage<Used>();
  const open = new Set<Used>();
  let leftBehind = nothing();
  let markedAt = threadCpuUsage();

  const current = (): Used | undefined => {
    const used = running.getStore();
    return used === undefined || open.has(used) ? used : leftBehind;
  };
  /** Shares the processor time since the last call among the open invocations. */
  const shareCpu = (): void => {
    const now = threadCpuUsage();
    const spentMs = (now.user + now.system - markedAt.user - markedAt.system) / 1_000;
    markedAt = now;
    for (const used of open) used.cpuMs += spentMs / open.size;
  };

  configureServices({
    onConsumed: ({ readUnits, writeUnits }) => {
      const used = current();
      if (used === undefined) return;
      used.readUnits += readUnits;
      used.writeUnits += writeUnits;
    },
  });
  const sent = new WeakMap<object, { readonly used: Used; readonly atMs: number; readonly action: string }>();
  subscribe('http.client.request.start', (message) => {
    const used = current();
    if (used === undefined) return;
    const { request } = message as { request: ClientRequest };
    const action = actionOf(request);
    used.calls[action] = (used.calls[action] ?? 0) + 1;
    sent.set(request, { used, atMs: used.waitMs, action });
  });
  subscribe('http.client.response.finish', (message) => {
    const found = sent.get((message as { request: ClientRequest }).request);
    if (found === undefined) return;
    const { used, atMs, action } = found;
    used.waitMs = Math.max(used.waitMs, atMs + (typicalWaitMs[action] ?? otherWaitMs));
  });
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = ((chunk: string | Uint8Array, ...rest: []) => {
    const used = current();
    if (used !== undefined) used.logBytes += Buffer.byteLength(chunk);
    return write(chunk, ...rest);
  }) as typeof process.stdout.write;

  return async (event, context) => {
    const used = nothing();
    shareCpu();
    open.add(used);
    try {
      return await running.run(used, () => handler(event, context));
    } finally {
      shareCpu();
      open.delete(used);
      report({ stage, ...sumOf(used, leftBehind) });
      leftBehind = nothing();
    }
  };
}

/** Nobody waits for what was left behind. */
function sumOf(used: Used, leftBehind: Used): Used {
  const calls = { ...used.calls };
  for (const [action, count] of Object.entries(leftBehind.calls)) calls[action] = (calls[action] ?? 0) + count;
  return {
    cpuMs: used.cpuMs,
    waitMs: used.waitMs,
    readUnits: used.readUnits + leftBehind.readUnits,
    writeUnits: used.writeUnits + leftBehind.writeUnits,
    logBytes: used.logBytes + leftBehind.logBytes,
    calls,
  };
}

/** Returns the name of the action: DynamoDB and SQS name it in a header, S3 in the query, SNS only in the body. */
function actionOf(request: ClientRequest): string {
  const target = request.getHeader('x-amz-target') ?? /^x-amz-target: (.*)$/im.exec(headOf(request))?.[1];
  if (typeof target === 'string') return target.slice(target.indexOf('.') + 1);
  return /[?&]x-id=(\w+)/.exec(request.path)?.[1] ?? (request.method === 'POST' ? 'Publish' : `${request.method} object`);
}

/** Returns the head as sent: headers that were given as a list are found nowhere else. */
const headOf = (request: ClientRequest): string => (request as { readonly _header?: string })._header ?? '';
