import { expect, test } from 'vitest';
import { runEntityStream } from './stream.ts';

test('figures are what brute force finds, with redelivery, reordering and late events: 40 entities of 200 events', async () => {
  const runs = await Promise.all(Array.from({ length: 40 }, (_, seed) => runEntityStream(seed + 1)));
  expect(runs.flatMap(({ faults }) => faults)).toEqual([]);
  for (const kind of ['redelivered', 'late', 'saturated'] as const)
    expect(
      runs.reduce((sum, run) => sum + run[kind], 0),
      kind,
    ).toBeGreaterThan(100);
});
