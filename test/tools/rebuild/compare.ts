import { routes } from '../../../shared/contract/routes.ts';
import { addressOf } from './script.ts';
import type { Stack } from './world.ts';

/** Answered from files that are built, not from the table. */
const fromFiles = ['getOpenApi', 'getDocs', 'getDocsFile', 'getHome', 'getConsole', 'getConsoleFile'];

/** Requests to every read route about these transactions and accounts. Throws for a route that it has none of. */
export const requestsOf = (
  ids: readonly string[],
  accounts: readonly number[],
): [path: string, query: Record<string, string>][] => {
  const addresses = [...new Set(accounts.map(addressOf))];
  const byOperation: Readonly<Record<string, readonly [string, Record<string, string>][]>> = {
    getDecision: ids.map((id) => [`/decisions/${id}`, {}]),
    getEvidence: ids.filter((_, i) => i % 5 === 0).map((id) => [`/decisions/${id}/evidence`, {}]),
    getLatestDecisions: [
      ['/decisions/latest', { limit: '7' }],
      ['/decisions/latest', { outcome: 'BLOCK', limit: '3' }],
    ],
    getRecentSignals: [
      ['/signals/recent', { limit: '9' }],
      ['/signals/recent', { signal: 'TOTAL_SPEND_24H' }],
    ],
    getAccountStanding: accounts.map((account) => [`/accounts/a_${account}/decision`, {}]),
    getAccountTimeline: accounts.map((account) => [`/accounts/a_${account}/decisions`, { limit: '5' }]),
    getAccountAudit: accounts.map((account) => [`/accounts/a_${account}/audit`, { limit: '6' }]),
    getReviews: [
      ['/reviews', { state: 'open', limit: '2' }],
      ['/reviews', { state: 'closed', limit: '2' }],
    ],
    getUserAccounts: accounts.map((account) => [`/users/u_${account}/accounts`, {}]),
    getEntity: addresses.map((ip) => [`/entities/ip/${ip}`, {}]),
    getEntityDecisions: addresses.map((ip) => [`/entities/ip/${ip}/decisions`, { limit: '3' }]),
    getEntityAccounts: addresses.map((ip) => [`/entities/ip/${ip}/accounts`, { limit: '2' }]),
    getSearch: [ids[0]!, ...accounts.map((account) => `u_${account}`)].map((q) => ['/search', { q }]),
    getOverview: [['/metrics/overview', { minutes: '1440' }]],
    getLists: [['/lists', {}]],
    getListEntries: [['/lists/blockedDevices', {}]],
    getPolicy: [['/policy', {}]],
    getPolicyVersions: [['/policy/versions', {}]],
    getPolicyVersion: [['/policy/versions/1', {}]],
    getModel: [['/model', {}]],
    getModelVersions: [['/model/versions', {}]],
    getSystemAudit: [['/audit/system', {}]],
    getHealth: [['/health', {}]],
    getCaller: [['/caller', {}]],
  };
  const reading = routes.filter(
    ({ method, stage, operationId }) => method === 'GET' && stage === 'read' && !fromFiles.includes(operationId),
  );
  return reading.flatMap(({ operationId }) => {
    const requests = byOperation[operationId];
    if (requests === undefined) throw new Error(`the comparison asks nothing of ${operationId}`);
    return [...requests];
  });
};

/** Everything that a caller, an auditor or the next checkpoint sees of a stack. */
export const seen = async (stack: Stack, ids: readonly string[], accounts: readonly number[]) => {
  const answers: Record<string, unknown> = {};
  for (const [path, query] of requestsOf(ids, accounts)) {
    const answer = await stack.answer(path, query);
    const { status = 200 } = answer as { readonly status?: number };
    // No model is trained here.
    if (status !== (path.startsWith('/model') ? 404 : 200) && !Array.isArray(answer))
      throw new Error(`${path} answers ${status}`);
    answers[`${path} ${JSON.stringify(query)}`] = path === '/reviews' ? answer : withoutCorrelation(answer);
  }
  return { answers, archived: await stack.archived(), pendingHeads: await stack.pendingHeads() };
};

/** A problem names the request that it answers. */
const withoutCorrelation = (answer: unknown): unknown =>
  JSON.parse(
    JSON.stringify(answer, (name, value: unknown) => (name === 'correlationId' || name === 'instance' ? undefined : value)),
  );
