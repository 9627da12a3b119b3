import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import type { Scope } from '../../shared/contract/routes.ts';
import type { HttpHandler } from '../../shared/edge/http.ts';
import { createKey, type KeyStore } from '../../shared/edge/keys.ts';
import type { Clock, Item, Key, Queue, QueueMessage, Randomness, TableStore } from '../../shared/ports.ts';

export interface TestClock extends Clock {
  advance(ms: number): void;
}

export function testClock(startMs = Date.UTC(2026, 10, 20, 12)): TestClock {
  let nowMs = startMs;
  return {
    nowMs: () => nowMs,
    sleep: async (ms) => {
      nowMs += ms;
    },
    advance: (ms) => {
      nowMs += ms;
    },
  };
}

/** Different bytes at every call, the same in every run. */
export function testRandomness(): Randomness {
  let calls = 0;
  return {
    bytes: (count) => {
      calls++;
      return Uint8Array.from({ length: count }, (_, i) => (calls * 31 + i * 7) % 256);
    },
    fraction: () => 0.5,
  };
}

/** As much of a table as keys need; `failWith` makes every call throw. */
export function testTable(): TableStore & { failWith: Error | null; gets: number } {
  const items = new Map<string, Item>();
  const nameOf = ({ pk, sk }: Key): string => `${pk}|${sk}`;
  const unused = async (): Promise<never> => {
    throw new Error('the edge does not use this');
  };
  return {
    failWith: null,
    gets: 0,
    async get(key) {
      this.gets++;
      if (this.failWith) throw this.failWith;
      return items.get(nameOf(key)) ?? null;
    },
    async query({ pk }) {
      return { items: [...items.values()].filter((item) => item.pk === pk) };
    },
    async put(item) {
      items.set(nameOf(item), item);
    },
    async update(key, change) {
      const item = { ...items.get(nameOf(key))!, ...change.set };
      items.set(nameOf(key), item);
      return item;
    },
    delete: unused,
    transact: unused,
    getMany: unused,
    scan: unused,
  };
}

/** Keeps what was sent; messages whose index is in `failing` are refused. */
export function testQueue(failing: (index: number) => boolean = () => false): Queue & { readonly messages: QueueMessage[] } {
  const messages: QueueMessage[] = [];
  return {
    messages,
    async send(given) {
      return given.map((message, index) => {
        if (failing(index)) return { sent: false, cause: 'the queue is full' } as const;
        messages.push(message);
        return { sent: true } as const;
      });
    },
  };
}

export const newKey = async (store: KeyStore, held: readonly Scope[], tenant = 'acme'): Promise<string> =>
  (await createKey(store, { tenant, scopes: held, createdBy: 'test', expiresAtMs: null })).key;

export interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly key?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, readonly string[]>>;
  /** Bytes go base64, as a gateway with binary media types sends them. */
  readonly body?: string | Uint8Array | null;
}

/** The event API Gateway (REST, proxy) makes of a request. */
export function eventOf({ method = 'GET', path = '/', key, headers = {}, query = {}, body = null }: Sent): APIGatewayProxyEvent {
  const authorization = key === undefined || key === null ? {} : { Authorization: `Bearer ${key}` };
  const type = body === null ? {} : { 'Content-Type': 'application/json' };
  const all: Record<string, string> = { ...authorization, ...type, ...headers };
  return {
    httpMethod: method,
    path,
    resource: path,
    headers: all,
    multiValueHeaders: Object.fromEntries(Object.entries(all).map(([name, value]) => [name, [value]])),
    queryStringParameters: Object.fromEntries(Object.entries(query).map(([name, values]) => [name, values.at(-1)])),
    multiValueQueryStringParameters: Object.fromEntries(Object.entries(query).map(([name, values]) => [name, [...values]])),
    pathParameters: null,
    stageVariables: null,
    requestContext: {} as APIGatewayProxyEvent['requestContext'],
    body: body instanceof Uint8Array ? Buffer.from(body).toString('base64') : body,
    isBase64Encoded: body instanceof Uint8Array,
  };
}

export interface Received {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: never;
  readonly result: APIGatewayProxyResult;
}

export async function send(handler: HttpHandler, sent: Sent): Promise<Received> {
  const result = await handler(eventOf(sent));
  const text = result.body;
  return {
    status: result.statusCode,
    headers: result.headers as Record<string, string>,
    body: (text.startsWith('{') ? JSON.parse(text) : text) as never,
    result,
  };
}
