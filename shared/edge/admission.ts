import type { APIGatewayProxyEvent } from 'aws-lambda';
import { maskCardNumbers } from '../contract/cardNumbers.ts';
import { type Json, JsonFault, parseJson, parseJsonOfRows } from '../contract/json.ts';
import { checkPath, checkQuery } from '../contract/queries.ts';
import { type Match, matchPath, type OperationId, type Route, type Stage } from '../contract/routes.ts';
import { findCardNumbers } from '../contract/transaction.ts';
import { Throttled, Unavailable } from '../ports/ports.ts';
import { pathWithinApi } from './basePath.ts';
import { type Fault, invalid, notFound, Problem } from './problem.ts';
import type { ApiRequest, Authentication, Caller, Endpoint, Endpoints, Recognised } from './request.ts';
import type { Throttle } from './throttle.ts';

const bodyLimitBytes = 262_144;
const batchLimitBytes = 4 * 1024 * 1024;

/** Routes whose bodies are transactions: reading the body finds card numbers together with its other faults. */
const transactionBodies: ReadonlySet<OperationId> = new Set<OperationId>([
  'postTransaction',
  'postTransactionBatch',
  'postDecision',
]);

/** Open routes that tell more to whoever shows a key. */
const openToKeys: ReadonlySet<OperationId> = new Set<OperationId>(['getHealth']);

const optionalBodies: ReadonlySet<OperationId> = new Set<OperationId>([
  'putListEntry',
  'claimReview',
  'releaseReview',
  'approvePolicyVersion',
]);

export interface Gate {
  readonly stage: Stage;
  readonly endpoints: Endpoints;
  readonly authenticate: Authentication;
  readonly throttle: Throttle;
}

/** A request that may be answered once its faults are known to be none. */
export interface Admitted {
  readonly endpoint: Endpoint;
  readonly request: ApiRequest;
  /** Of path and query. */
  readonly faults: readonly Fault[];
  /** Card numbers in a body that is not a transaction. */
  readonly cardNumbers: readonly Fault[];
}

/**
 * Checks the request in the contract's order, short of its fields; `note` is told of caller and route as soon as they are known. Throws the
 * Problem of the first check that fails.
 */
export async function admit(
  gate: Gate,
  event: APIGatewayProxyEvent,
  correlationId: string,
  receivedAtMs: number,
  note: (part: Partial<ApiRequest>) => void,
): Promise<Admitted> {
  const match = matchPath(pathWithinApi(event));
  const caller = isOpen(match) ? await recognised(gate, match, event) : await authenticated(gate, event);
  note(caller);
  const { route, endpoint } = routed(gate, match, event.httpMethod);
  note({ operationId: route.operationId, parameters: match!.parameters });
  requireScope(route, caller);
  if (caller !== nobody) requireRate(gate, caller, receivedAtMs);
  const json = jsonOf(route, event);
  const faults: Fault[] = [];
  const { parameters } = match!;
  checkPath(parameters, faults);
  const query = checkQuery(route.operationId, queryOf(event), faults);
  const cardNumbers: Fault[] = [];
  if (json !== undefined && !transactionBodies.has(route.operationId)) findCardNumbers(json, '', cardNumbers);
  const { operationId } = route;
  const request = { operationId, ...caller, correlationId, parameters, query, json, receivedAtMs };
  return { endpoint, request, faults, cardNumbers };
}

/** The body as the endpoint reads it. Throws the Problem that names every fault of path, query and body at once. */
export function bodyOf({ endpoint, request, faults, cardNumbers }: Admitted): unknown {
  if (faults.length + cardNumbers.length === 0) return endpoint.read(request);
  throw invalid([...faults, ...cardNumbers, ...bodyFaults(endpoint, request, cardNumbers)]);
}

/** The body's own faults, without those where a card number was named already, and with card numbers masked. */
function bodyFaults(endpoint: Endpoint, request: ApiRequest, cardNumbers: readonly Fault[]): readonly Fault[] {
  try {
    endpoint.read(request);
    return [];
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 400) throw error;
    const named = new Set(cardNumbers.map(({ pointer }) => pointer));
    return error.errors
      .map(({ pointer, detail }) => ({ pointer: maskCardNumbers(pointer), detail: maskCardNumbers(detail) }))
      .filter(({ pointer }) => !named.has(pointer));
  }
}

/** A header's value whatever its case; several values are joined, which no single-valued header survives. */
export function headerOf(event: APIGatewayProxyEvent, name: string): string | undefined {
  const { multiValueHeaders, headers } = event;
  const isNamed = (key: string): boolean => key.length === name.length && key.toLowerCase() === name;
  for (const key of Object.keys(multiValueHeaders ?? {})) {
    const values = isNamed(key) ? multiValueHeaders![key] : undefined;
    if (values !== undefined && values.length > 0) return values.join(', ');
  }
  for (const key of Object.keys(headers ?? {})) {
    const value = isNamed(key) ? headers![key] : undefined;
    if (value !== undefined) return value;
  }
  return undefined;
}

