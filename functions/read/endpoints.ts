import { type Endpoints, withoutBody } from '../../shared/edge/request.ts';
import type { TokenIssuer } from '../../shared/edge/tokens.ts';
import { policyJsonSchema } from '../../shared/policy/schema.ts';
import { getAccountAudit, getAccountStanding, getAccountTimeline } from './accounts.ts';
import { policyQueries } from './admin.ts';
import { getCaller } from './caller.ts';
import { consoleAnswers } from './console.ts';
import { getDecision } from './decision.ts';
import { docsAnswers } from './docs.ts';
import type { FindErasedChain } from './erasedChains.ts';
import { type EvidenceDependencies, getEvidence } from './evidence/route.ts';
import { getHealth, type HealthDependencies } from './health.ts';
import type { OpenInputs } from './inputs.ts';
import { getLatestDecisions, getRecentSignals } from './latest.ts';
import { getListEntries, getLists } from './lists.ts';
import { getModel, getModelVersions } from './models.ts';
import { getOverview } from './overview.ts';
import { getReviews } from './reviews.ts';
import { getSearch, getUserAccounts } from './search.ts';

export interface ReadDependencies extends HealthDependencies {
  readonly openInputs: OpenInputs;
  readonly findErasedChain: FindErasedChain;
  readonly evidence: EvidenceDependencies;
  /** Whose tokens the API takes; null or left out: keys only. */
  readonly tokenIssuer?: TokenIssuer | null;
}

/** Everything that is answered without changing anything. */
export const readEndpoints = (dependencies: ReadDependencies): Endpoints => {
  const { table, openInputs, findErasedChain, evidence, version, tokenIssuer = null } = dependencies;
  return withoutBody({
    getDecision: getDecision(table, openInputs),
    getEvidence: getEvidence(evidence, openInputs),
    getLatestDecisions: getLatestDecisions(table),
    getRecentSignals: getRecentSignals(table),
    getAccountStanding: getAccountStanding(table),
    getAccountTimeline: getAccountTimeline(table),
    getAccountAudit: getAccountAudit({ table, checkpoints: evidence.checkpoints }, openInputs, findErasedChain),
    getReviews: getReviews(table),
    getLists: getLists(table),
    getListEntries: getListEntries(table),
    getOverview: getOverview(table),
    getSearch: getSearch(table),
    getUserAccounts: getUserAccounts(table),
    getModel: getModel(table),
    getModelVersions: getModelVersions(table),
    getCaller,
    getHealth: getHealth(dependencies),
    ...policyQueries(table),
    ...consoleAnswers(tokenIssuer),
    ...docsAnswers({ version, policySchema: policyJsonSchema() }),
  });
};
