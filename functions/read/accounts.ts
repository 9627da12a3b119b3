import { renderStanding, type WireDecisionItem } from '../../shared/contract/render.ts';
import type { DecisionBody } from '../../shared/domain/audit.ts';
import { invalid, notFound, type Problem } from '../../shared/edge/problem.ts';
import type { AnswerWithoutBody, ApiRequest } from '../../shared/edge/request.ts';
import { auditFromItem, decisionFromItem, type StoredDecision } from '../../shared/ledger/items.ts';
import { accountFromItem, ownerOf } from '../../shared/ledger/state.ts';
import { type Item, type TableStore, Throttled, Unavailable } from '../../shared/ports/ports.ts';
import { type CoverageStores, coverageOf } from '../../shared/proof/checkpointIndex.ts';
import { type AuditEntry, asAuditEntry } from '../../shared/proof/entry.ts';
import { isExpired } from '../../shared/proof/hotRows.ts';
import { auditKey, decisionKey, sequenceText, stateKey } from '../../shared/store/names.ts';
import { firstOf, itemPage, queryItems } from '../../shared/store/pages.ts';
import { isSequence } from './cursor.ts';
import type { FindErasedChain } from './erasedChains.ts';
import type { OpenInputs } from './inputs.ts';
import { pageBody, pageRequest } from './pages.ts';

/** Users of one account whose states are read to find the newest decision. */
const usersMax = 1_000;
const usersPerQuery = 100;
/** Of these users, those with the newest payments: their chains are read. */
const candidatesMax = 20;
/** Entries of a chain read in one query, and queries for one request. */
const entriesPerQueryMax = 250;
const queriesMax = 20;
/** What is left of an erased account's salt. */
const destroyedSalt = new Uint8Array(16);

/** `GET /accounts/{accountId}/decision`: the last by sequence; without userId that of the user decided on last. */
export const getAccountStanding =
  (table: TableStore): AnswerWithoutBody =>
  async (request) => {
    const states = request.query.userId === undefined ? await statesOf(table, request) : [await stateOf(table, request)];
    const candidates = states
      .map((item) => ({ item, newestMs: accountFromItem(item).newestMs }))
      .sort((a, b) => b.newestMs - a.newestMs)
      .slice(0, candidatesMax);
    const found = await Promise.all(candidates.map(({ item }) => lastDecision(table, item, request.receivedAtMs)));
    const decisions = found.filter((stored) => stored !== null).map(({ decision }) => decision);
    const [last] = decisions.sort((a, b) => b.decidedAtMs - a.decidedAtMs);
    if (last === undefined) throw notFound(`Nothing is kept of account ${request.parameters.accountId} any more.`);
    return { status: 200, body: renderStanding(last) };
  };

