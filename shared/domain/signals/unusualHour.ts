import { dayMs, hourMs, minuteMs } from '../durations.ts';
import { round4 } from '../round.ts';
import type { Transaction } from '../transaction.ts';
import { reading, type Signal } from './signal.ts';

export const nightHalfLifeMs = 45 * dayMs;
const shareMax = 0.05;

/** 1 between 01:00 and 04:59 local time when under 5 % of the account's payments were. What is usual is that share, in percent. */
export const unusualHour: Signal = ({ transaction, account }) => {
  const { weight, part } = account.nights;
  const share = weight > 0 ? part / weight : 0;
  return reading(isNight(transaction) && share < shareMax ? 1 : 0, account.payments > 0 ? round4(share * 100) : null);
};

export const isNight = ({ occurredAtMs, offsetMinutes }: Pick<Transaction, 'occurredAtMs' | 'offsetMinutes'>): boolean => {
  const ofDayMs = (occurredAtMs + offsetMinutes * minuteMs) % dayMs;
  return ofDayMs >= hourMs && ofDayMs < 5 * hourMs;
};
