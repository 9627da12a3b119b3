import { round4 } from '../round.ts';
import { missing, reading, type Signal } from './signal.ts';

/** The merchant's fraud share by labels known now, drawn to the policy's prior: `(frauds + a) / (labelled + a + b)`. */
export const merchantRisk: Signal = ({ transaction, merchant, policy }) => {
  const { a, b } = policy.merchantPrior;
  const usual = round4(a / (a + b));
  if (transaction.merchantId === null) return reading(0, usual);
  if (merchant === null) return missing('STORE_UNAVAILABLE');
  return reading(round4((merchant.frauds + a) / (merchant.labelled + a + b)), usual);
};
