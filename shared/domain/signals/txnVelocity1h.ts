import { round4 } from '../round.ts';
import { missing, reading, type Signal } from './signal.ts';

/** Payments in 1 h, this one and those of every outcome included. */
export const txnVelocity1h: Signal = ({ sums, account }) =>
  sums.count1h === null
    ? missing('LATE')
    : reading(sums.count1h + 1, account.payments > 0 ? round4(account.usual.count1h) : null);
