import type { Context, DynamoDBStreamEvent } from 'aws-lambda';
import { services } from '../../shared/adapters/aws/services.ts';
import { timeLimit } from '../../shared/adapters/aws/system.ts';
import { log } from '../../shared/edge/log.ts';
import { measuring } from '../../shared/edge/metrics.ts';
import { decodersOfItems } from './decoders.ts';
import { failureReport } from './failureReport.ts';
import { pausedSinks } from './pausedSinks.ts';
import { tableProgress } from './progress.ts';
import { projector } from './project.ts';
import { setAsideOn } from './setAside.ts';
import { sinksOf } from './sinks.ts';

/** Left to remember what is done, and to answer. */
const reserveMs = 10_000;

const world = services();
const parts = {
  ...decodersOfItems,
  sinks: sinksOf(world),
  progress: tableProgress(world),
  paused: pausedSinks(world),
  setAside: setAsideOn(world.failures),
};

export const handler = async (event: DynamoDBStreamEvent, context: Context) => {
  const failures = failureReport(log, measuring(world.clock));
  const inTime = timeLimit(context.getRemainingTimeInMillis() - reserveMs);
  const answer = await projector({ ...parts, report: failures.note, inTime })(event);
  failures.tell();
  return answer;
};
