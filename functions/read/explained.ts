import type { DecisionBody } from '../../shared/domain/audit.ts';
import { type Counterfactual, counterfactual } from '../../shared/domain/counterfactual.ts';
import { dayMs } from '../../shared/domain/durations.ts';
import type { AccountFacts } from '../../shared/domain/ruleFacts.ts';
import { auditFromItem, type StoredDecision } from '../../shared/ledger/items.ts';
import { accountFromItem } from '../../shared/ledger/state.ts';
import { compiled } from '../../shared/policy/compile.ts';
import type { PolicyVersion } from '../../shared/policy/store.ts';
import type { Item, TableStore } from '../../shared/ports/ports.ts';
import { auditKey, stateKey } from '../../shared/store/names.ts';

/** `occurredAt` may be ahead of receipt by this. */
const aheadMsMax = 300_000;

/** The smallest change that the policy would have ALLOWed; null if no single one is known. */
export async function explained(
  table: TableStore,
  stored: StoredDecision,
  policy: PolicyVersion,
): Promise<Counterfactual | null> {
  const { tenant, chain, decision, erased } = stored;
  const { accountId, userId, occurredAtMs } = decision.transaction;
  if (erased || decision.outcome === 'ALLOW') return null;
  const [entry, state] = await Promise.all([
    table.get(auditKey(chain, decision.sequence)),
    table.get(stateKey(tenant, accountId, userId)),
  ]);
  const body = entry === null ? null : (auditFromItem(entry).body as unknown as DecisionBody);
  return counterfactual({
    policy: compiled(policy),
    decision,
    spendMinor: body?.spendMinor ?? null,
    merchant: body?.merchant ?? null,
    account: accountFacts(state, stored),
    // The newest payment then is not stored; no payment is further ahead of receipt, so that lateness is never understated.
    lateMs: decision.late ? Math.max(0, decision.receivedAtMs + aheadMsMax - occurredAtMs) : 0,
  });
}

/** As rules saw them; null when entries other than payments hide how many payments there were. */
function accountFacts(state: Item | null, { decision }: StoredDecision): AccountFacts | null {
  if (state === null) return null;
  const { payments, sequence, firstSeenMs } = accountFromItem(state);
  if (payments !== sequence) return null;
  return { transactionCount: decision.sequence - 1, ageDays: Math.max(0, decision.receivedAtMs - firstSeenMs) / dayMs };
}
