import { renderDecisionItem, type WireSignalItem } from '../../shared/contract/render.ts';
import { signalNames } from '../../shared/domain/signals/names.ts';
import { formatInstant } from '../../shared/domain/time.ts';
import type { AnswerWithoutBody } from '../../shared/edge/request.ts';
import type { TableStore } from '../../shared/ports/ports.ts';
import type { FeedEntry, Hit } from '../../shared/projection/feed.ts';
import { isFeedPosition, readFeed } from './feed.ts';
import { pageBody, pageRequest } from './pages.ts';

/** `GET /decisions/latest`: newest `decidedAt` first. */
export const getLatestDecisions =
  (table: TableStore): AnswerWithoutBody =>
  async (request) => {
    const { limit, after } = pageRequest(request, (place) => isFeedPosition(place, request.receivedAtMs));
    const { outcome } = request.query;
    const page = await readFeed(table, {
      tenant: request.tenant,
      feed: outcome === 'REVIEW' || outcome === 'BLOCK' ? 'flagged' : 'all',
      before: after,
      limit,
      nowMs: request.receivedAtMs,
      rows: (entry, position) =>
        outcome === undefined || entry.outcome === outcome ? [{ position, row: renderDecisionItem(entry) }] : [],
    });
    return { status: 200, body: pageBody(request, page.rows, page.before) };
  };

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
