import type { Transaction } from '../../shared/domain/transaction.ts';
import { readTransaction } from '../../shared/edge/body.ts';
import type { Measure } from '../../shared/edge/metrics.ts';
import type { Endpoints } from '../../shared/edge/request.ts';
import type { LedgerDependencies } from '../../shared/ledger/dependencies.ts';
import { decideTransaction } from './decide.ts';

/** The routes of the decide stage. */
export const decideEndpoints = (ledger: LedgerDependencies, measure: Measure = () => undefined): Endpoints => ({
  postDecision: {
    read: readTransaction,
    answer: (request, transaction: Transaction) => decideTransaction(request, transaction, ledger, measure),
  },
});
