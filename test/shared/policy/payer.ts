import { paymentOf } from '../../../shared/domain/accountAfter.ts';
import type { Sealer } from '../../../shared/domain/audit.ts';
import { decide, type RowsRead } from '../../../shared/domain/decide.ts';
import type { Decision } from '../../../shared/domain/decision.ts';
import type { EntityFigures } from '../../../shared/domain/entityFigures.ts';
import type { TrafficFigures } from '../../../shared/domain/merchant.ts';
import type { Payment } from '../../../shared/domain/spans.ts';
import { type AccountState, newAccount } from '../../../shared/domain/state.ts';
import type { Transaction } from '../../../shared/domain/transaction.ts';
import { compilePolicy } from '../../../shared/policy/compile.ts';
import { defaultPolicy } from '../../../shared/policy/default.ts';
import { transaction } from './fixtures.ts';

export const policy = compilePolicy(defaultPolicy, 1);
const sealer: Sealer = {
  secretVersion: 1,
  seal: () => ({ sealed: '', fingerprint: '' }),
  hash: () => '0'.repeat(64),
};
export const dayMs = 86_400_000;
export const minuteMs = 60_000;
/** Midnight of 2026-11-20 where the payer is, UTC+05:30. */
export const midnightMs = Date.UTC(2026, 10, 19, 18, 30);
export const atLocal = (hours: number, minutes = 0): number => midnightMs + (hours * 60 + minutes) * minuteMs;

interface Paid {
  readonly decision: Decision;
  readonly before: AccountState;
}

/** What is known besides the account. */
export interface Known {
  readonly labelled?: number;
  readonly frauds?: number;
  readonly traffic?: TrafficFigures;
  /** By kind, where they are more than this payment alone. */
  readonly entities?: Readonly<Record<string, Partial<EntityFigures>>>;
}

const alone: EntityFigures = {
  accounts1h: 1,
  accounts24h: 1,
  payments1h: 1,
  payments24h: 1,
  amount24hMinor: 0,
  amountPartial: false,
  frauds: 0,
  late: false,
  saturated: false,
};

/** One account that pays under the default policy; nothing is stored. */
export class Payer {
  account = newAccount('chain', new Uint8Array(16), midnightMs - 60 * dayMs);
  count = 0;
  readonly payments: Payment[] = [];

  pay(change: Partial<Transaction> = {}, { traffic, entities = {}, ...labels }: Known = { labelled: 0, frauds: 0 }): Paid {
    this.count += 1;
    const paid = { ...transaction, transactionId: `t${this.count}`, occurredAtMs: atLocal(13), ...change };
    const before = this.account;
    const arrival = {
      transaction: paid,
      receivedAtMs: paid.occurredAtMs,
      decidedAtMs: paid.occurredAtMs,
      merchant: { labelled: 0, frauds: 0, ...labels, riskShort: null, riskLong: null, ...(traffic && { traffic }) },
      lists: Object.fromEntries(Object.keys(defaultPolicy.lists).map((name) => [name, false])),
      entities: Object.entries(entities).map(([kind, figures]) => ({ kind, figures: { ...alone, ...figures }, cause: null })),
    };
    const judgement = { policy, model: { model: null, degraded: 'NO_MODEL' }, sealer } as const;
    const read: RowsRead[] = [];
    let step = decide(this.account, arrival, judgement);
    while (step.kind === 'rowsNeeded') {
      const { fromSequence, toSequence } = step.rows;
      read.push({ fromSequence, payments: this.payments.slice(fromSequence - 1, toSequence) });
      step = decide(this.account, arrival, judgement, read);
    }
    this.account = step.account;
    this.payments.push(paymentOf(step.decision, step.entry.body.spendMinor));
    return { decision: step.decision, before };
  }

  /** Four payments a day between 09:00 and 19:00, from 200 to 2,000 rupees, for the days before. */
  livesOrdinarily(days: number): Paid[] {
    const amounts = [20_000, 65_000, 129_900, 200_000, 48_050, 90_000, 31_000];
    const paid: Paid[] = [];
    for (let day = days; day >= 1; day--) {
      for (const [i, hour] of [9, 12, 16, 19].entries()) {
        const amountMinor = amounts[(day * 4 + i) % amounts.length]!;
        paid.push(this.pay({ occurredAtMs: atLocal(hour, day % 50) - day * dayMs, amountMinor }));
      }
    }
    return paid;
  }
}

export const signalsOf = ({ reasons }: Decision): string[] => reasons.map((reason) => reason.signal);
