import type { Item, Key, ObjectStore, Query, TableStore } from '../ports/ports.ts';

/** How far reading may go. */
export interface PageLimit {
  readonly pagesMax: number;
  /** What is wrong when there are more pages. */
  readonly beyond: string;
}

/** Every item of a query, in its order, read page by page as they are asked for. Throws a RangeError where there are too many pages. */
export async function* queryItems(table: TableStore, query: Query, limit?: PageLimit): AsyncGenerator<Item> {
  const read = (after: string | undefined) => table.query(after === undefined ? query : { ...query, after });
  for await (const { items } of pages(read, limit)) yield* items;
}

/** Every item of the table, in no order. */
export async function* scanItems(table: TableStore, pageSize: number): AsyncGenerator<Item> {
  const read = (after: Key | undefined) => table.scan({ limit: pageSize, ...(after !== undefined && { after }) });
  for await (const { items } of pages(read)) yield* items;
}

/** Every key below a prefix, in pages. */
export async function* listedKeys(
  objects: ObjectStore,
  prefix: string,
  pageSize: number,
  from?: string,
): AsyncGenerator<readonly string[]> {
  const read = (after = from) => objects.list(prefix, { limit: pageSize, ...(after !== undefined && { after }) });
  for await (const { keys } of pages(read)) yield keys;
}

async function* pages<Place, Page extends { readonly after?: Place }>(
  read: (after: Place | undefined) => Promise<Page>,
  limit?: PageLimit,
): AsyncGenerator<Page> {
  let after: Place | undefined;
  for (let count = 0; limit === undefined || count < limit.pagesMax; count++) {
    const page = await read(after);
    yield page;
    after = page.after;
    if (after === undefined) return;
  }
  throw new RangeError(limit!.beyond);
}

/** The first values of a sequence, at most `count`; reads no further. */
export async function firstOf<Value>(values: AsyncIterable<Value>, count: number): Promise<Value[]> {
  const first: Value[] = [];
  if (count <= 0) return first;
  for await (const value of values) {
    first.push(value);
    if (first.length === count) break;
  }
  return first;
}

export interface ItemPage {
  readonly items: readonly Item[];
  /** The sk after which the next page begins; absent at the end. */
  readonly after?: string;
}

export interface ItemPageRequest {
  /** `limit` is the most that one query reads. */
  readonly query: Query;
  /** Items wanted, at least 1. */
  readonly count: number;
  /** Queries that one page may take; then it ends with what was found. */
  readonly queriesMax: number;
  readonly isWanted?: (item: Item) => boolean;
}

/** A page of wanted items, for an answer with a cursor: looks one item ahead, so that the last page has no `after`. */
export async function itemPage(table: TableStore, request: ItemPageRequest): Promise<ItemPage> {
  const { query, count, queriesMax, isWanted = () => true } = request;
  const items: Item[] = [];
  let after = query.after;
  let limit = Math.min(query.limit, count + 1);
  for (let queries = 0; queries < queriesMax; queries++) {
    const page = await table.query({ ...query, limit, ...(after !== undefined && { after }) });
    for (const item of page.items) {
      if (!isWanted(item)) continue;
      if (items.length === count) return { items, after: items[count - 1]!.sk };
      items.push(item);
    }
    if (page.after === undefined) return { items };
    after = page.after;
    // Where nothing is wanted, much is looked through at once.
    limit = items.length === 0 ? query.limit : Math.min(query.limit, count + 1 - items.length);
  }
  return after === undefined ? { items } : { items, after };
}
