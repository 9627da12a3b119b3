import { toPlain } from '../../../shared/contract/json.ts';
import { type HttpHandler, httpHandler } from '../../../shared/edge/http.ts';
import { type Answer, type ApiRequest, type Endpoints, withoutBody } from '../../../shared/edge/request.ts';
import type { Received } from '../../support/http.ts';
import { newKey, testStores } from '../../support/stores.ts';

/** The HTTP edge in front of endpoints that answer with the body that they read. */
export interface EchoEdge {
  readonly stores: ReturnType<typeof testStores>;
  /** A key that may read and administer. */
  readonly key: string;
  /** The requests that reached an endpoint. */
  readonly requests: readonly ApiRequest[];
  /** The lines that the read function logged. */
  readonly logged: readonly string[];
  readonly endpoints: Endpoints;
  /** What every endpoint throws from now on, if not null. */
  failure: Error | null;
  read(options?: { readonly throttle?: { readonly ratePerSecond: number; readonly burst: number } }): HttpHandler;
  /** The same endpoints behind the admin function: PUT /policy is its own. */
  admin(): HttpHandler;
}

export const echoEdge = async (): Promise<EchoEdge> => {
  const stores = testStores();
  const requests: ApiRequest[] = [];
  const logged: string[] = [];
  const answer = async (request: ApiRequest, body?: unknown): Promise<Answer> => {
    requests.push(request);
    if (edge.failure !== null) throw edge.failure;
    return { status: 200, body: { read: body } };
  };
  const withBody = { read: ({ json }: ApiRequest) => json && toPlain(json), answer };
  const endpoints: Endpoints = {
    putPolicy: withBody,
    postTransactionBatch: withBody,
    ...withoutBody({
      getDecision: answer,
      getLatestDecisions: answer,
      getPolicy: answer,
      getOverview: answer,
      getHealth: answer,
      getDocsFile: async () => ({ status: 200, body: new Uint8Array([1, 2, 3]), contentType: 'image/png' }),
      getDocs: async () => ({ status: 200, body: '<p>', contentType: 'text/html; charset=utf-8', headers: { 'x-own': '1' } }),
    }),
  };
  const edge: EchoEdge = {
    stores,
    key: await newKey(stores, ['read', 'admin']),
    requests,
    logged,
    endpoints,
    failure: null,
    read: (options = {}) =>
      httpHandler('read', endpoints, {
        ...stores,
        log: (level, message, fields) => logged.push(JSON.stringify({ level, message, ...fields })),
        ...options,
      }),
    admin: () => httpHandler('admin', endpoints, { ...stores, log: () => undefined }),
  };
  return edge;
};

/** The body of an answer that is a problem. */
export const problem = (received: Received) =>
  received.body as { status: number; title: string; detail: string; errors?: { pointer: string; detail: string }[] };
