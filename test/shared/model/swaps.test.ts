import { expect, it } from 'vitest';
import { runSwaps } from '../../support/swapRun.ts';

it('names in each decision the artefact that scored it, and replays it identically, through 100 swaps', async () => {
  const run = await runSwaps(100, 50);
  expect(run).toMatchObject({ swaps: 100, decisions: 5000, misnamed: 0, differing: 0 });
  expect([...run.byVersion]).toEqual([
    [1, 1700],
    [2, 1650],
    [3, 1650],
  ]);
}, 120_000);
