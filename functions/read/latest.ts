import { renderDecisionItem, type WireSignalItem } from '../../shared/contract/render.ts';
import { parseInstant } from '../../shared/contract/time.ts';
import { toBaseMinor } from '../../shared/domain/money.ts';
import { type SignalName, signalNames } from '../../shared/domain/signals/names.ts';
import { formatInstant } from '../../shared/domain/time.ts';
import { invalid } from '../../shared/edge/problem.ts';
import type { AnswerWithoutBody, ApiRequest } from '../../shared/edge/request.ts';
import { loadActivePolicy } from '../../shared/policy/store.ts';
import type { TableStore } from '../../shared/ports/ports.ts';
import type { FeedEntry, Hit } from '../../shared/projection/feed.ts';
import { isFeedPosition, readFeed } from './feed.ts';
import { pageBody, pageRequest } from './pages.ts';

/**
 * `GET /decisions/latest`: newest `decidedAt` first. A request looks through a bounded number of pages of the feed, so that a page of the
 * answer may be short or empty while its cursor goes on.
 */
export const getLatestDecisions =
  (table: TableStore): AnswerWithoutBody =>
  async (request) => {
    const { limit, after } = pageRequest(request, (place) => isFeedPosition(place, request.receivedAtMs));
    const { outcome, signal } = request.query;
    const isWanted = await filterOf(table, request);
    const page = await readFeed(table, {
      tenant: request.tenant,
      feed: outcome === 'REVIEW' || outcome === 'BLOCK' || signal !== undefined ? 'flagged' : 'all',
      before: after,
      ...period(request),
      limit,
      nowMs: request.receivedAtMs,
      rows: (entry, position) => (isWanted(entry) ? [{ position, row: renderDecisionItem(entry) }] : []),
    });
    return { status: 200, body: pageBody(request, page.rows, page.before) };
  };

/** Whether an entry passes the request's filters. A payment in a currency without a rate has no amount to compare. */
async function filterOf(table: TableStore, { tenant, query, receivedAtMs }: ApiRequest): Promise<(entry: FeedEntry) => boolean> {
  const { outcome, signal, minScore, minAmountMinor } = query;
  const bit = signal === undefined ? 0 : 1 << signalNames.indexOf(signal as SignalName);
  const policy = minAmountMinor === undefined ? null : (await loadActivePolicy(table, tenant, receivedAtMs)).policy;
  const isLarge = ({ amountMinor, currency }: FeedEntry['transaction']): boolean => {
    if (policy === null) return true;
    const baseMinor = toBaseMinor(amountMinor, currency, policy.baseCurrency, policy.rates);
    return baseMinor !== null && baseMinor >= Number(minAmountMinor);
  };
  return (entry) =>
    (outcome === undefined || entry.outcome === outcome) &&
    (entry.triggered & bit) === bit &&
    (minScore === undefined || entry.score >= Number(minScore)) &&
    isLarge(entry.transaction);
}

/** `from` and `to` of the query. Throws a 400 when they are the wrong way round. */
function period({ query: { from, to } }: ApiRequest): { readonly fromMs?: number; readonly toMs?: number } {
  const [fromMs, toMs] = [from, to].map((text) => (text === undefined ? undefined : parseInstant(text)!.epochMs));
  if (fromMs !== undefined && toMs !== undefined && fromMs > toMs)
    throw invalid([{ pointer: '?from', detail: `from must not be after to, ${to}; given ${from}` }]);
  return { ...(fromMs !== undefined && { fromMs }), ...(toMs !== undefined && { toMs }) };
}

/** `GET /signals/recent`: one item per triggered signal, newest `decidedAt` first. */
export const getRecentSignals =
  (table: TableStore): AnswerWithoutBody =>
  async (request) => {
    const { limit, after } = pageRequest(request, (place) => isFeedPosition(place, request.receivedAtMs));
    const { signal } = request.query;
    const page = await readFeed(table, {
      tenant: request.tenant,
      feed: 'flagged',
      before: after,
      limit,
      nowMs: request.receivedAtMs,
      rows: (entry, position) =>
        entry.hits
          .filter((hit) => signal === undefined || hit.signal === signal)
          .map((hit) => ({ position: `${position}#${rank(hit)}`, row: signalItem(entry, hit) })),
    });
    return { status: 200, body: pageBody(request, page.rows, page.before) };
  };

/** Rows are read in falling order: so turned round, a payment's signals come in the order of `signalNames`. */
const rank = ({ signal }: Hit): string => String(99 - signalNames.indexOf(signal)).padStart(2, '0');

const signalItem = ({ transaction, decidedAtMs }: FeedEntry, { signal, value, threshold }: Hit): WireSignalItem => ({
  transactionId: transaction.transactionId,
  userId: transaction.userId,
  accountId: transaction.accountId,
  signal,
  value,
  threshold,
  decidedAt: formatInstant(decidedAtMs),
});
