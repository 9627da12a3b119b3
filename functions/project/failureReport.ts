import type { Log } from '../../shared/edge/log.ts';
import { counts, type Measure } from '../../shared/edge/metrics.ts';
import type { ProjectDependencies } from './project.ts';

type Report = ProjectDependencies['report'];

/**
 * Collects what will come again of one batch. `tell` logs one line for each sink and cause, however many records wait, and counts the
 * batch as a partial failure: Lambda itself counts a call as failed only when it throws.
 */
export const failureReport = (log: Log, measure: Measure): { readonly note: Report; readonly tell: () => void } => {
  const found = new Map<string, { readonly first: Parameters<Report>[0]; records: number }>();
  return {
    note: (failure) => {
      const { sink, cause } = failure;
      const name = `${sink} ${cause instanceof Error ? `${cause.name} ${cause.message}` : String(cause)}`;
      const known = found.get(name);
      if (known === undefined) found.set(name, { first: failure, records: 1 });
      else known.records += 1;
    },
    tell: () => {
      for (const { first, records } of found.values()) log('error', 'not projected, will come again', { ...first, records });
      measure(counts({ PartialFailures: found.size > 0 ? 1 : 0 }));
    },
  };
};
