import type { Measurements } from '../../shared/edge/metrics.ts';
import type { SweepResult } from './sweep.ts';

/** What a run tells CloudWatch. */
export const measures = ({ ageMs, findings, late }: SweepResult): Measurements => ({
  SweepAge: { unit: 'Milliseconds', value: ageMs },
  SweepFindings: { unit: 'Count', value: findings },
  SweepLateHeads: { unit: 'Count', value: late },
});
