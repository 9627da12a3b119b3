import type { DecidedEntities } from './entityFigures.ts';
import type { Outcome } from './outcome.ts';
import type { Transaction } from './transaction.ts';

/** What was decided, as facts: everything a reader sees is rendered from this and the policy version it names. */
export interface Decision {
  readonly transaction: Transaction;
  readonly receivedAtMs: number;
  readonly decidedAtMs: number;
  readonly outcome: Outcome;
  /** Sum of the reasons' points clipped to 0..100, at most 2 decimals. */
  readonly score: number;
  /** The outcome before it in the chain; null for the first. */
  readonly previousOutcome: Outcome | null;
  readonly reasons: readonly Reason[];
  /** By position in `signalNames`; null = could not be computed (see `degraded`). */
  readonly signals: readonly (number | null)[];
  /** Bit i = signal i triggered. */
  readonly triggered: number;
  /** Triggers per signal over the account's last 24 h, this transaction included. */
  readonly triggers24h: readonly number[];
  readonly anomaly: Anomaly | null;
  /** What the model sees, by position in `featureNames`, rounded by `round16`: kept to train on. Null once erased. */
  readonly features: readonly number[] | null;
  /** By kind, of the payment's entities; null where they could not be computed (see `degraded`). Null for a payment without any. */
  readonly entities: DecidedEntities | null;
  readonly degraded: readonly Degradation[];
  readonly late: boolean;
  readonly policyVersion: number;
  readonly modelVersion: number | null;
  /** Position in the account's chain, from 1. */
  readonly sequence: number;
  /** Lower-case hex hash of the audit entry. */
  readonly hash: string;
}

export interface Reason {
  /** A signal's name, `RULE:<id>`, `LIST:<name>` or `MODEL`. */
  readonly signal: string;
  readonly value: number | null;
  readonly threshold: number | null;
  readonly points: number;
  /** What is usual for this account, in the value's unit. */
  readonly usual: number | null;
}

export interface Anomaly {
  /** 0..1 */
  readonly score: number;
  /** 0..100 */
  readonly percentile: number;
  readonly contributions: readonly { readonly feature: string; readonly points: number }[];
}

export interface Degradation {
  /** A signal's name, `MODEL`, `ENTITY:<kind>`, or `RULE:<id>` of a rule that failed. */
  readonly part: string;
  readonly cause: Cause;
}

/** Why a part is missing. Stored rows name a cause by its position: append only. */
export const causes = [
  'LATE',
  'NO_MODEL',
  'NOT_AVAILABLE',
  'NO_RATE',
  'MODEL_INVALID',
  'STORE_UNAVAILABLE',
  'RULE_FAILED',
  'NOT_TRACKED',
  'WARMING_UP',
] as const;

export type Cause = (typeof causes)[number];
