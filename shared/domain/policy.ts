import type { TrackedKind } from './entities.ts';
import type { Outcome } from './outcome.ts';
import type { FirstSignalName, SignalName } from './signals/names.ts';

/** The policy document as published: JSON, versioned, immutable. */
export interface Policy {
  /** ISO 4217; spend is summed in its minor units. */
  readonly baseCurrency: string;
  /** Units of the base currency for one unit of the named one, as decimal text. */
  readonly rates: Readonly<Record<string, string>>;
  /** A score at or above a cut-off has that outcome. */
  readonly cutoffs: { readonly review: number; readonly block: number };
  /** A policy may leave out the signals that 0.2 brought: `signalSetting`. */
  readonly signals: Readonly<Record<FirstSignalName, SignalSetting>> & Readonly<Partial<Record<SignalName, SignalSetting>>>;
  readonly rules: readonly Rule[];
  readonly lists: Readonly<Record<string, List>>;
  /** The least outcome when a part named by `failOn` is missing. */
  readonly failTo: Outcome;
  /** Degradation causes that call `failTo`. Null: every cause but LATE, NO_MODEL and NOT_AVAILABLE. */
  readonly failOn: readonly string[] | null;
  /** Mean and standard deviation of ln(amount in base minor units), until an account has a history of its own. */
  readonly population: { readonly mean: number; readonly sd: number };
  /** Beta prior of a merchant's fraud share: (frauds + a) / (labelled + a + b). */
  readonly merchantPrior: { readonly a: number; readonly b: number };
  /** Weight of the learned layer, 0 (off) to 1. */
  readonly learnedWeight: number;
  /** Kinds of entities that attempts are counted on; left out: `defaultTracked`. */
  readonly entities?: readonly TrackedKind[] | undefined;
  /** Of what people are told; left out: of every BLOCK, of no REVIEW, of degraded decisions, and of all that may be left out below. */
  readonly alerts?: AlertChoice | undefined;
}

export interface SignalSetting {
  /** Null: it never triggers. */
  readonly threshold: number | null;
  readonly points: number;
}

const unset: SignalSetting = { threshold: null, points: 0 };

/** What a policy says of a signal; one that it leaves out never triggers. */
export const signalSetting = ({ signals }: Policy, name: SignalName): SignalSetting => signals[name] ?? unset;

export interface AlertChoice {
  readonly blocks: boolean;
  /** The least score of a REVIEW that is told; null: none is. */
  readonly reviewsFrom: number | null;
  readonly degraded: boolean;
  /** Messages that can never be decided; left out: told. */
  readonly deadLetters?: boolean;
  /** A model in force that is too old; left out: told. Of the default tenant's policy alone. */
  readonly model?: boolean;
  /** Checkpoints that fail or are overdue; left out: told. Of the default tenant's policy alone. */
  readonly verifier?: boolean;
}

/** A rule fires when its CEL expression is true; it gives points or an outcome. */
export type Rule = { readonly id: string; readonly when: string; readonly text: string } & (
  | { readonly points: number; readonly outcome?: never }
  | { readonly outcome: Outcome; readonly points?: never }
);

/** Which field of a transaction a list holds, and what a hit does. An allow list that hits excepts the block lists' and rules' outcomes when `overrides`. */
export interface List {
  readonly kind: 'allow' | 'block';
  readonly field: ListField;
  readonly outcome: Outcome;
  readonly overrides: boolean;
  readonly text: string;
}

export const listFields = ['userId', 'accountId', 'deviceId', 'merchantId', 'merchantCategory', 'channel', 'currency'] as const;
export type ListField = (typeof listFields)[number];

/** What a rule may read. Bigints are CEL ints, numbers CEL doubles. */
export interface RuleFacts {
  readonly txn: Readonly<Record<string, unknown>>;
  readonly signals: Readonly<Record<SignalName, number | null>>;
  readonly lists: Readonly<Record<string, boolean>>;
  readonly account: Readonly<Record<string, unknown>>;
  readonly merchant: Readonly<Record<string, unknown>>;
  /** By kind; a kind without figures is left out. */
  readonly entities: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** A policy made ready: rules compiled, hash computed. Only `shared/policy` builds one. */
export interface CompiledPolicy {
  readonly version: number;
  /** Lower-case hex SHA-256 of the RFC 8785 form of the policy. */
  readonly hash: string;
  readonly policy: Policy;
  /** In the order of `policy.rules`; throws when the expression fails on these facts. */
  readonly evaluateRule: (index: number, facts: RuleFacts) => boolean;
}
