import type { Decision, Degradation } from '../domain/decision.ts';
import { explanationText, namesTriggered, reasonText, transitionText, triggerCounts } from '../domain/explain.ts';
import { featureNames } from '../domain/features.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { Policy } from '../domain/policy.ts';
import { type SignalName, signalNames } from '../domain/signals/names.ts';
import type { Transaction } from '../domain/transaction.ts';
import { formatInstant } from './time.ts';

/** A decision as callers read it. The personal fields are null once erased. */
export interface WireDecision {
  readonly transactionId: string;
  readonly userId: string | null;
  readonly accountId: string | null;
  readonly occurredAt: string | null;
  readonly receivedAt: string;
  readonly decidedAt: string;
  readonly outcome: Outcome;
  readonly score: number;
  readonly transition: string;
  readonly reasons: readonly WireReason[];
  readonly signals: Readonly<Record<SignalName, { readonly value: number | null; readonly triggered: boolean }>>;
  readonly explanation: string;
  readonly anomaly: Decision['anomaly'];
  readonly degraded: readonly WireDegradation[];
  readonly late: boolean;
  readonly duplicate: boolean;
  readonly erased?: true;
  readonly policyVersion: number;
  readonly modelVersion: number | null;
  readonly audit: { readonly sequence: number; readonly hash: string };
}

interface WireDegradation {
  /** A signal's name, `MODEL` or `POLICY`. */
  readonly part: string;
  readonly cause: Degradation['cause'];
  /** Of the policy's rules the one that failed. */
  readonly rule?: string;
}

interface WireReason {
  readonly signal: string;
  readonly value: number | null;
  readonly threshold: number | null;
  readonly points: number;
  readonly usual?: number;
  /** Null once erased: the sentence may quote the payment. */
  readonly text: string | null;
}

/** One row of latest and timeline. Personal fields are null once erased. */
export interface WireDecisionItem {
  readonly transactionId: string | null;
  readonly userId: string | null;
  readonly accountId: string | null;
  readonly occurredAt: string | null;
  readonly decidedAt: string;
  readonly amountMinor: number | null;
  readonly currency: string | null;
  readonly outcome: Outcome;
  readonly score: number;
  readonly signals: readonly SignalName[];
  /** Of the isolation forest, 0..100; null when it could not be computed. */
  readonly anomalyPercentile?: number | null;
  /** The value of IMPOSSIBLE_TRAVEL; null when it could not be computed. */
  readonly travelKmh?: number | null;
  /** From the middle of the account's places before it, 0 for its first; null without a place. Timelines leave it out. */
  readonly distanceKm?: number | null;
}

export interface WireSignalItem {
  readonly transactionId: string;
  readonly userId: string;
  readonly accountId: string;
  readonly signal: SignalName;
  readonly value: number;
  readonly threshold: number;
  readonly decidedAt: string;
}

export interface WireStanding {
  readonly userId: string;
  readonly accountId: string;
  readonly transactionId: string;
  readonly outcome: Outcome;
  readonly score: number;
  readonly decidedAt: string;
  readonly transition: string;
  readonly triggers: Partial<Record<SignalName, number>>;
  readonly explanation: string;
}

/** The facts of a decision as the contract shows them; `policy` is the version that made it, for its rules' own words. */
export function renderDecision(
  decision: Decision,
  policy: Policy,
  { duplicate, erased = false }: { readonly duplicate: boolean; readonly erased?: boolean },
): WireDecision {
  const { transaction } = decision;
  return {
    transactionId: transaction.transactionId,
    userId: erased ? null : transaction.userId,
    accountId: erased ? null : transaction.accountId,
    occurredAt: erased ? null : formatInstant(transaction.occurredAtMs, transaction.offsetMinutes),
    receivedAt: formatInstant(decision.receivedAtMs),
    decidedAt: formatInstant(decision.decidedAtMs),
    outcome: decision.outcome,
    score: decision.score,
    transition: transitionText(decision.previousOutcome, decision.outcome),
    reasons: decision.reasons.map((reason) => ({
      signal: reason.signal,
      value: reason.value,
      threshold: reason.threshold,
      points: reason.points,
      ...(reason.usual !== null && { usual: reason.usual }),
      text: erased ? null : reasonText(reason, decision, policy),
    })),
    signals: Object.fromEntries(
      signalNames.map((name, position) => [
        name,
        { value: decision.signals[position] ?? null, triggered: (decision.triggered & (1 << position)) !== 0 },
      ]),
    ) as WireDecision['signals'],
    explanation: explanationText(decision.triggers24h),
    anomaly: decision.anomaly,
    degraded: decision.degraded.map(wireDegradation),
    late: decision.late,
    duplicate,
    ...(erased && { erased }),
    policyVersion: decision.policyVersion,
    modelVersion: decision.modelVersion,
    audit: { sequence: decision.sequence, hash: decision.hash },
  };
}

const rulePrefix = 'RULE:';

const wireDegradation = ({ part, cause }: Degradation): WireDegradation =>
  part.startsWith(rulePrefix) ? { part: 'POLICY', cause, rule: part.slice(rulePrefix.length) } : { part, cause };

/** What lists show of a decision: all that a feed entry or a timeline row holds. */
export interface DecisionSummary {
  readonly transaction: Pick<
    Transaction,
    'transactionId' | 'userId' | 'accountId' | 'occurredAtMs' | 'offsetMinutes' | 'amountMinor' | 'currency'
  >;
  readonly decidedAtMs: number;
  readonly outcome: Outcome;
  readonly score: number;
  /** Bit i = signal i triggered. */
  readonly triggered: number;
  /** Absent in feed pages written before they were kept. */
  readonly measures?: DecisionMeasures;
}

/** Values that charts put on an axis. */
export type DecisionMeasures = Required<Pick<WireDecisionItem, 'anomalyPercentile' | 'travelKmh' | 'distanceKm'>>;

export function measuresOf({ transaction, signals, features }: Decision): DecisionMeasures {
  const kmFromHome = features?.[featureNames.indexOf('kmFromHome')];
  return {
    anomalyPercentile: signals[signalNames.indexOf('ANOMALY')] ?? null,
    travelKmh: signals[signalNames.indexOf('IMPOSSIBLE_TRAVEL')] ?? null,
    distanceKm: transaction.location === null || kmFromHome === undefined ? null : Math.round(10 * kmFromHome) / 10,
  };
}

export function renderDecisionItem(summary: DecisionSummary): WireDecisionItem {
  const { transaction, decidedAtMs, outcome, score, triggered, measures } = summary;
  return {
    transactionId: transaction.transactionId,
    userId: transaction.userId || null,
    accountId: transaction.accountId || null,
    occurredAt: formatInstant(transaction.occurredAtMs, transaction.offsetMinutes),
    decidedAt: formatInstant(decidedAtMs),
    amountMinor: transaction.amountMinor,
    currency: transaction.currency,
    outcome,
    score,
    signals: namesTriggered(triggered),
    ...measures,
  };
}

/** The account's standing: its last decision and the triggers of its last 24 h. */
export function renderStanding(decision: Decision): WireStanding {
  return {
    userId: decision.transaction.userId,
    accountId: decision.transaction.accountId,
    transactionId: decision.transaction.transactionId,
    outcome: decision.outcome,
    score: decision.score,
    decidedAt: formatInstant(decision.decidedAtMs),
    transition: transitionText(decision.previousOutcome, decision.outcome),
    triggers: triggerCounts(decision.triggers24h),
    explanation: explanationText(decision.triggers24h),
  };
}
