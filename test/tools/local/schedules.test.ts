import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startSchedules } from '../../../tools/local/schedules.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const minuteMs = 60_000;
const hourly = { name: 'Sweep', functionId: 'SweepFunction', everyMs: 60 * minuteMs };

const started = () => {
  const failures: string[] = [];
  const calls: string[] = [];
  let fail: (error: Error) => void = () => undefined;
  const invoke = (functionId: string) => {
    calls.push(functionId);
    return new Promise<never>((_, reject) => {
      fail = reject;
    });
  };
  const end = startSchedules([hourly], invoke, (text) => failures.push(text));
  return { failures, calls, end, fail: (text: string) => fail(new Error(text)) };
};

it('calls a function one period after the start, then at its rate', async () => {
  const { calls, end } = started();
  await vi.advanceTimersByTimeAsync(59 * minuteMs);
  expect(calls).toEqual([]);
  await vi.advanceTimersByTimeAsync(61 * minuteMs);
  end();
  await vi.advanceTimersByTimeAsync(120 * minuteMs);
  expect(calls).toEqual(['SweepFunction', 'SweepFunction']);
});

it('tells of a run that failed, by the name of its schedule', async () => {
  const { failures, end, fail } = started();
  await vi.advanceTimersByTimeAsync(60 * minuteMs);
  fail('the table is gone');
  await vi.advanceTimersByTimeAsync(0);
  expect(failures).toEqual(['schedule Sweep: the table is gone']);
  end();
});

it('tells of no run that the end itself cut off', async () => {
  const { failures, end, fail } = started();
  await vi.advanceTimersByTimeAsync(60 * minuteMs);
  end();
  fail('the instance ended with code 1');
  await vi.advanceTimersByTimeAsync(0);
  expect(failures).toEqual([]);
});
