import { type EntityReading, entitiesOf } from '../../shared/domain/entities.ts';
import { type Attempt, attemptsKept, dayOf, type EntityDay, entityFigures } from '../../shared/domain/entityFigures.ts';
import { toBaseMinor } from '../../shared/domain/money.ts';
import type { Policy } from '../../shared/domain/policy.ts';
import type { Transaction } from '../../shared/domain/transaction.ts';

/** Counts the attempts on entities in memory, as the table's records do for payments that are received when they occur; without labels. */
export class EntityCounts {
  readonly #policy: Policy;
  readonly #accounts = new Map<string, number>();
  readonly #days = new Map<string, readonly EntityDay[]>();

  constructor(policy: Policy) {
    this.#policy = policy;
  }

  /** Counts the attempt on each entity that the payment names, and returns the figures with it. Payments come in the order of their time. */
  count(transaction: Transaction): EntityReading[] {
    const { baseCurrency, rates } = this.#policy;
    const { occurredAtMs, amountMinor, currency, accountId, userId } = transaction;
    const account = `${accountId}\n${userId}`;
    const number = this.#accounts.get(account) ?? this.#accounts.size;
    this.#accounts.set(account, number);
    const spendMinor = toBaseMinor(amountMinor, currency, baseCurrency, rates);
    const own = { account: number, atMs: occurredAtMs, spendMinor, baseCurrency };
    const today = dayOf(occurredAtMs);
    return entitiesOf(transaction, []).map(({ kind, id }) => {
      const key = `${kind}\n${id}`;
      const days = (this.#days.get(key) ?? []).filter(({ day }) => day >= today - 1);
      const figures = entityFigures(own, occurredAtMs, days, []);
      const before = days.find(({ day }) => day === today) ?? { day: today, attempts: [], isFull: false };
      const attempts: readonly Attempt[] = [...before.attempts, own];
      const after = {
        ...before,
        attempts: attempts.slice(-attemptsKept),
        isFull: before.isFull || attempts.length > attemptsKept,
      };
      this.#days.set(key, [...days.filter(({ day }) => day !== today), after]);
      return { kind, figures, cause: null };
    });
  }
}
