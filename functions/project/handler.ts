import type { Context, DynamoDBStreamEvent } from 'aws-lambda';
import { services } from '../../shared/adapters/aws/services.ts';
import { timeLimit } from '../../shared/adapters/aws/system.ts';
import { log } from '../../shared/edge/log.ts';
import { measuring } from '../../shared/edge/metrics.ts';
import { failureReport } from './failureReport.ts';
import { projector } from './project.ts';
import { partsOf } from './sinks.ts';

/** Left to remember what is done, and to answer. */
const reserveMs = 10_000;

const world = services();
const parts = partsOf(world);

export const handler = async (event: DynamoDBStreamEvent, context: Context) => {
  const failures = failureReport(log, measuring(world.clock));
  const inTime = timeLimit(context.getRemainingTimeInMillis() - reserveMs);
  const answer = await projector({ ...parts, report: failures.note, inTime })(event);
  failures.tell();
  return answer;
};
