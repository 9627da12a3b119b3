import { describe, expect, it } from 'vitest';
import { inParallel } from '../../../shared/store/parallel.ts';

describe('acts in parallel', () => {
  it('give their results in the order of the values, whichever ends first', async () => {
    const slowest = [30, 1, 15, 1];
    const results = await inParallel(slowest, 3, async (ms, index) => {
      await new Promise((resolve) => setTimeout(resolve, ms));
      return `${index}: ${ms}`;
    });
    expect(results).toEqual(['0: 30', '1: 1', '2: 15', '3: 1']);
  });

  it.each([
    ['are at most as many as allowed at a time', 10, 4, 4],
    ['are as many as there are values', 3, 16, 3],
    ['are none for no values', 0, 16, 0],
  ])('%s', async (_, values, atOnceMax, expected) => {
    let running = 0;
    let runningMost = 0;
    await inParallel(Array.from({ length: values }), atOnceMax, async () => {
      runningMost = Math.max(runningMost, ++running);
      await Promise.resolve();
      running--;
    });
    expect(runningMost).toBe(expected);
  });

  it('begin nothing more after a failure, which is the answer', async () => {
    const begun: number[] = [];
    const all = inParallel([1, 2, 3, 4, 5, 6], 2, async (value) => {
      begun.push(value);
      if (value === 2) throw new Error('two');
      await new Promise((resolve) => setTimeout(resolve, 5));
    });
    await expect(all).rejects.toThrow('two');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(begun).toEqual([1, 2]);
  });
});
