import type { Context } from 'aws-lambda';
import { services } from '../../shared/adapters/aws/services.ts';
import { measuring } from '../../shared/edge/metrics.ts';
import { compactArchive } from './compact.ts';
import { measures } from './measures.ts';

/** Left for the answer after the last batch. */
const reserveMs = 5_000;

const { table, archive, clock, randomness } = services();
const measure = measuring(clock);

/** Runs on a schedule; the report is for who invokes it by hand, who may name a day that is not closed. */
export const handler = async ({ throughDay }: { readonly throughDay?: string }, context: Context) => {
  const deadlineMs = clock.nowMs() + context.getRemainingTimeInMillis() - reserveMs;
  const report = await compactArchive(
    { table, archive, clock, randomness },
    { deadlineMs, ...(throughDay !== undefined && { throughDay }) },
  );
  measure(measures(report));
  return report;
};
