import { renderDecision } from '../../shared/contract/render.ts';
import type { DecisionBody } from '../../shared/domain/audit.ts';
import { type Counterfactual, counterfactual } from '../../shared/domain/counterfactual.ts';
import type { CompiledPolicy } from '../../shared/domain/policy.ts';
import type { AccountFacts } from '../../shared/domain/ruleFacts.ts';
import { type Endpoint, notFound } from '../../shared/edge/http.ts';
import { auditFromItem, decisionFromItem, type StoredDecision } from '../../shared/ledger/items.ts';
import { accountFromItem } from '../../shared/ledger/state.ts';
import { loadPolicyVersion } from '../../shared/policy/store.ts';
import type { Item, TableStore } from '../../shared/ports/ports.ts';
import { auditKey, decisionKey, stateKey } from '../../shared/store/names.ts';

const dayMs = 86_400_000;
/** `occurredAt` may be ahead of receipt by this. */
const aheadMsMax = 300_000;

/** `GET /decisions/{transactionId}`, with `explain=full` the smallest change that would have been ALLOWed. */
export const getDecision =
  (table: TableStore): Endpoint =>
  async ({ tenant, parameters, query }) => {
    const transactionId = parameters.transactionId!;
    const item = await table.get(decisionKey(tenant, transactionId), { consistent: true });
    if (item === null) throw notFound(`There is no decision on transaction ${transactionId}.`);
    const stored = decisionFromItem(item);
    const policy = await loadPolicyVersion(table, tenant, stored.decision.policyVersion);
    const body = renderDecision(stored.decision, policy.policy, { duplicate: false, erased: stored.erased });
    if (query.explain !== 'full') return { status: 200, body };
    return { status: 200, body: { ...body, counterfactual: await explained(table, stored, policy) } };
  };

async function explained(table: TableStore, stored: StoredDecision, policy: CompiledPolicy): Promise<Counterfactual | null> {
  const { tenant, chain, decision, erased } = stored;
  const { accountId, userId, occurredAtMs } = decision.transaction;
  if (erased || decision.outcome === 'ALLOW') return null;
  const [entry, state] = await Promise.all([
    table.get(auditKey(chain, decision.sequence)),
    table.get(stateKey(tenant, accountId, userId)),
  ]);
  const body = entry === null ? null : (auditFromItem(entry).body as unknown as DecisionBody);
  return counterfactual({
    policy,
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
