import { aboutAccount, tell } from '../../shared/alerts/gate.ts';
import type { DecisionAlert } from '../../shared/alerts/message.ts';
import type { Policy } from '../../shared/domain/policy.ts';
import type { Clock, TableStore, Topic } from '../../shared/ports/ports.ts';
import { alertsOf, decisionMessage } from './decisionMessage.ts';
import { failuresInTurn } from './inTurn.ts';
import type { CommittedDecision, Sink } from './project.ts';

export interface AlertsSinkDependencies {
  readonly table: TableStore;
  readonly clock: Clock;
  readonly topics: Readonly<Record<DecisionAlert, Topic>>;
  /** The policy that decided. */
  readonly policyOf: (tenant: string, version: number) => Promise<Policy>;
  readonly consoleUrl: string | null;
}

/** Sends the alerts that the policy asks for: at most one per account and hour, and only a few per minute. */
export const alertsSink = (dependencies: AlertsSinkDependencies): Sink => ({
  name: 'alerts',
  async project({ decisions }) {
    const toTell = decisions.filter(({ decision }) => decision.outcome !== 'ALLOW' || decision.degraded.length > 0);
    const failures = await failuresInTurn(toTell, (committed) => tellOf(dependencies, committed));
    return failures.map(({ value: { position }, cause }) => ({ position, cause }));
  },
});

async function tellOf(
  { table, clock, topics, policyOf, consoleUrl }: AlertsSinkDependencies,
  { tenant, decision, correlationId = null }: CommittedDecision,
): Promise<void> {
  const policy = await policyOf(tenant, decision.policyVersion);
  const { accountId, userId, transactionId } = decision.transaction;
  for (const kind of alertsOf(decision, policy)) {
    const about = kind === 'degraded' ? 'system' : aboutAccount(accountId, userId);
    const message = decisionMessage(kind, decision, policy, { tenant, consoleUrl, correlationId });
    await tell({ table, clock, topic: topics[kind] }, { tenant, kind, about, occasion: transactionId }, message);
  }
}
