import { hash32 } from './profile.ts';
import type { Transaction } from './transaction.ts';

/** What an account's profile learns from a payment and is asked about it. */
export const profileFacts = (transaction: Transaction, spendMinor: number | null) => ({
  occurredAtMs: transaction.occurredAtMs,
  offsetMinutes: transaction.offsetMinutes,
  spendMinor,
  deviceHash: transaction.deviceId === null ? null : hash32(transaction.deviceId),
  merchantHash: transaction.merchantId === null ? null : hash32(transaction.merchantId),
  categoryHash: transaction.merchantCategory === null ? null : hash32(transaction.merchantCategory),
  location: transaction.location,
});
