import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import { threadCpuUsage } from 'node:process';
import { otherWaitMs, typicalWaitMs } from '../../infra/prices.ts';
import { configureServices } from '../../shared/adapters/aws/services.ts';

/** What one invocation of a function used. */
export interface Metered {
  readonly stage: string;
  readonly cpuMs: number;
  /** The longest row of calls that waited for one another, at the typical times of `prices.ts`. */
  readonly waitMs: number;
  readonly readUnits: number;
  readonly writeUnits: number;
  /** Requests to AWS by the name of their action. */
  readonly calls: Readonly<Record<string, number>>;
  readonly logBytes: number;
}

type Handler = (event: unknown, context: unknown) => Promise<unknown>;

/** A handler that works as `handler` does and tells `report` what each invocation used. One invocation at a time, as on Lambda. */
export function metered(stage: string, handler: Handler, report: (metered: Metered) => void): Handler {
  let readUnits = 0;
  let writeUnits = 0;
  let logBytes = 0;
  let calls: Record<string, number> = {};
  let waitedMs = 0;
  const startedAtMs = new WeakMap<object, { readonly atMs: number; readonly action: string }>();

  configureServices({
    onConsumed: (consumed) => {
      readUnits += consumed.readUnits;
      writeUnits += consumed.writeUnits;
    },
  });
  subscribe('http.client.request.start', (message) => {
    const { request } = message as { request: ClientRequest };
    const action = actionOf(request);
    calls[action] = (calls[action] ?? 0) + 1;
    startedAtMs.set(request, { atMs: waitedMs, action });
  });
  subscribe('http.client.response.finish', (message) => {
    const started = startedAtMs.get((message as { request: ClientRequest }).request);
    if (started !== undefined) waitedMs = Math.max(waitedMs, started.atMs + (typicalWaitMs[started.action] ?? otherWaitMs));
  });
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = ((chunk: string | Uint8Array, ...rest: []) => {
    logBytes += Buffer.byteLength(chunk);
    return write(chunk, ...rest);
  }) as typeof process.stdout.write;

  return async (event, context) => {
    [readUnits, writeUnits, logBytes, waitedMs, calls] = [0, 0, 0, 0, {}];
    const before = threadCpuUsage();
    try {
      return await handler(event, context);
    } finally {
      const { user, system } = threadCpuUsage(before);
      report({ stage, cpuMs: (user + system) / 1_000, waitMs: waitedMs, readUnits, writeUnits, calls, logBytes });
    }
  };
}

/** DynamoDB and SQS name it in a header, S3 in the query, SNS only in the body. */
function actionOf(request: ClientRequest): string {
  const target = request.getHeader('x-amz-target') ?? /^x-amz-target: (.*)$/im.exec(headOf(request))?.[1];
  if (typeof target === 'string') return target.slice(target.indexOf('.') + 1);
  return /[?&]x-id=(\w+)/.exec(request.path)?.[1] ?? (request.method === 'POST' ? 'Publish' : `${request.method} object`);
}

/** As sent: headers given as a list, as `wire.ts` gives them, are nowhere else. */
const headOf = (request: ClientRequest): string => (request as { readonly _header?: string })._header ?? '';
