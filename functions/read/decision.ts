import { renderDecision } from '../../shared/contract/render.ts';
import { notFound } from '../../shared/edge/problem.ts';
import type { AnswerWithoutBody } from '../../shared/edge/request.ts';
import { decisionFromItem } from '../../shared/ledger/items.ts';
import { loadPolicyVersion } from '../../shared/policy/store.ts';
import type { TableStore } from '../../shared/ports/ports.ts';
import { decisionKey, labelKey } from '../../shared/store/names.ts';
import type { OpenInputs } from './inputs.ts';
import { renderLabel } from './label.ts';

/** `GET /decisions/{transactionId}`, with what became known of it, and with `explain=full` the smallest change that would have been ALLOWed. */
export const getDecision =
  (table: TableStore, openInputs: OpenInputs): AnswerWithoutBody =>
  async ({ tenant, parameters, query }) => {
    const transactionId = parameters.transactionId!;
    const [item, labelled] = await Promise.all([
      table.get(decisionKey(tenant, transactionId), { consistent: true }),
      table.get(labelKey(tenant, transactionId)),
    ]);
    if (item === null) throw notFound(`There is no decision on transaction ${transactionId}.`);
    const stored = decisionFromItem(item);
    const policy = await loadPolicyVersion(table, tenant, stored.decision.policyVersion);
    const label = await renderLabel(table, openInputs, stored, labelled);
    const body = { ...renderDecision(stored.decision, policy.policy, { duplicate: false, erased: stored.erased }), label };
    if (query.explain !== 'full') return { status: 200, body };
    // Rules are compiled only here: no other read needs the rule language.
    const { explained } = await import('./explained.ts');
    return { status: 200, body: { ...body, counterfactual: await explained(table, stored, policy) } };
  };