/** `GET /accounts/{accountId}/decisions`: newest sequence first. */
export const getAccountTimeline =
  (table: TableStore): AnswerWithoutBody =>
  async (request) => {
    const { limit, after } = pageRequest(request, isSequence);
    const state = await stateOf(table, request);
    const { userId, accountId } = ownerOf(state);
    const { items, before } = await newestDecisions(
      table,
      accountFromItem(state).chain,
      after === null ? null : Number(after),
      limit,
      request.receivedAtMs,
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

/**
 * `GET /accounts/{accountId}/audit`: the chain, oldest first, from the first row that the table keeps, with the state of its proof. Where
 * rows have gone to the archive, the first page says through which entry.
 */
export const getAccountAudit =
  ({ table, checkpoints }: CoverageStores, openInputs: OpenInputs, findErased: FindErasedChain): AnswerWithoutBody =>
  async (request) => {
    const { limit, after } = pageRequest(request, isSequence);
    const { chain, salt, sequence } = await chainOf(table, findErased, request);
    const from = after === null ? 1 : Number(after) + 1;
    const { items: rows, after: last } = await itemPage(table, {
      query: { pk: auditKey(chain, from).pk, from: auditKey(chain, from).sk, limit: entriesPerQueryMax, consistent: true },
      count: limit,
      queriesMax,
      isWanted: (item) => !isExpired(item, request.receivedAtMs),
    });
    const entries = rows.map((item) => asAuditEntry(auditFromItem(item)));
    const proofOf = await proofStates({ table, checkpoints }, chain, entries);
    const items = await Promise.all(
      entries.map(async ({ body, hash }) => ({
        body,
        hash,
        inputs: await openInputs(salt, body),
        proof: proofOf(body.sequence),
      })),
    );
    const lastSequence = last === undefined ? null : Number(last);
    const archived = entries[0] ? entries[0].body.sequence - 1 : (lastSequence ?? sequence);
    const page = pageBody(request, items, lastSequence === null ? undefined : String(lastSequence));
    return { status: 200, body: after === null && archived > 0 ? { ...page, archivedThrough: archived } : page };
  };

/**
 * What proves an entry: `CHECKPOINTED` - a signed checkpoint holds it -, `CHAINED` - its chain alone so far -, `UNKNOWN` - the checkpoints
 * cannot be read now.
 */
async function proofStates(stores: CoverageStores, chain: string, entries: readonly AuditEntry[]) {
  const places = entries.map(({ body }) => ({ sequence: body.sequence, atMs: Date.parse(body.at) }));
  const coverage = await coverageOf(stores, chain, places).catch((error: unknown) => {
    if (error instanceof Unavailable || error instanceof Throttled) return null;
    throw error;
  });
  return (sequence: number) => {
    if (coverage === null) return { state: 'UNKNOWN', checkpoint: null };
    if (sequence > coverage.throughSequence) return { state: 'CHAINED', checkpoint: null };
    return { state: 'CHECKPOINTED', checkpoint: coverage.checkpoint };
  };
}

/** Returns the chain that the request names. It may be the chain of an erased account, whose sealed inputs nothing can open. */
async function chainOf(table: TableStore, findErased: FindErasedChain, request: ApiRequest) {
  const { tenant, parameters, query } = request;
  const state = await findState(table, request);
  if (state !== null) return accountFromItem(state);
  const erased = await findErased(tenant, parameters.accountId!, query.userId);
  if (erased === 'several') throw userNeeded(request);
  if (erased === null) throw noAccount(request);
  return { ...erased, salt: destroyedSalt };
}

/** Returns the state that the request names: that of the user, or the only one of the account. */
async function stateOf(table: TableStore, request: ApiRequest): Promise<Item> {
  const state = await findState(table, request);
  if (state === null) throw noAccount(request);
  return state;
}

async function findState(table: TableStore, request: ApiRequest): Promise<Item | null> {
  const { tenant, parameters, query } = request;
  const accountId = parameters.accountId!;
  if (query.userId !== undefined) return table.get(stateKey(tenant, accountId, query.userId), { consistent: true });
  const { pk } = stateKey(tenant, accountId, '');
  const { items } = await table.query({ pk, limit: 2, consistent: true });
  if (items.length > 1) throw userNeeded(request);
  return items[0] ?? null;
}

const userNeeded = ({ parameters }: ApiRequest): Problem =>
  invalid([{ pointer: '?userId', detail: `userId must be given: account ${parameters.accountId} has several users` }]);

const noAccount = ({ parameters, query }: ApiRequest): Problem =>
  notFound(`There is no account ${parameters.accountId}${query.userId === undefined ? '' : ` of user ${query.userId}`}.`);

/** The states of all users of an account, at least one. */
async function statesOf(table: TableStore, { tenant, parameters }: ApiRequest): Promise<readonly Item[]> {
  const accountId = parameters.accountId!;
  const query = { pk: stateKey(tenant, accountId, '').pk, limit: usersPerQuery, consistent: true };
  const states = await firstOf(queryItems(table, query), usersMax);
  if (states.length === 0) throw notFound(`There is no account ${accountId}.`);
  return states;
}

async function lastDecision(table: TableStore, state: Item, nowMs: number): Promise<StoredDecision | null> {
  const { tenant, userId, accountId } = ownerOf(state);
  const { items } = await newestDecisions(table, accountFromItem(state).chain, null, 1, nowMs);
  const newest = items[0];
  if (newest === undefined) return null;
  const item = await table.get(decisionKey(tenant, newest.transactionId), { consistent: true });
  if (item === null) throw new Error(`the chain of the account names transaction ${newest.transactionId}, which has no decision`);
  const stored = decisionFromItem(item);
  const { decision } = stored;
  return { ...stored, decision: { ...decision, transaction: { ...decision.transaction, userId, accountId } } };
}

/** Returns the chain's decisions below a sequence, newest first, and where the next page begins (`before`; absent at the end). */
async function newestDecisions(
  table: TableStore,
  chain: string,
  before: number | null,
  limit: number,
  nowMs: number,
): Promise<{ readonly items: readonly DecisionBody[]; readonly before?: number }> {
  const { items, after } = await itemPage(table, {
    query: {
      pk: auditKey(chain, 0).pk,
      ...(before !== null && { to: sequenceText(before - 1) }),
      descending: true,
      limit: entriesPerQueryMax,
      consistent: true,
    },
    count: limit,
    queriesMax,
    isWanted: (item) => !isExpired(item, nowMs) && auditFromItem(item).body.event === 'DECISION_MADE',
  });
  const decisions = items.map((item) => auditFromItem(item).body as unknown as DecisionBody);
  return after === undefined ? { items: decisions } : { items: decisions, before: Number(after) };
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
  anomalyPercentile: body.signals.ANOMALY ?? null,
  travelKmh: body.signals.IMPOSSIBLE_TRAVEL ?? null,
});
