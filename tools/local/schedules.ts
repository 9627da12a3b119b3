import { randomUUID } from 'node:crypto';
import { accountId, region } from './intrinsics.ts';
import type { ScheduleModel } from './model.ts';
import { messageOf } from './problem.ts';

/**
 * Calls each schedule's function at its rate, one period after the start first. Returns what ends it; a run that the end cuts off is no
 * failure.
 */
export const startSchedules = (
  schedules: readonly ScheduleModel[],
  invoke: (functionId: string, event: unknown) => Promise<unknown>,
  onFailure: (text: string) => void,
): (() => void) => {
  let isEnded = false;
  const timers = schedules.map(({ name, functionId, everyMs }) =>
    setInterval(() => {
      invoke(functionId, scheduledEvent(name)).catch((error: unknown) => {
        if (!isEnded) onFailure(`schedule ${name}: ${messageOf(error)}`);
      });
    }, everyMs),
  );
  return () => {
    isEnded = true;
    for (const timer of timers) clearInterval(timer);
  };
};

/** What EventBridge sends for a schedule rule. */
export const scheduledEvent = (rule: string) => ({
  version: '0',
  id: randomUUID(),
  'detail-type': 'Scheduled Event',
  source: 'aws.events',
  account: accountId,
  time: new Date().toISOString(),
  region,
  resources: [`arn:aws:events:${region}:${accountId}:rule/${rule}`],
  detail: {},
});
