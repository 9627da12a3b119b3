import { alertsOf, decisionMessage } from '../../shared/alerts/decisionMessage.ts';
import { aboutAccount, tell } from '../../shared/alerts/gate.ts';
import type { DecisionAlert } from '../../shared/alerts/message.ts';
import type { Policy } from '../../shared/domain/policy.ts';
import { type Clock, type TableStore, type Topic, Unavailable } from '../../shared/ports.ts';
import type { Committed, Failure, Sink } from './project.ts';

export interface AlertsSinkDependencies {
  readonly table: TableStore;
  readonly clock: Clock;
  readonly topics: Readonly<Record<DecisionAlert, Topic>>;
  /** The policy that decided. */
  readonly policyOf: (tenant: string, version: number) => Promise<Policy>;
  readonly consoleUrl: string | null;
}

/** Tells people of what the policy wants told: once per account and hour, and no more than a few a minute. */
export const alertsSink = (dependencies: AlertsSinkDependencies): Sink => ({
  name: 'alerts',
  async project({ decisions }) {
    const failures: Failure[] = [];
    const toTell = decisions.filter(({ decision }) => decision.outcome !== 'ALLOW' || decision.degraded.length > 0);
    for (const [i, committed] of toTell.entries()) {
      try {
        await tellOf(dependencies, committed);
      } catch (cause) {
        // The others would wait as long for a store that does not answer, one after the other, until the function's time is up.
        const lost = cause instanceof Unavailable ? toTell.slice(i) : [committed];
        failures.push(...lost.map(({ position }) => ({ position, cause })));
        if (cause instanceof Unavailable) break;
      }
    }
    return failures;
  },
});

async function tellOf(
  { table, clock, topics, policyOf, consoleUrl }: AlertsSinkDependencies,
  { tenant, decision, correlationId = null }: Committed,
): Promise<void> {
  const policy = await policyOf(tenant, decision.policyVersion);
  const { accountId, userId, transactionId } = decision.transaction;
  for (const kind of alertsOf(decision, policy)) {
    const about = kind === 'degraded' ? 'system' : aboutAccount(accountId, userId);
    const message = decisionMessage(kind, decision, policy, { tenant, consoleUrl, correlationId });
    await tell({ table, clock, topic: topics[kind] }, { tenant, kind, about, occasion: transactionId }, message);
  }
}
