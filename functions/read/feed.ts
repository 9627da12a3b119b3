import { dayMs } from '../../shared/domain/durations.ts';
import type { Query, TableStore } from '../../shared/ports/ports.ts';
import {
  type Feed,
  type FeedEntry,
  feedDayKey,
  feedRetentionDays,
  pageEntries,
  positionOf,
  slotBounds,
  slotPagesMax,
} from '../../shared/projection/feed.ts';

/** A row and where it stands: rows are read in falling order of position. */
interface Positioned<Row> {
  readonly position: string;
  readonly row: Row;
}

export interface FeedQuery<Row> {
  readonly tenant: string;
  readonly feed: Feed;
  /** Rows strictly below this position; null = from the newest on. */
  readonly before: string | null;
  /** Decided from then on, and before; left out: no bound. */
  readonly fromMs?: number;
  readonly toMs?: number;
  /** The rows of one entry, in any order; their positions begin with the entry's. */
  readonly rows: (entry: FeedEntry, position: string) => readonly Positioned<Row>[];
  readonly limit: number;
  readonly nowMs: number;
}

export interface FeedPage<Row> {
  readonly rows: readonly Row[];
  /** Where to go on; absent at the end. */
  readonly before?: string;
}

/** What one request reads before it answers with what it has found and a cursor. */
const pagesPerRequestMax = 500;
const pagesPerQuery = 25;
const daysAtOnce = 10;
/** A decision may be ahead of the reader's clock by this. */
const skewMs = 300_000;

/**
 * Newest first, across pages that interleave. Pages come in falling order of their newest entry, so that every row at or above the key
 * of the last page read is known: it may be answered, what is below waits for the pages that follow.
 */
export async function readFeed<Row>(table: TableStore, given: FeedQuery<Row>): Promise<FeedPage<Row>> {
  const query = within(given);
  const { before, limit } = query;
  const oldest = `${new Date(query.fromMs).toISOString()}#`;
  const found: Positioned<Row>[] = [];
  let waiting: Positioned<Row>[] = [];
  let pagesRead = 0;

  for await (const pages of pageBatches(table, query)) {
    const frontier = pages.frontier;
    for (const entry of pages.entries) {
      const position = positionOf(entry);
      if (position < oldest) continue;
      waiting.push(...query.rows(entry, position).filter((row) => before === null || row.position < before));
    }
    waiting.sort(fallingByPosition);
    const known = frontier === null ? waiting.length : countWhile(waiting, (row) => row.position >= frontier);
    found.push(...waiting.slice(0, known));
    waiting = waiting.slice(known);
    if (found.length > limit) return { rows: found.slice(0, limit).map(({ row }) => row), before: found[limit - 1]!.position };
    pagesRead += pages.count;
    const advanced = frontier !== null && (before === null || frontier < before);
    if (advanced && pagesRead >= pagesPerRequestMax) return { rows: found.map(({ row }) => row), before: frontier };
    if (pagesRead > pagesPerRequestMax + slotPagesMax)
      throw new Error(`a slot of feed ${query.feed} has over ${slotPagesMax} pages`);
  }
  return { rows: found.map(({ row }) => row) };
}

type BoundedQuery<Row> = FeedQuery<Row> & { readonly fromMs: number };

/** The query with its times inside what the feed holds; a cursor is never above `toMs`. */
function within<Row>(query: FeedQuery<Row>): BoundedQuery<Row> {
  const { before, nowMs, fromMs = 0, toMs } = query;
  const oldestMs = startOfDay(nowMs) - feedRetentionDays * dayMs;
  const bounded = { ...query, fromMs: Math.max(fromMs, oldestMs) };
  if (before !== null || toMs === undefined || toMs > nowMs + skewMs) return bounded;
  return { ...bounded, before: `${new Date(Math.max(toMs, oldestMs)).toISOString()}#` };
}

interface PageBatch {
  readonly entries: readonly FeedEntry[];
  readonly count: number;
  /** The key of the last page read: pages still unread are below it. Null when there are none. */
  readonly frontier: string | null;
}

async function* pageBatches(table: TableStore, query: BoundedQuery<unknown>): AsyncGenerator<PageBatch> {
  const requests = dayRequests(query);
  // Busy days are read one by one; behind the first one most days of a quiet feed are empty, so several are tried at once.
  for (let at = 0, width = 1; at < requests.length; at += width, width = daysAtOnce) {
    const days = requests.slice(at, at + width);
    const firsts = await Promise.all(days.map((request, index) => table.query(index === 0 ? request : { ...request, limit: 1 })));
    for (const [index, request] of days.entries()) {
      let answer = firsts[index]!;
      for (;;) {
        const last = answer.items.at(-1);
        if (last !== undefined)
          yield { entries: answer.items.flatMap(pageEntries), count: answer.items.length, frontier: last.sk };
        if (answer.after === undefined) break;
        answer = await table.query({ ...request, after: answer.after });
      }
    }
  }
  yield { entries: [], count: 0, frontier: null };
}

/** A far day would be a query for each day until then. */
export const isFeedPosition = (position: string, nowMs: number): boolean =>
  timeOf(position) >= 0 && timeOf(position) <= nowMs + skewMs;

/** One query a day, newest first, back to the oldest time that is wanted: a page below it holds nothing newer. */
function dayRequests({ tenant, feed, before, fromMs, nowMs }: BoundedQuery<unknown>): Query[] {
  const newestMs = before === null ? nowMs + skewMs : timeOf(before);
  const oldestMs = startOfDay(fromMs);
  const requests: Query[] = [];
  for (let day = startOfDay(newestMs); day >= oldestMs; day -= dayMs) {
    const bound = before !== null && requests.length === 0 ? { to: slotBounds(newestMs).to } : {};
    const from = day === oldestMs ? { from: new Date(fromMs).toISOString() } : {};
    requests.push({ pk: feedDayKey(tenant, feed, day), descending: true, limit: pagesPerQuery, ...bound, ...from });
  }
  return requests;
}

const startOfDay = (epochMs: number): number => Math.floor(epochMs / dayMs) * dayMs;

const timeOf = (position: string): number => Date.parse(position.slice(0, position.indexOf('#')));

const fallingByPosition = (a: Positioned<unknown>, b: Positioned<unknown>): number =>
  a.position > b.position ? -1 : a.position < b.position ? 1 : 0;

const countWhile = <Value>(values: readonly Value[], holds: (value: Value) => boolean): number => {
  const end = values.findIndex((value) => !holds(value));
  return end < 0 ? values.length : end;
};
