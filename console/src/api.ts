import type { Wire } from '../../shared/contract/wire.ts';
import type { Session } from './session.tsx';
import type { Caller } from './wire.ts';

/** Requests to the API. Addresses are relative to the page, so that it works under a stage path. */

export type Fault = Wire<'Fault'>;

/** A failed request: the answer's status, 0 when the API could not be reached, -1 for a failure in this page. */
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

/** Keeps the key for the life of the tab; null forgets it. */
export const holdKey = (next: string | null): void => {
  key = next;
  if (next === null) sessionStorage.removeItem(sessionKey);
  else sessionStorage.setItem(sessionKey, next);
};

/** Sets what to do when the API refuses the held key. */
export const whenRefused = (act: () => void): void => {
  onRefused = act;
};

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
  const problem = (await answer.json().catch(() => ({}))) as Partial<Wire<'Problem'>>;
  // A late answer to an earlier key says nothing about the key that is held now.
  if (answer.status === 401 && usedKey !== null && usedKey === key) onRefused();
  throw new ApiError(answer.status, problem.detail ?? problem.title ?? `The API answered ${answer.status}.`, problem.errors);
}

/** Yields the items of each page, at most `pagesMax` pages. */
export async function* pages<Item>(url: string, pagesMax: number, signal?: AbortSignal): AsyncGenerator<readonly Item[]> {
  let cursor: string | undefined;
  for (let page = 0; page < pagesMax; page += 1) {
    const next: Page<Item> = await get(cursor === undefined ? url : `${url}&cursor=${encodeURIComponent(cursor)}`, signal);
    yield next.items;
    if (next.cursor === undefined) return;
    cursor = next.cursor;
  }
}

/** What the API says about the held key or token. A key without the scope `read` is refused: it holds nothing that this page can use. */
export async function getCaller(): Promise<Session> {
  try {
    const { tenant, scopes } = await get<Caller>('caller');
    return { tenant, scopes: new Set(scopes) };
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) return { tenant: null, scopes: new Set() };
    throw error;
  }
}
