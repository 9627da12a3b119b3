import { describe, expect, test } from 'vitest';
import { runOutage } from './outage.ts';

const hour = { seed: 1, outageMinutes: 60, aroundMinutes: 5, perSecond: 1, workers: 1 };

describe('a table that is away for 60 minutes under load', { timeout: 120_000 }, () => {
  test('puts no payment among the dead letters; none is lost or decided twice, and the backlog drains', async () => {
    const { sent, backlog, drainedSeconds, ...result } = await runOutage(hour);
    expect(result).toMatchObject({ deadLetters: 0, expired: 0, faults: [] });
    expect(sent).toBe(70 * 60);
    expect(backlog).toBeGreaterThan(3_500);
    expect(drainedSeconds).toBeLessThan(2 * 3_600);
  });

  test('holds for a light load too, whose few messages come up most often', async () => {
    const { receivesMost, ...result } = await runOutage({ ...hour, perSecond: 0.05 });
    expect(result).toMatchObject({ deadLetters: 0, expired: 0, faults: [] });
    expect(receivesMost).toBeGreaterThan(5);
  });

  test('would put nearly all of these among the dead letters by five receives of two minutes', async () => {
    const without = { visibilitySeconds: 120, maxReceives: 5 };
    const { deadLetters, backlog } = await runOutage({ ...hour, perSecond: 0.05, without });
    expect(deadLetters).toBeGreaterThan(backlog / 2);
  });
});
