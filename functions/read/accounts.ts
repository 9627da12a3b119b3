import { auditKey, decisionKey, sequenceText, stateKey } from '../../shared/aws/keys.ts';
import { renderStanding, type WireDecisionItem } from '../../shared/contract/render.ts';
import type { DecisionBody } from '../../shared/domain/audit.ts';
import { type ApiRequest, type Endpoint, invalid, notFound } from '../../shared/edge/http.ts';
import { auditFromItem, decisionFromItem, type StoredDecision } from '../../shared/ledger/items.ts';
import { accountFromItem, ownerOf } from '../../shared/ledger/state.ts';
import type { Item, TableStore } from '../../shared/ports.ts';
import type { OpenInputs } from './inputs.ts';
import { pageBody, pageRequest } from './pages.ts';

/** Users of one account whose states are read to find the newest decision. */
const usersMax = 1_000;
const usersPerQuery = 100;
/** Of those, the ones with the newest payments whose chains are looked at. */
const candidatesMax = 20;
/** Entries of a chain read in one query, and queries for one request. */
const entriesPerQueryMax = 250;
const queriesMax = 20;

/** `GET /accounts/{accountId}/decision`: the last by sequence; without userId that of the user decided on last. */
export const getAccountStanding =
  (table: TableStore): Endpoint =>
  async (request) => {
    const states = request.query.userId === undefined ? await statesOf(table, request) : [await stateOf(table, request)];
    const candidates = states
      .map((item) => ({ item, newestMs: accountFromItem(item).newestMs }))
      .sort((a, b) => b.newestMs - a.newestMs)
      .slice(0, candidatesMax);
    const found = await Promise.all(candidates.map(({ item }) => lastDecision(table, item)));
    const decisions = found.filter((stored) => stored !== null).map(({ decision }) => decision);
    const [last] = decisions.sort((a, b) => b.decidedAtMs - a.decidedAtMs);
    if (last === undefined) throw notFound(`Nothing is kept of account ${request.parameters.accountId} any more.`);
    return { status: 200, body: renderStanding(last) };
  };

/** `GET /accounts/{accountId}/decisions`: newest sequence first. */
export const getAccountTimeline =
  (table: TableStore): Endpoint =>
  async (request) => {
    const { limit, after } = pageRequest(request);
    const state = await stateOf(table, request);
    const { userId, accountId } = ownerOf(state);
    const { items, before } = await newestDecisions(
      table,
      accountFromItem(state).chain,
      after === null ? null : Number(after),
      limit,
    );
    return {
      status: 200,
      body: pageBody(
        request,
        items.map((body) => timelineItem(userId, accountId, body)),
        before === undefined ? undefined : String(before),
      ),
    };
  };

/** `GET /accounts/{accountId}/audit`: the chain, oldest first. */
export const getAccountAudit =
  (table: TableStore, openInputs: OpenInputs): Endpoint =>
  async (request) => {
    const { limit, after } = pageRequest(request);
    const { chain, salt } = accountFromItem(await stateOf(table, request));
    const found: Item[] = [];
    let from = after === null ? 1 : Number(after) + 1;
    for (let queries = 0; queries < queriesMax && found.length <= limit; queries += 1) {
      const { pk, sk } = auditKey(chain, from);
      const page = await table.query({
        pk,
        from: sk,
        limit: Math.min(entriesPerQueryMax, limit + 1 - found.length),
        consistent: true,
      });
      found.push(...page.items);
      if (page.after === undefined) break;
      from = Number(page.after) + 1;
    }
    const items = await Promise.all(
      found.slice(0, limit).map(async (item) => {
        const { body, hash } = auditFromItem(item);
        return { body, hash, inputs: await openInputs(salt, body) };
      }),
    );
    return {
      status: 200,
      body: pageBody(request, items, found.length > limit ? String(Number(found[limit - 1]!.sk)) : undefined),
    };
  };

/** The state that the request names: by user, or the account's only one. */
async function stateOf(table: TableStore, { tenant, parameters, query }: ApiRequest): Promise<Item> {
  const accountId = parameters.accountId!;
  if (query.userId !== undefined) {
    const item = await table.get(stateKey(tenant, accountId, query.userId), { consistent: true });
    if (item === null) throw notFound(`There is no account ${accountId} of user ${query.userId}.`);
    return item;
  }
  const { pk } = stateKey(tenant, accountId, '');
  const { items } = await table.query({ pk, limit: 2, consistent: true });
  if (items.length > 1) {
    throw invalid([{ pointer: '?userId', detail: `userId must be given: account ${accountId} has several users` }]);
  }
  if (items[0] === undefined) throw notFound(`There is no account ${accountId}.`);
  return items[0];
}

/** The states of all users of an account, at least one. */
async function statesOf(table: TableStore, { tenant, parameters }: ApiRequest): Promise<readonly Item[]> {
  const accountId = parameters.accountId!;
  const query = { pk: stateKey(tenant, accountId, '').pk, limit: usersPerQuery, consistent: true };
  const states: Item[] = [];
  let after: string | undefined;
  do {
    const page = await table.query(after === undefined ? query : { ...query, after });
    states.push(...page.items);
    after = page.after;
  } while (after !== undefined && states.length < usersMax);
  if (states.length === 0) throw notFound(`There is no account ${accountId}.`);
  return states;
}

async function lastDecision(table: TableStore, state: Item): Promise<StoredDecision | null> {
  const { tenant, userId, accountId } = ownerOf(state);
  const { items } = await newestDecisions(table, accountFromItem(state).chain, null, 1);
  const newest = items[0];
  if (newest === undefined) return null;
  const item = await table.get(decisionKey(tenant, newest.transactionId), { consistent: true });
  if (item === null) throw new Error(`the chain of the account names transaction ${newest.transactionId}, which has no decision`);
  const stored = decisionFromItem(item);
  const { decision } = stored;
  return { ...stored, decision: { ...decision, transaction: { ...decision.transaction, userId, accountId } } };
}

/** The chain's decisions below a sequence, newest first; `before` where to go on, absent at the end. */
async function newestDecisions(
  table: TableStore,
  chain: string,
  before: number | null,
  limit: number,
): Promise<{ readonly items: readonly DecisionBody[]; readonly before?: number }> {
  const found: DecisionBody[] = [];
  let below = before;
  for (let queries = 0; queries < queriesMax; queries += 1) {
    const { pk } = auditKey(chain, 0);
    const to = below === null ? {} : { to: sequenceText(below - 1) };
    const page = await table.query({
      pk,
      ...to,
      descending: true,
      limit: Math.min(entriesPerQueryMax, limit + 1),
      consistent: true,
    });
    for (const item of page.items) {
      const { body } = auditFromItem(item);
      if (body.event === 'DECISION_MADE') found.push(body as unknown as DecisionBody);
    }
    if (found.length > limit) return { items: found.slice(0, limit), before: found[limit - 1]!.sequence };
    if (page.after === undefined) return { items: found };
    below = Number(page.after);
  }
  return below === null ? { items: found } : { items: found, before: below };
}

const timelineItem = (userId: string, accountId: string, body: DecisionBody): WireDecisionItem => ({
  transactionId: body.transactionId,
  userId,
  accountId,
  occurredAt: body.occurredAt,
  decidedAt: body.at,
  amountMinor: body.amountMinor,
  currency: body.currency,
  outcome: body.outcome,
  score: body.score,
  signals: body.triggered,
  anomalyPercentile: body.signals.ANOMALY,
  travelKmh: body.signals.IMPOSSIBLE_TRAVEL,
});
