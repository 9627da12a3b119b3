import { describe, expect, it } from 'vitest';
import { virtualClock } from '../../../../shared/adapters/memory/clock.ts';
import { seededRandomness } from '../../../../shared/adapters/memory/random.ts';

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

describe('seeded randomness', () => {
  it('repeats itself for a seed and differs for another', () => {
    expect(seededRandomness(1).bytes(16)).toEqual(seededRandomness(1).bytes(16));
    expect(seededRandomness(1).bytes(16)).not.toEqual(seededRandomness(2).bytes(16));
  });

  it('is spread evenly over [0, 1)', () => {
    const random = seededRandomness(3);
    const tenths = new Array<number>(10).fill(0);
    for (let draw = 0; draw < 10_000; draw += 1) {
      const value = random.fraction();
      expect(value >= 0 && value < 1).toBe(true);
      tenths[Math.floor(value * 10)]! += 1;
    }
    for (const count of tenths) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  });

  it('shuffles without losing or doubling a value, and picks only what is there', () => {
    const random = seededRandomness(4);
    const values = Array.from({ length: 100 }, (_, n) => n);
    const shuffled = random.shuffled(values);
    expect(shuffled).not.toEqual(values);
    expect(shuffled.toSorted((a, b) => a - b)).toEqual(values);
    expect(values).toContain(random.pick(values));
    expect(() => random.pick([])).toThrow(RangeError);
  });
});
