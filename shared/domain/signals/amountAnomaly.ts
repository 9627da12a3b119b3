import { decayed } from '../decayed.ts';
import { dayMs } from '../durations.ts';
import { round4 } from '../round.ts';
import { missing, reading, type Signal, type SignalInput } from './signal.ts';

export const amountHalfLifeMs = 15 * dayMs;
const weightMin = 5;
const deviationMin = 0.25;

/**
 * How many standard deviations ln(amount) lies above the account's mean: `(ln a - mean) / max(sd, 0.25)`. What is usual is the
 * amount at the mean, in base minor units.
 */
export const amountAnomaly: Signal = (input) => {
  if (input.spendMinor === null) return missing('NO_RATE');
  const { mean, sd, own } = amountProfile(input);
  const logAmount = Math.log(Math.max(input.spendMinor, 1));
  return reading(round4((logAmount - mean) / Math.max(sd, deviationMin)), own ? Math.round(Math.exp(mean)) : null);
};

/** Mean and standard deviation of ln(amount); the policy's population while the account's own weigh too little. */
export function amountProfile({ account, transaction, policy }: Pick<SignalInput, 'account' | 'transaction' | 'policy'>): {
  readonly mean: number;
  readonly sd: number;
  readonly own: boolean;
} {
  const { amounts } = account;
  if (decayed(amounts.weight, amounts.atMs, transaction.occurredAtMs, amountHalfLifeMs) < weightMin)
    return { ...policy.population, own: false };
  return { mean: amounts.mean, sd: Math.sqrt(Math.max(0, amounts.spread / amounts.weight)), own: true };
}
