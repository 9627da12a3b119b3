import { renderDecision } from '../../shared/contract/render.ts';
import type { Transaction } from '../../shared/domain/transaction.ts';
import { counts, type Measure } from '../../shared/edge/metrics.ts';
import { conflict, unavailable } from '../../shared/edge/problem.ts';
import type { Answer, ApiRequest } from '../../shared/edge/request.ts';
import type { LedgerDependencies } from '../../shared/ledger/dependencies.ts';
import { settle } from '../../shared/ledger/ledger.ts';
import { loadPolicyVersion } from '../../shared/policy/store.ts';

/** A caller at the till waits no longer. */
export const decideWithinMs = 5_000;

/** `POST /decisions`: the decision of one transaction, made and committed in the call. */
export async function decideTransaction(
  { tenant, correlationId, receivedAtMs }: ApiRequest,
  transaction: Transaction,
  ledger: LedgerDependencies,
  measure: Measure,
): Promise<Answer> {
  const submission = { tenant, transaction, receivedAtMs, correlationId, queueAgeMs: null, redelivered: false };
  const [settled] = await settle(ledger, [submission], receivedAtMs + decideWithinMs);
  if (!settled || settled.kind === 'unsettled')
    throw unavailable(`The decision is not provably stored (${settled?.cause}): send it again with the same transactionId.`);
  if (settled.kind === 'conflict')
    throw conflict(`transactionId ${transaction.transactionId} was used before with other content.`, [
      { pointer: settled.field, detail: 'differs from the transaction first sent under this transactionId' },
    ]);
  measure(counts({ Duplicates: settled.kind === 'duplicate' ? 1 : 0 }));
  const { decision, erased } = settled.stored;
  const policy = await loadPolicyVersion(ledger.table, tenant, decision.policyVersion);
  return { status: 200, body: renderDecision(decision, policy.policy, { duplicate: settled.kind === 'duplicate', erased }) };
}
