import { parseTransactionText } from '../../shared/contract/transaction.ts';
import { paymentOf } from '../../shared/domain/accountAfter.ts';
import { zeroHash } from '../../shared/domain/audit.ts';
import { decide, type RowsRead } from '../../shared/domain/decide.ts';
import type { Decision } from '../../shared/domain/decision.ts';
import { noFigures } from '../../shared/domain/merchant.ts';
import type { CompiledPolicy } from '../../shared/domain/policy.ts';
import type { Payment } from '../../shared/domain/spans.ts';
import { type AccountState, newAccount } from '../../shared/domain/state.ts';
import type { SimulatedTransaction } from './traffic.ts';

interface Account {
  state: AccountState;
  readonly payments: Payment[];
}

/** Decides simulated payments with the engine's own `decide`, in memory, each received when it occurred; without a model and labels. */
export class SimulatedEngine {
  readonly #policy: CompiledPolicy;
  readonly #lists: Readonly<Record<string, boolean>>;
  readonly #accounts = new Map<string, Account>();

  constructor(policy: CompiledPolicy) {
    this.#policy = policy;
    this.#lists = Object.fromEntries(Object.keys(policy.policy.lists).map((name) => [name, false]));
  }

  /** Payments come in the order of their time. Throws a TypeError for a transaction that the contract refuses. */
  decide({ transaction: sent, occurredAtMs }: SimulatedTransaction): Decision {
    const parsed = parseTransactionText(JSON.stringify(sent), occurredAtMs);
    if (!parsed.ok) throw new TypeError(`${sent.transactionId}: ${JSON.stringify(parsed)}`);
    const { transaction } = parsed;
    const id = `${transaction.accountId}\n${transaction.userId}`;
    const account = this.#accounts.get(id) ?? { state: newAccount('', new Uint8Array(16), occurredAtMs), payments: [] };
    this.#accounts.set(id, account);
    const arrival = {
      transaction,
      receivedAtMs: occurredAtMs,
      decidedAtMs: occurredAtMs,
      merchant: noFigures,
      lists: this.#lists,
    };
    const judgement = { policy: this.#policy, model: { model: null, degraded: 'NO_MODEL' }, sealer } as const;
    const read: RowsRead[] = [];
    let step = decide(account.state, arrival, judgement);
    while (step.kind === 'rowsNeeded') {
      const { fromSequence, toSequence } = step.rows;
      read.push({ fromSequence, payments: account.payments.slice(fromSequence - 1, toSequence) });
      step = decide(account.state, arrival, judgement, read);
    }
    account.state = step.account;
    account.payments.push(paymentOf(step.decision, step.entry.body.spendMinor));
    return step.decision;
  }
}

const sealer = {
  secretVersion: 0,
  seal: () => ({ sealed: '', fingerprint: '' }),
  hash: () => zeroHash,
};
