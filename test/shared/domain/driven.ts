import { paymentOf } from '../../../shared/domain/accountAfter.ts';
import type { DecisionEntry } from '../../../shared/domain/audit.ts';
import { type Arrival, decide, type Judgement, type RowsRead } from '../../../shared/domain/decide.ts';
import type { Decision } from '../../../shared/domain/decision.ts';
import { noFigures } from '../../../shared/domain/merchant.ts';
import type { ModelInForce } from '../../../shared/domain/model.ts';
import { toBaseMinor } from '../../../shared/domain/money.ts';
import type { Policy } from '../../../shared/domain/policy.ts';
import { namedSignals, type SignalName, signalNames } from '../../../shared/domain/signals/names.ts';
import type { Payment } from '../../../shared/domain/spans.ts';
import { type AccountState, newAccount } from '../../../shared/domain/state.ts';
import { decodeState, encodeState } from '../../../shared/domain/stateCodec.ts';
import type { Transaction } from '../../../shared/domain/transaction.ts';
import { compilePolicy } from '../../../shared/policy/compile.ts';
import { hashOf, SecretSealer } from '../../../shared/secrets/sealer.ts';
import type { Committed } from '../../support/oracle.ts';
import { barePolicy, transaction } from '../policy/fixtures.ts';

export const t0 = transaction.occurredAtMs;
export const sealer = new SecretSealer(new Uint8Array(32).fill(9), 1);
const readsMax = 400;

export interface DrivenDecision {
  readonly decision: Decision;
  readonly entry: DecisionEntry;
  readonly rowsRead: number;
  readonly named: Readonly<Record<SignalName, number | null>>;
}

/** One account through the real `decide()`: packed and unpacked between any two payments, rows answered from its own history. */
export class DrivenAccount {
  state: AccountState;
  readonly committed: Committed[] = [];
  readonly #rows: (Payment | null)[] = [];
  readonly #judgement: Judgement;
  readonly #policy: Policy;

  constructor(policy: Partial<Policy> = {}, model: ModelInForce = { model: null, degraded: 'NO_MODEL' }) {
    this.#policy = { ...barePolicy, ...policy };
    this.#judgement = { policy: compilePolicy(this.#policy, 1), model, sealer };
    this.state = newAccount(
      'c'.repeat(22),
      Uint8Array.from({ length: 16 }, (_, i) => 31 * i),
      t0,
    );
  }

  pay(given: Partial<Transaction> = {}, around: Partial<Omit<Arrival, 'transaction'>> = {}): DrivenDecision {
    const paid: Transaction = {
      ...transaction,
      transactionId: `t${this.committed.length}`,
      deviceId: null,
      location: null,
      metadata: null,
      ...given,
    };
    const arrival: Arrival = {
      receivedAtMs: paid.occurredAtMs,
      decidedAtMs: paid.occurredAtMs + 5,
      merchant: noFigures,
      lists: {},
      entities: [],
      ...around,
      transaction: paid,
    };
    const read: RowsRead[] = [];
    let rowsRead = 0;
    let step = decide(this.state, arrival, this.#judgement, read);
    while (step.kind === 'rowsNeeded') {
      if (read.length > readsMax) throw new Error('decide() asks without end');
      const { fromSequence, toSequence } = step.rows;
      rowsRead += toSequence - fromSequence + 1;
      read.push({ fromSequence, payments: this.#rows.slice(fromSequence - 1, toSequence) });
      step = decide(this.state, arrival, this.#judgement, read);
    }
    const { decision, entry } = step;
    if (entry.hash !== hashOf(entry.body)) throw new Error(`entry ${decision.sequence} does not hash to its hash`);
    const spendMinor = toBaseMinor(paid.amountMinor, paid.currency, this.#policy.baseCurrency, this.#policy.rates);
    this.#rows.push(paymentOf(decision, spendMinor));
    this.committed.push({
      transaction: paid,
      outcome: decision.outcome,
      spendMinor,
      triggered: signalNames.filter((_, i) => decision.triggered & (1 << i)),
    });
    this.state = decodeState(encodeState(step.account), step.account.sequence);
    return { decision, entry, rowsRead, named: namedSignals(decision.signals) };
  }
}
