import { expect } from 'vitest';
import type { Api } from './api.ts';
import { undocumented } from './documented.ts';

// biome-ignore lint/suspicious/noExplicitAny: bodies are JSON from outside
type Json = any;

export interface Asked {
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
}

/** Sends requests with a key to the API on memory stores; every answer must be one that the OpenAPI document describes. */
export const asking =
  (api: Api, key: string | null) =>
  async (
    method: string,
    path: string,
    { query = {}, body }: Asked = {},
  ): Promise<{ readonly status: number; readonly body: Json }> => {
    const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
    const answer = await api.call({
      method,
      path,
      key,
      query: Object.fromEntries(given.map(([name, value]) => [name, [value]])),
      body: body === undefined ? null : JSON.stringify(body),
    });
    expect(undocumented(method, path, answer.result)).toBeNull();
    return { status: answer.status, body: answer.body };
  };

export type Asking = ReturnType<typeof asking>;

/** Every item behind a list route, page by page, and how many pages there were. */
export async function everyItem(ask: Asking, path: string, query: Asked['query'] = {}) {
  const items: Json[] = [];
  let cursor: string | undefined;
  let pages = 0;
  do {
    const { status, body } = await ask('GET', path, { query: { ...query, cursor } });
    expect(status).toBe(200);
    items.push(...body.items);
    cursor = body.cursor;
    pages += 1;
  } while (cursor !== undefined && pages < 1_000);
  return { items, pages };
}
