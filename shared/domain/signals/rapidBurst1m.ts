import { round4 } from '../round.ts';
import { missing, reading, type Signal } from './signal.ts';

/** Payments in 60 s, this one and those of every outcome included. */
export const rapidBurst1m: Signal = ({ sums, account }) =>
  sums.count1m === null
    ? missing('LATE')
    : reading(sums.count1m + 1, account.payments > 0 ? round4(account.usual.count1m) : null);
