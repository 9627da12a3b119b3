import { parseTransactionText } from '../../shared/contract/transaction.ts';
import { paymentOf } from '../../shared/domain/accountAfter.ts';
import { zeroHash } from '../../shared/domain/audit.ts';
import { decide, type RowsRead } from '../../shared/domain/decide.ts';
import type { Decision } from '../../shared/domain/decision.ts';
import { type EntityReading, entitiesOf } from '../../shared/domain/entities.ts';
import { type Attempt, attemptsKept, dayOf, type EntityDay, entityFigures } from '../../shared/domain/entityFigures.ts';
import { type MerchantFigures, noFigures } from '../../shared/domain/merchant.ts';
import {
  type MerchantPayment,
  type MerchantTraffic,
  noTraffic,
  trafficFigures,
  withPayment,
} from '../../shared/domain/merchantTraffic.ts';
import { toBaseMinor } from '../../shared/domain/money.ts';
import type { CompiledPolicy } from '../../shared/domain/policy.ts';
import { signalNames } from '../../shared/domain/signals/names.ts';
import type { Payment } from '../../shared/domain/spans.ts';
import { type AccountState, newAccount } from '../../shared/domain/state.ts';
import type { Transaction } from '../../shared/domain/transaction.ts';
import type { SimulatedTransaction } from './traffic.ts';

interface Account {
  readonly number: number;
  state: AccountState;
  readonly payments: Payment[];
}

/** The stream, and the time for which a function keeps a merchant's figures. */
const merchantLagMs = 12_000;
const newDevice = signalNames.indexOf('NEW_DEVICE_USED');

/**
 * Decides simulated payments with the engine's own `decide`, in memory, each received when it occurred; without a model and labels. Entities
 * are counted exactly, merchants as late as behind the stream.
 */
export class SimulatedEngine {
  readonly #policy: CompiledPolicy;
  readonly #lists: Readonly<Record<string, boolean>>;
  readonly #accounts = new Map<string, Account>();
  readonly #entities = new Map<string, EntityDay[]>();
  readonly #merchants = new Map<string, MerchantTraffic>();
  readonly #unseen: { readonly merchantId: string; readonly payment: MerchantPayment }[] = [];

  constructor(policy: CompiledPolicy) {
    this.#policy = policy;
    this.#lists = Object.fromEntries(Object.keys(policy.policy.lists).map((name) => [name, false]));
  }

  /** Payments come in the order of their time. Throws a TypeError for a transaction that the contract refuses. */
  decide({ transaction: sent, occurredAtMs }: SimulatedTransaction): Decision {
    const parsed = parseTransactionText(JSON.stringify(sent), occurredAtMs);
    if (!parsed.ok) throw new TypeError(`${sent.transactionId}: ${JSON.stringify(parsed)}`);
    const { transaction } = parsed;
    const account = this.#account(transaction);
    const arrival = {
      transaction,
      receivedAtMs: occurredAtMs,
      decidedAtMs: occurredAtMs,
      merchant: this.#merchant(transaction),
      lists: this.#lists,
      entities: this.#attempt(transaction, account),
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
    this.#commit(step.decision);
    return step.decision;
  }

  #account({ accountId, userId, occurredAtMs }: Transaction): Account {
    const id = `${accountId}\n${userId}`;
    const known = this.#accounts.get(id);
    if (known !== undefined) return known;
    const account = { number: this.#accounts.size, state: newAccount('', new Uint8Array(16), occurredAtMs), payments: [] };
    this.#accounts.set(id, account);
    return account;
  }

  /** Counts the attempt on each of the payment's entities, and reads what was there before. */
  #attempt(transaction: Transaction, account: Account): EntityReading[] {
    const { baseCurrency, rates } = this.#policy.policy;
    const { occurredAtMs, amountMinor, currency } = transaction;
    const spendMinor = toBaseMinor(amountMinor, currency, baseCurrency, rates);
    const own = { account: account.number, atMs: occurredAtMs, spendMinor, baseCurrency };
    const today = dayOf(occurredAtMs);
    return entitiesOf(transaction, []).map(({ kind, id }) => {
      const key = `${kind}\n${id}`;
      const days = (this.#entities.get(key) ?? []).filter(({ day }) => day >= today - 1);
      const figures = entityFigures(own, occurredAtMs, days, []);
      const before = days.find(({ day }) => day === today) ?? { day: today, attempts: [], isFull: false };
      const attempts: readonly Attempt[] = [...before.attempts, own];
      const after = {
        day: today,
        attempts: attempts.slice(-attemptsKept),
        isFull: before.isFull || attempts.length > attemptsKept,
      };
      this.#entities.set(key, [...days.filter(({ day }) => day !== today), after]);
      return { kind, figures, cause: null };
    });
  }

  #merchant({ merchantId, occurredAtMs }: Transaction): MerchantFigures {
    for (
      let next = this.#unseen[0];
      next !== undefined && next.payment.occurredAtMs + merchantLagMs <= occurredAtMs;
      next = this.#unseen[0]
    ) {
      this.#merchants.set(next.merchantId, withPayment(this.#merchants.get(next.merchantId) ?? noTraffic, next.payment));
      this.#unseen.shift();
    }
    const traffic = merchantId === null ? undefined : this.#merchants.get(merchantId);
    return traffic === undefined ? noFigures : { ...noFigures, traffic: trafficFigures(traffic, occurredAtMs) };
  }

  #commit({ transaction, signals, outcome }: Decision): void {
    const { merchantId, transactionId, accountId, userId, occurredAtMs } = transaction;
    if (merchantId === null) return;
    const account = `${accountId}\n${userId}`;
    const payment = { occurredAtMs, transactionId, account, newDevice: signals[newDevice] === 1, flagged: outcome !== 'ALLOW' };
    this.#unseen.push({ merchantId, payment });
  }
}

const sealer = {
  secretVersion: 0,
  seal: () => ({ sealed: '', fingerprint: '' }),
  hash: () => zeroHash,
};
