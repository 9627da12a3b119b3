import type { Decision } from '../../shared/domain/decision.ts';
import { toBaseMinor } from '../../shared/domain/money.ts';
import type { TableStore } from '../../shared/ports/ports.ts';
import type { Flagged } from '../../shared/reviews/review.ts';
import { policyReader } from './policyReader.ts';

/** Decisions as a review takes them in, each by the policy that made it. Throws store errors. */
export async function flaggedOf(
  table: TableStore,
  decisions: readonly { readonly tenant: string; readonly decision: Decision }[],
): Promise<Flagged[]> {
  const policyOf = policyReader(table);
  const flagged: Flagged[] = [];
  for (const { tenant, decision } of decisions) {
    const { transaction, outcome, decidedAtMs, score, reasons, policyVersion } = decision;
    const { baseCurrency, rates, population } = await policyOf(tenant, policyVersion);
    flagged.push({
      transactionId: transaction.transactionId,
      outcome,
      decidedAtMs,
      score,
      amountMinor: toBaseMinor(transaction.amountMinor, transaction.currency, baseCurrency, rates),
      reasons: reasons.map(({ signal }) => signal),
      population,
    });
  }
  return flagged;
}
