import { addMinor } from '../window.ts';
import { missing, reading, type Signal } from './signal.ts';

/** Base minor units spent in 24 h, this payment included; what was BLOCKed before does not count. */
export const totalSpend24h: Signal = ({ spendMinor, sums, account }) => {
  if (spendMinor === null) return missing('NO_RATE');
  if (sums.spend24hMinor === null) return missing('LATE');
  return reading(addMinor(sums.spend24hMinor, spendMinor), account.payments > 0 ? Math.round(account.usual.spend24hMinor) : null);
};
