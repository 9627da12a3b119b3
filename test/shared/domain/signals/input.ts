import { noFigures } from '../../../../shared/domain/merchant.ts';
import type { Policy } from '../../../../shared/domain/policy.ts';
import { signalNames } from '../../../../shared/domain/signals/names.ts';
import type { SignalInput } from '../../../../shared/domain/signals/signal.ts';
import { type AccountState, newAccount } from '../../../../shared/domain/state.ts';
import type { Transaction } from '../../../../shared/domain/transaction.ts';
import type { WindowSums } from '../../../../shared/domain/windowSums.ts';
import { barePolicy, transaction } from '../../policy/fixtures.ts';

export const t0 = transaction.occurredAtMs;
export const salt = Uint8Array.from({ length: 16 }, (_, i) => i * 7);

export const emptySums: WindowSums = {
  count1m: 0,
  count10m: 0,
  count1h: 0,
  count24h: 0,
  spend24hMinor: 0,
  triggers24h: signalNames.map(() => 0),
};

type Given = Partial<Omit<SignalInput, 'transaction' | 'account' | 'sums' | 'policy'>> & {
  readonly transaction?: Partial<Transaction>;
  readonly account?: Partial<AccountState>;
  readonly sums?: Partial<WindowSums>;
  readonly policy?: Partial<Policy>;
};

/** What a signal sees of a first payment of 1,299.00 on a new account, changed where `given` says so. */
export const signalInput = (given: Given = {}): SignalInput => {
  const paid = { ...transaction, ...given.transaction };
  return {
    spendMinor: paid.amountMinor,
    merchant: noFigures,
    entities: [],
    ...given,
    transaction: paid,
    account: { ...newAccount('chain', salt, t0), ...given.account },
    sums: { ...emptySums, ...given.sums },
    policy: { ...barePolicy, ...given.policy },
  };
};
