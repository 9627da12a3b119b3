import type { Judgement } from '../domain/decide.ts';
import type { EntityReading } from '../domain/entities.ts';
import type { MerchantFigures } from '../domain/merchant.ts';
import type { CompiledPolicy, Policy } from '../domain/policy.ts';
import type { Transaction } from '../domain/transaction.ts';
import type { Clock, Randomness, TableStore } from '../ports/ports.ts';
import type { Submission } from './submission.ts';

export interface LedgerDependencies {
  readonly table: TableStore;
  readonly clock: Clock;
  readonly randomness: Randomness;
  /** Policy, model and sealer in force for a tenant; throws a store error when they cannot be read. */
  readonly judgement: (tenant: string) => Promise<Judgement>;
  /** For a payment of that time; null when they cannot be read. */
  readonly merchantFigures: (tenant: string, merchantId: string, occurredAtMs: number) => Promise<MerchantFigures | null>;
  readonly listHits: (
    tenant: string,
    policy: CompiledPolicy,
    transaction: Transaction,
  ) => Promise<Readonly<Record<string, boolean>>>;
  readonly entities: EntityCounter;
}

/** Counts payments on what accounts have in common. */
export interface EntityCounter {
  /**
   * Counts the payment on each of its entities and returns what is known of them, this payment included; asked about the same submission
   * again, it returns the same. What cannot be counted is a reading with its cause. Throws no store error.
   */
  readonly count: (submission: Submission, policy: Policy) => Promise<readonly EntityReading[]>;
  /** Undoes it for a repeat that is none: its id was used by `original`; null when that is erased. Throws no store error. */
  readonly takeBack: (submission: Submission, policy: Policy, original: Transaction | null) => Promise<void>;
}

export const ledgerLimits = {
  /** Payments of one account in one transaction: 1 + 2 x 24 items, under the table's 100. */
  groupMax: 24,
  /** Writes of one transaction: the table's own limit. */
  writesMax: 100,
  /** Attempts to commit several accounts together, each without the accounts that lost the attempt before. */
  packAttemptsMax: 4,
  /** Accounts that are settled alone at the same time. */
  accountsAtOnce: 10,
  attemptsMax: 60,
  /** Reads of chain rows for one payment. */
  rowReadsMax: 200,
  pageMax: 100,
  backoffBaseMs: 10,
  backoffMaxMs: 1_000,
} as const;
