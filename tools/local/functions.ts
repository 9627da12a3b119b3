import { existsSync } from 'node:fs';
import type { FunctionModel, StackModel } from './model.ts';
import { LocalProblem } from './problem.ts';
import type { LoadableFunction } from './threadMessages.ts';

/** Its callers wait for a decision, so it runs in the gateway's own thread. */
const nearestStage = 'decide';

/** The stack's functions by the thread that runs them. */
export interface LocalFunctions {
  /** Behind the API, without `nearest`. */
  readonly api: readonly LoadableFunction[];
  readonly nearest: LoadableFunction | null;
  /** Behind the table's stream. */
  readonly stream: readonly LoadableFunction[];
  /** Behind queues and schedules. */
  readonly others: readonly LoadableFunction[];
}

export interface FunctionFolder {
  /** File URL of a stage's handler. */
  readonly handlerOf: (stage: string) => string;
  /** The variables a function runs under. */
  readonly environmentOf: (model: FunctionModel) => Readonly<Record<string, string>>;
  readonly onFailure: (text: string) => void;
}

/**
 * The functions of a template whose handlers exist. A schedule's function without a handler is reported as a failure and left out.
 * Throws LocalProblem for one that the API, a queue or the stream calls.
 */
export const localFunctions = (model: StackModel, { handlerOf, environmentOf, onFailure }: FunctionFolder): LocalFunctions => {
  const ofApi = new Set(model.api.methods.map(({ functionId }) => functionId));
  const ofStream = new Set(model.tableSources.map(({ functionId }) => functionId));
  const ofQueues = new Set(model.queueSources.map(({ functionId }) => functionId));
  const loadable = model.functions.flatMap((fn): LoadableFunction[] => {
    const handler = handlerOf(fn.stage);
    if (existsSync(new URL(handler))) return [{ model: fn, handler, environment: environmentOf(fn) }];
    const missing = `the template has the stage ${fn.stage}, but functions/${fn.stage}/handler.ts is missing`;
    if ([ofApi, ofStream, ofQueues].some((known) => known.has(fn.logicalId))) throw new LocalProblem(missing);
    onFailure(`${missing}: its schedule does not run`);
    return [];
  });
  const calledByApi = loadable.filter(({ model: fn }) => ofApi.has(fn.logicalId));
  const nearest = calledByApi.find(({ model: fn }) => fn.stage === nearestStage) ?? null;
  return {
    api: calledByApi.filter((fn) => fn !== nearest),
    nearest,
    stream: loadable.filter(({ model: fn }) => ofStream.has(fn.logicalId)),
    others: loadable.filter(({ model: fn }) => !ofStream.has(fn.logicalId) && !ofApi.has(fn.logicalId)),
  };
};
