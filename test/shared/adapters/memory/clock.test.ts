import { describe, expect, it } from 'vitest';
import { virtualClock } from '../../../../shared/adapters/memory/clock.ts';

describe('virtual time', () => {
  it('stands still until told, then wakes sleepers in the order of their times', async () => {
    const clock = virtualClock(100);
    const woken: string[] = [];
    const sleepers = [
      clock.sleep(30).then(() => woken.push(`late at ${clock.nowMs()}`)),
      clock.sleep(10).then(() => woken.push('first of two')),
      clock.sleep(10).then(() => woken.push('second of two')),
    ];
    expect(clock.nowMs()).toBe(100);
    clock.advance(10);
    await Promise.all(sleepers.slice(1));
    expect(woken).toEqual(['first of two', 'second of two']);
    expect(clock.sleepers()).toBe(1);
    expect(clock.wakeNext()).toBe(true);
    await Promise.all(sleepers);
    expect(woken.at(-1)).toBe('late at 130');
    expect(clock.wakeNext()).toBe(false);
  });

  it('never goes back', () => {
    const clock = virtualClock(0);
    void clock.sleep(-5);
    clock.advance(7);
    expect(clock.nowMs()).toBe(7);
  });
});
