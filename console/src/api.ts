import type { Scope } from '../../shared/contract/routes.ts';

/** The API, as this page reads it. Addresses are relative to the page, so that it works under a stage path. */

export interface Fault {
  readonly pointer: string;
  readonly detail: string;
}

/** An answer that is none: `status` 0 when the API could not be reached. */
export class ApiError extends Error {
  readonly status: number;
  readonly faults: readonly Fault[];

  constructor(status: number, message: string, faults: readonly Fault[] = []) {
    super(message);
    this.status = status;
    this.faults = faults;
  }
}

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly cursor?: string;
}

const timeoutMs = 20_000;
const baseUrl = (): string => new URL('.', location.href).href;
const sessionKey = 'aegis.key';

let key: string | null = sessionStorage.getItem(sessionKey);
let onRefused: () => void = () => {};

export const heldKey = (): string | null => key;

/** The key lives as long as the tab: it is never stored beyond it. */
export const holdKey = (next: string | null): void => {
  key = next;
  if (next === null) sessionStorage.removeItem(sessionKey);
  else sessionStorage.setItem(sessionKey, next);
};

/** Called when the API no longer takes the key. */
export const whenRefused = (told: () => void): void => {
  onRefused = told;
};

/** The tenant that an API key names; null for a token. */
export const tenantOf = (given: string): string | null => /^aegis_([a-z0-9-]{1,32})_/.exec(given)?.[1] ?? null;

export const path = (strings: TemplateStringsArray, ...values: readonly (string | number)[]): string =>
  strings.reduce((text, part, index) => text + encodeURIComponent(String(values[index - 1])) + part);

export const get = async <Body>(url: string, signal?: AbortSignal): Promise<Body> =>
  (await send('GET', url, undefined, signal)).json() as Promise<Body>;

export const getText = async (url: string): Promise<string> => (await send('GET', url)).text();

export const post = async <Body>(url: string, body: unknown, options: { readonly keepalive?: boolean } = {}): Promise<Body> =>
  (await send('POST', url, body, undefined, options.keepalive)).json() as Promise<Body>;

async function send(method: string, url: string, body?: unknown, signal?: AbortSignal, keepalive = false): Promise<Response> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const usedKey = key;
  const answer = await fetch(new URL(url, baseUrl()), {
    method,
    cache: 'no-store',
    credentials: 'omit',
    redirect: 'error',
    keepalive,
    signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    headers: {
      ...(usedKey !== null && { authorization: `Bearer ${usedKey}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  }).catch((error: unknown) => {
    if (signal?.aborted) throw error;
    throw new ApiError(0, 'The API does not answer.');
  });
  if (answer.ok) return answer;
  const problem = (await answer.json().catch(() => ({}))) as { title?: string; detail?: string; errors?: Fault[] };
  // Late answers to a key that was replaced since say nothing of the one in use.
  if (answer.status === 401 && usedKey !== null && usedKey === key) onRefused();
  throw new ApiError(answer.status, problem.detail ?? problem.title ?? `The API answered ${answer.status}.`, problem.errors);
}

/** Follows cursors until `enough`, or the last page, or `pagesMax`. */
export async function* pages<Item>(url: string, pagesMax: number, signal?: AbortSignal): AsyncGenerator<readonly Item[]> {
  let cursor: string | undefined;
  for (let page = 0; page < pagesMax; page += 1) {
    const next: Page<Item> = await get(cursor === undefined ? url : `${url}&cursor=${encodeURIComponent(cursor)}`, signal);
    yield next.items;
    if (next.cursor === undefined) return;
    cursor = next.cursor;
  }
}

/** Which scopes the key holds, told by answers that change nothing: scopes are checked before fields. Throws when the key is none. */
export async function scopesHeld(): Promise<ReadonlySet<Scope>> {
  const probes = [
    ['read', 'GET', 'metrics/overview?minutes=1', undefined],
    ['review', 'POST', 'decisions/probe/review', {}],
    ['admin', 'GET', 'audit/system?limit=1', undefined],
  ] as const;
  const held = await Promise.all(
    probes.map(async ([scope, method, url, body]) => {
      try {
        await send(method, url, body);
        return scope;
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        if (error.status === 0 || error.status === 401 || error.status >= 500) throw error;
        return error.status === 400 ? scope : null;
      }
    }),
  );
  return new Set(held.filter((scope) => scope !== null));
}
