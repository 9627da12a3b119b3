import type { Degradation } from '../decision.ts';
import type { EntityReading } from '../entities.ts';
import type { MerchantFigures } from '../merchant.ts';
import type { Policy } from '../policy.ts';
import type { AccountState } from '../state.ts';
import type { Transaction } from '../transaction.ts';
import type { WindowSums } from '../windowSums.ts';

/** What a signal may look at: the payment, and the account as it was committed before it. */
export interface SignalInput {
  readonly transaction: Transaction;
  /** The amount in base minor units; null without a rate. */
  readonly spendMinor: number | null;
  readonly account: AccountState;
  /** Of the windows that end with this payment, without it. */
  readonly sums: WindowSums;
  readonly policy: Policy;
  /** Label figures of the merchant as known now; null when they cannot be read. */
  readonly merchant: MerchantFigures | null;
  /** One for each entity that the payment names. */
  readonly entities: readonly EntityReading[];
}

/** A value, or the cause why there is none; never zero instead. */
export type Reading =
  | { readonly value: number; readonly usual: number | null; readonly cause?: never }
  | { readonly value: null; readonly usual: number | null; readonly cause: Degradation['cause'] };

export type Signal = (input: SignalInput) => Reading;

export const reading = (value: number, usual: number | null = null): Reading => ({ value, usual });

export const missing = (cause: Degradation['cause']): Reading => ({ value: null, usual: null, cause });
