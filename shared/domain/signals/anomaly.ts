import type { AnomalyScore } from '../model.ts';
import { round4 } from '../round.ts';
import { type Reading, reading } from './signal.ts';

/** Percentile of the isolation-forest score; half of all payments are below 50. */
export const anomaly = (score: AnomalyScore): Reading => reading(round4(score.percentile), 50);
