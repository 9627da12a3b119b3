import type { Transaction } from '../../../shared/domain/transaction.ts';
import { dispositions } from '../../../shared/reviews/labels.ts';
import { seededRandom } from '../../../shared/store/random.ts';
import type { Stack } from './world.ts';

/** Payments and labels by a seed: the same on every stack. */
export interface Action {
  readonly afterMs: number;
  readonly act: (stack: Stack) => Promise<unknown>;
}

/** More than the default policy lets through. */
const blockedMinor = 3_000_000_000;

/** Accounts share it. */
export const addressOf = (account: number): string => `10.0.0.${account % 2}`;

const payment = (id: string, account: number, atMs: number, amountMinor: number): Transaction => ({
  transactionId: id,
  userId: `u_${account}`,
  accountId: `a_${account}`,
  occurredAtMs: atMs,
  offsetMinutes: 330,
  amountMinor,
  currency: 'INR',
  channel: null,
  deviceId: `d_${account}_${amountMinor % 3}`,
  merchantId: 'm_1',
  merchantCategory: null,
  ipAddress: addressOf(account),
  beneficiaryId: null,
  instrumentId: null,
  location: null,
  metadata: null,
});

export interface ScriptOptions {
  readonly seed: number;
  readonly actions: number;
  /** Names the transactions, so that scripts can follow each other. */
  readonly name: string;
  /** Accounts whose payments may be large enough to be blocked. */
  readonly flagged: readonly number[];
  /** Accounts that pay little. */
  readonly quiet: readonly number[];
  /** Transactions that may be labelled; those of this script when left out. */
  readonly labelled?: readonly string[];
}

/** Also returns the ids of its payments, those of flagged accounts first. */
export const script = ({ seed, actions, name, flagged, quiet, labelled }: ScriptOptions) => {
  const random = seededRandom(seed);
  const made: Action[] = [];
  const ids: string[] = [];
  for (let i = 0; i < actions; i += 1) {
    const afterMs = random.below(90_000);
    const ofLabels = labelled ?? ids;
    if (ofLabels.length > 0 && random.below(8) === 0) {
      const id = random.pick(ofLabels);
      const disposition = random.pick(dispositions);
      made.push({ afterMs, act: (stack) => stack.label(id, disposition) });
      continue;
    }
    const isFlagged = flagged.length > 0 && random.below(3) === 0;
    const account = random.pick(isFlagged ? flagged : quiet);
    const id = `${name}_${i}`;
    ids.push(id);
    const amountMinor = isFlagged ? blockedMinor + random.below(1_000) : 10_000 + random.below(5_000);
    made.push({ afterMs, act: (stack) => stack.pay(payment(id, account, stack.clock.nowMs(), amountMinor)) });
  }
  return { actions: made, ids };
};

/** Acts on a stack; its stream is delivered, or lost, after each action. */
export const play = async (stack: Stack, actions: readonly Action[]): Promise<void> => {
  for (const { afterMs, act } of actions) {
    stack.advance(afterMs);
    await act(stack);
    await stack.deliver();
  }
};
