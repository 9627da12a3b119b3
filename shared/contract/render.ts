import type { Decision, Degradation } from '../domain/decision.ts';
import { explanationText, namesTriggered, reasonText, transitionText, triggerCounts } from '../domain/explain.ts';
import { featureNames } from '../domain/features.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { Policy } from '../domain/policy.ts';
import { signalNames } from '../domain/signals/names.ts';
import type { Transaction } from '../domain/transaction.ts';
import { formatInstant } from './time.ts';
import type { Wire, WireItemOf } from './wire.ts';

/** A decision as callers read it. The personal fields are null once erased. */
export type WireDecision = Wire<'Decision'>;

/** One row of latest and timeline. Personal fields are null once erased; timelines leave `distanceKm` out. */
export type WireDecisionItem = WireItemOf<'DecisionPage'>;

export type WireSignalItem = WireItemOf<'SignalPage'>;

/** An account's standing. */
export type WireStanding = Wire<'Standing'>;

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
    ...(decision.entities !== null && { entities: decision.entities }),
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

type WireDegradation = WireDecision['degraded'][number];

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
