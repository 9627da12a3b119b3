import type { Endpoints } from '../../shared/edge/http.ts';
import type { TokenIssuer } from '../../shared/edge/tokens.ts';
import { policyJsonSchema } from '../../shared/policy/schema.ts';
import { getAccountAudit, getAccountStanding, getAccountTimeline } from './accounts.ts';
import { policyQueries } from './admin.ts';
import { consoleEndpoints } from './console.ts';
import { getDecision } from './decision.ts';
import { docsEndpoints } from './docs.ts';
import type { FindErasedChain } from './erasedChains.ts';
import { type EvidenceDependencies, getEvidence } from './evidence/route.ts';
import { getHealth, type HealthDependencies } from './health.ts';
import type { OpenInputs } from './inputs.ts';
import { getLatestDecisions, getRecentSignals } from './lists.ts';
import { getModel, getModelVersions } from './models.ts';
import { getOverview } from './overview.ts';
import { getReviews } from './reviews.ts';

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
  return {
    getDecision: getDecision(table),
    getEvidence: getEvidence(evidence),
    getLatestDecisions: getLatestDecisions(table),
    getRecentSignals: getRecentSignals(table),
    getAccountStanding: getAccountStanding(table),
    getAccountTimeline: getAccountTimeline(table),
    getAccountAudit: getAccountAudit({ table, checkpoints: evidence.checkpoints }, openInputs, findErasedChain),
    getReviews: getReviews(table),
    getOverview: getOverview(table),
    getModel: getModel(table),
    getModelVersions: getModelVersions(table),
    getHealth: getHealth(dependencies),
    ...policyQueries(table),
    ...consoleEndpoints(tokenIssuer),
    ...docsEndpoints({ version, policySchema: policyJsonSchema() }),
  };
};
