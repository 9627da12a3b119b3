import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import type { Json } from '../contract/json.ts';
import type { OperationId, Scope, Stage } from '../contract/routes.ts';
import type { Clock, Randomness, TableStore } from '../ports.ts';

/** A request that has passed every test of the edge. */
export interface ApiRequest {
  readonly operationId: OperationId;
  /** Of the key; the empty text on open routes. */
  readonly tenant: string;
  /** Who asks; the empty text on open routes. */
  readonly keyId: string;
  readonly scopes: readonly Scope[];
  readonly correlationId: string;
  /** Path parameters, percent-decoded; not yet checked as identifiers. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Query parameters, decoded; a repeated name was refused. */
  readonly query: Readonly<Record<string, string>>;
  /** The parsed JSON of a POST or PUT as plain values (objects have no prototype), else undefined. */
  readonly body: unknown;
  /** The same with every number's own text kept, for `parseTransaction`. */
  readonly json: Json | undefined;
  readonly receivedAtMs: number;
}

export interface Answer {
  readonly status: number;
  /** Serialised as JSON; with a `contentType` other than JSON, a string or bytes are sent as they are. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly contentType?: string;
}

export type Endpoint = (request: ApiRequest) => Promise<Answer>;

export type Endpoints = Partial<Record<OperationId, Endpoint>>;

export interface EdgeDependencies {
  readonly table: TableStore;
  readonly clock: Clock;
  readonly randomness: Randomness;
}

export { conflict, type Fault, invalid, notFound, Problem, unavailable } from './problem.ts';
export type HttpHandler = (event: APIGatewayProxyEvent, context?: object) => Promise<APIGatewayProxyResult>;

/** The API Gateway (REST, proxy) handler of one stage: every test of the edge, then the endpoint. */
export function httpHandler(stage: Stage, endpoints: Endpoints, dependencies: EdgeDependencies): HttpHandler {
  throw new Error(`the edge of ${stage} is not built yet: ${Object.keys(endpoints)} ${Object.keys(dependencies)}`);
}

export type { OperationId, Scope, Stage };
