import { type Endpoints, endpointWithBody } from '../../shared/edge/http.ts';
import type { Measure } from '../../shared/edge/metrics.ts';
import { readTransaction } from '../../shared/edge/transactionBody.ts';
import type { LedgerDependencies } from '../../shared/ledger/dependencies.ts';
import { decideTransaction } from './decide.ts';

/** The routes of the decide stage. */
export const decideEndpoints = (ledger: LedgerDependencies, measure: Measure = () => undefined): Endpoints => ({
  postDecision: endpointWithBody(readTransaction, (request, transaction) =>
    decideTransaction(request, transaction, ledger, measure),
  ),
});