const nobody: Caller = { tenant: '', keyId: '', scopes: [], identity: '' };

const isOpen = (match: Match | null): boolean => match?.routes.every((route) => route.scope === null) ?? false;

/** The caller of an open route: nobody, unless the route asks for keys and a valid one can be looked up. */
async function recognised(gate: Gate, match: Match | null, event: APIGatewayProxyEvent): Promise<Caller> {
  if (match?.routes.some(({ operationId }) => openToKeys.has(operationId)) !== true) return nobody;
  const authorization = headerOf(event, 'authorization');
  if (authorization === undefined) return nobody;
  try {
    const caller = await gate.authenticate(authorization);
    return caller === null ? nobody : callerOf(caller);
  } catch (error) {
    // Whoever asks how things are must be told so while keys cannot be looked up.
    if (error instanceof Unavailable || error instanceof Throttled) return nobody;
    throw error;
  }
}

const callerOf = ({ tenant, keyId, scopes, identity = keyId }: Recognised): Caller => ({ tenant, keyId, scopes, identity });

async function authenticated(gate: Gate, event: APIGatewayProxyEvent): Promise<Caller> {
  const caller = await gate.authenticate(headerOf(event, 'authorization'));
  if (caller !== null) return callerOf(caller);
  throw new Problem(401, 'The request needs a valid key: Authorization: Bearer aegis_<tenant>_<secret>.', {
    headers: { 'www-authenticate': 'Bearer' },
  });
}

function routed(gate: Gate, match: Match | null, method: string): { readonly route: Route; readonly endpoint: Endpoint } {
  const served = match?.routes.filter((route) => route.stage !== gate.stage || gate.endpoints[route.operationId]) ?? [];
  if (served.length === 0) throw notFound('There is no such route.');
  const route = served.find((candidate) => candidate.method === method);
  if (route === undefined) {
    const allow = served.map((candidate) => candidate.method).sort();
    throw new Problem(405, `The route takes ${allow.join(', ')}.`, { headers: { allow: allow.join(', ') } });
  }
  const endpoint = gate.endpoints[route.operationId];
  if (endpoint === undefined) throw notFound('There is no such route here.');
  return { route, endpoint };
}

function requireScope(route: Route, caller: Caller): void {
  if (route.scope === null || caller.scopes.includes(route.scope)) return;
  throw new Problem(403, `The key needs the scope ${route.scope}; it has ${caller.scopes.join(', ') || 'none'}.`);
}

function requireRate(gate: Gate, caller: Caller, nowMs: number): void {
  const waitSeconds = gate.throttle(`${caller.tenant}#${caller.keyId}`, nowMs);
  if (waitSeconds === 0) return;
  throw new Problem(429, 'Too many requests with this key.', { headers: { 'retry-after': String(waitSeconds) } });
}

function jsonOf(route: Route, event: APIGatewayProxyEvent): Json | undefined {
  const takesBody = route.method === 'POST' || route.method === 'PUT';
  const body = event.body ?? '';
  const limit = route.operationId === 'postTransactionBatch' ? batchLimitBytes : bodyLimitBytes;
  const size = Buffer.byteLength(body, event.isBase64Encoded ? 'base64' : 'utf8');
  if (size > limit) throw new Problem(413, `The body may have ${limit} bytes; given ${size}.`);
  if (!takesBody || (size === 0 && optionalBodies.has(route.operationId))) return undefined;
  requireMediaType(event);
  const parse = route.operationId === 'postTransactionBatch' ? parseJsonOfRows : parseJson;
  return parseBody(parse, event.isBase64Encoded ? decodeUtf8(Buffer.from(body, 'base64')) : body);
}

function requireMediaType(event: APIGatewayProxyEvent): void {
  const encoding = headerOf(event, 'content-encoding')?.trim().toLowerCase();
  if (encoding !== undefined && encoding !== '' && encoding !== 'identity') {
    throw new Problem(415, 'The body may not have a content encoding.', { headers: { 'accept-encoding': 'identity' } });
  }
  const type = headerOf(event, 'content-type') ?? '';
  if (!/^\s*application\/json\s*(?:;[^,]*)?$/i.test(type)) {
    throw new Problem(415, 'The content type must be application/json.', { headers: { accept: 'application/json' } });
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (error) {
    throw invalid([{ pointer: '', detail: 'not JSON: the body is not valid UTF-8' }], undefined, error);
  }
}

function parseBody(parse: (text: string) => Json, text: string): Json {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    throw invalid([{ pointer: '', detail: error.message }], undefined, error);
  }
}

function queryOf(event: APIGatewayProxyEvent): Record<string, readonly string[]> {
  const query: Record<string, readonly string[]> = Object.create(null);
  for (const [name, value] of Object.entries(event.queryStringParameters ?? {})) query[name] = [value ?? ''];
  for (const [name, values] of Object.entries(event.multiValueQueryStringParameters ?? {})) query[name] = values ?? [''];
  return query;
}
