import type { Measurements } from '../../shared/edge/metrics.ts';
import type { CheckpointResult } from './checkpoint.ts';

/** What a run tells CloudWatch: how long the oldest entry waited, and the age of the model in force while there is one. */
export const measures = ({ lagMs, leaves }: CheckpointResult, modelAgeMs: number | null): Measurements => ({
  CheckpointLag: { unit: 'Milliseconds', value: lagMs },
  CheckpointLeaves: { unit: 'Count', value: leaves },
  ...(modelAgeMs !== null && { ModelAge: { unit: 'Milliseconds', value: modelAgeMs } }),
});
