import { describe, expect, it } from 'vitest';
import { measures } from '../../../functions/checkpoint/measures.ts';

describe('the measures of a checkpoint run', () => {
  const result = { kind: 'made', number: 1, leaves: 7, lagMs: 90_000, isAll: true } as const;

  it('are its leaves, how long the oldest waited, and the age of the model in force', () => {
    expect(measures(result, 3_600_000)).toEqual({
      CheckpointLag: { unit: 'Milliseconds', value: 90_000 },
      CheckpointLeaves: { unit: 'Count', value: 7 },
      ModelAge: { unit: 'Milliseconds', value: 3_600_000 },
    });
  });

  it('say nothing of a model while there is none: an age of 0 would read as a fresh one', () => {
    expect(Object.keys(measures(result, null))).toEqual(['CheckpointLag', 'CheckpointLeaves']);
  });
});
