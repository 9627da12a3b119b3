import { round4 } from '../round.ts';
import { missing, reading, type Signal } from './signal.ts';

/** Percentile of the isolation-forest score. */
export const anomaly: Signal = ({ anomaly, anomalyCause }) =>
  anomaly === null ? missing(anomalyCause) : reading(round4(anomaly.percentile), 50);
