import { type AlertMessage, alertChoiceOf, type DecisionAlert, subjectMax } from '../../shared/alerts/message.ts';
import type { Decision } from '../../shared/domain/decision.ts';
import { reasonText } from '../../shared/domain/explain.ts';
import type { Policy } from '../../shared/domain/policy.ts';
import { formatInstant } from '../../shared/domain/time.ts';

/** The kinds of alert that a decision calls for. Only causes that `failTo` answers count as degraded: a late payment is no fault. */
export function alertsOf(decision: Decision, policy: Policy): readonly DecisionAlert[] {
  const { blocks, reviewsFrom, degraded } = alertChoiceOf(policy);
  const { outcome, score } = decision;
  const kinds: DecisionAlert[] = [];
  if (outcome === 'BLOCK' && blocks) kinds.push('decision');
  if (outcome === 'REVIEW' && reviewsFrom !== null && score >= reviewsFrom) kinds.push('decision');
  if (degraded && decision.degraded.some(({ cause }) => !quietCauses.has(cause))) kinds.push('degraded');
  return kinds;
}

const quietCauses: ReadonlySet<string> = new Set(['LATE', 'NO_MODEL', 'NOT_AVAILABLE', 'NO_RATE', 'NOT_TRACKED', 'WARMING_UP']);

/** `consoleUrl` is the console's own address, without a slash at its end; null where it is not known: then the message has no link. */
export function decisionMessage(
  kind: DecisionAlert,
  decision: Decision,
  policy: Policy,
  {
    tenant,
    consoleUrl,
    correlationId,
  }: { readonly tenant: string; readonly consoleUrl: string | null; readonly correlationId: string | null },
): AlertMessage {
  const { transaction, outcome, score } = decision;
  const { accountId, userId, transactionId } = transaction;
  const subject =
    kind === 'decision'
      ? `Aegis: ${outcome} on account ${accountId}, score ${score}`
      : `Aegis: decisions are made without ${decision.degraded.map(({ part }) => part).join(', ')}`;
  const reasons = decision.reasons.map((reason) => `- ${reason.points} points: ${reasonText(reason, decision, policy)}`);
  const missing = decision.degraded.map(({ part, cause }) => `- not computed: ${part} (${cause})`);
  return {
    subject: subject.slice(0, subjectMax),
    text: [
      `${outcome}, score ${score}, for payment ${transactionId} of user ${userId}, account ${accountId}, tenant ${tenant}.`,
      `Decided ${formatInstant(decision.decidedAtMs)}.${correlationId === null ? '' : ` Correlation id ${correlationId}.`}`,
      '',
      ...reasons,
      ...missing,
      ...(consoleUrl === null ? [] : ['', `${consoleUrl}#/decision/${transactionId}`]),
    ].join('\n'),
  };
}
