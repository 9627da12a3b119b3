import { type Endpoints, withoutBody } from '../../shared/edge/request.ts';
import type { TokenIssuer } from '../../shared/edge/tokens.ts';
import { policyJsonSchema } from '../../shared/policy/schema.ts';
import type { MasterSecret } from '../../shared/secrets/masterSecret.ts';
import { getAccountAudit, getAccountStanding, getAccountTimeline } from './accounts.ts';
import { policyQueries } from './admin.ts';
import { getCaller } from './caller.ts';
import { consoleAnswers } from './console.ts';
import { getDecision } from './decision.ts';
import { docsAnswers } from './docs.ts';
import { getEntityAccounts } from './entities/accounts.ts';
import { getEntityDecisions } from './entities/decisions.ts';
import { getEntity } from './entities/entity.ts';
import { entityFinders } from './entities/finders.ts';
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
  /** Its hashes name entities in keys. */
  readonly masterSecret: MasterSecret;
  readonly findErasedChain: FindErasedChain;
  readonly evidence: EvidenceDependencies;
  /** Whose tokens the API takes; null or left out: keys only. */
  readonly tokenIssuer?: TokenIssuer | null;
}

/** Everything that is answered without changing anything. */
export const readEndpoints = (dependencies: ReadDependencies): Endpoints => {
  const { table, openInputs, masterSecret, findErasedChain, evidence, version, tokenIssuer = null } = dependencies;
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
    getEntity: getEntity(table, masterSecret),
    getEntityDecisions: getEntityDecisions(table, masterSecret),
    getEntityAccounts: getEntityAccounts(table, masterSecret),
    getSearch: getSearch(table, entityFinders(table, masterSecret)),
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
