import type { Endpoints } from '../../shared/edge/http.ts';
import type { Measure } from '../../shared/edge/metrics.ts';
import type { LedgerDependencies } from '../../shared/ledger/ledger.ts';
import { decideTransaction } from './decide.ts';

/** The routes of the decide stage. */
export const decideEndpoints = (ledger: LedgerDependencies, measure: Measure = () => undefined): Endpoints => ({
  postDecision: (request) => decideTransaction(request, ledger, measure),
});
