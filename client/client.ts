import { setTimeout as sleep } from 'node:timers/promises';
import createClient, { type Client } from 'openapi-fetch';
import type { components, paths } from '../shared/contract/wire.generated.ts';

export type { paths };

/** The API's shapes by their names in the OpenAPI document. */
export type Schemas = components['schemas'];

export interface ClientOptions {
  /** Where the API is, its stage path included. */
  readonly url: string;
  readonly key: string;
  /** Tries of one request while the answer says that a repeat is safe (429, 503) or none comes; 6 by default. */
  readonly attemptsMax?: number;
  /** Default: the platform's. */
  readonly fetch?: (request: Request) => Promise<Response>;
}

export type AegisClient = Client<paths>;

/**
 * A typed client: `client.POST('/decisions', { body })` answers `{ data, error, response }`, of which `data` is there for a 2xx status
 * and `error` (RFC 9457) for any other. Safe to repeat: the transactionId makes a repeated payment the same payment.
 */
export const aegisClient = ({ url, key, attemptsMax = 6, fetch = globalThis.fetch }: ClientOptions): AegisClient =>
  createClient<paths>({
    baseUrl: url.replace(/\/+$/, ''),
    headers: { authorization: `Bearer ${key}` },
    fetch: (request) => repeated(request, fetch, attemptsMax),
  });

const repeatable: ReadonlySet<number> = new Set([429, 502, 503, 504]);
const pauseMsMax = 5_000;
const noAnswerPauseMs = 200;

async function repeated(
  request: Request,
  fetch: (request: Request) => Promise<Response>,
  attemptsMax: number,
): Promise<Response> {
  for (let attempt = 1; ; attempt++) {
    try {
      const response = await fetch(request.clone());
      if (!repeatable.has(response.status) || attempt >= attemptsMax) return response;
      const seconds = Number(response.headers.get('retry-after') ?? 1);
      await sleep(Math.min(Number.isFinite(seconds) ? seconds * 1_000 : 1_000, pauseMsMax));
    } catch (error) {
      if (request.signal.aborted || attempt >= attemptsMax) throw error;
      await sleep(noAnswerPauseMs * attempt);
    }
  }
}
