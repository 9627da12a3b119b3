import type { Context } from 'aws-lambda';
import { services } from '../../shared/adapters/aws/services.ts';
import { log } from '../../shared/edge/log.ts';
import { measuring } from '../../shared/edge/metrics.ts';
import { hotDaysOf } from '../../shared/proof/hotRows.ts';
import { optional } from '../../shared/store/environment.ts';
import { measures } from './measures.ts';
import { sweep } from './sweep.ts';

/** Left for the comparison of what was read, and for the answer. */
const reserveMs = 120_000;

const { table, checkpoints, clock } = services();
const measure = measuring(clock);
const hotDays = hotDaysOf(optional('hotDays'));

/** Runs on a schedule; the result is for who invokes it by hand. */
export const handler = async (_: unknown, context: Context) => {
  const deadlineMs = clock.nowMs() + context.getRemainingTimeInMillis() - reserveMs;
  const result = await sweep({ table, checkpoints, clock, hotDays, log }, deadlineMs);
  measure(measures(result));
  return result;
};
