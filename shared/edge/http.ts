import middy, { type MiddlewareObj } from '@middy/core';
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';
import { isCorrelationId } from '../contract/ids.ts';
import type { Json } from '../contract/json.ts';
import type { OperationId, Scope, Stage } from '../contract/routes.ts';
import type { Clock, Randomness, TableStore } from '../ports/ports.ts';
import { env } from '../store/names.ts';
import { type Admitted, admit, type Gate, headerOf } from './admission.ts';
import { type Authentication, bearerAuthentication } from './authentication.ts';
import { type Log, log } from './log.ts';
import { presentAnswer, presentProblem, problemOf } from './present.ts';
import { type ThrottleLimits, throttle, throttleLimitsOf } from './throttle.ts';
import { tokenCheck, tokenIssuerOf } from './tokens.ts';

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

export interface Endpoint {
  (request: ApiRequest): Promise<Answer>;
  /** Throws the Problem of a body with faults, and touches nothing: where path or query have faults, the body's are named beside them. */
  readonly readBody?: (request: ApiRequest) => unknown;
}

/** An endpoint that gets the body read. */
export const endpointWithBody = <Body>(
  readBody: (request: ApiRequest) => Body,
  answer: (request: ApiRequest, body: Body) => Promise<Answer>,
): Endpoint => Object.assign(async (request: ApiRequest) => answer(request, readBody(request)), { readBody });

export type Endpoints = Partial<Record<OperationId, Endpoint>>;

export interface EdgeDependencies {
  readonly table: TableStore;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly authenticate?: Authentication;
  readonly throttle?: ThrottleLimits;
  readonly log?: Log;
}

export type HttpHandler = (event: APIGatewayProxyEvent, context?: object) => Promise<APIGatewayProxyResult>;

/** Before the function's own end, so that the caller still gets an answer. */
const timeoutEarlyMs = 250;

/** The API Gateway (REST, proxy) handler of one stage: every test of the edge, then the endpoint. */
export function httpHandler(stage: Stage, endpoints: Endpoints, dependencies: EdgeDependencies): HttpHandler {
  const { table, clock, randomness } = dependencies;
  const gate: Gate = {
    stage,
    endpoints,
    authenticate: dependencies.authenticate ?? defaultAuthentication(table, clock),
    throttle: throttle(dependencies.throttle ?? throttleLimitsOf(process.env[env.keyCallsPerSecond])),
  };
  const handler = middy({ timeoutEarlyInMillis: timeoutEarlyMs })
    .use(presenting(clock, randomness, dependencies.log ?? log))
    .use(admitting(gate))
    .handler(async (admitted: unknown) => answer(admitted as Admitted));
  return (event, context = {}) => (handler as unknown as (event: unknown, context: object) => Promise<never>)(event, context);
}

function defaultAuthentication(table: TableStore, clock: Clock): Authentication {
  const issuer = tokenIssuerOf(process.env[env.tokenIssuer]);
  return bearerAuthentication(table, clock, issuer && tokenCheck(issuer, clock));
}

const answer = ({ endpoint, request }: Admitted): Promise<Answer> => endpoint(request);

/** What the middlewares know of a request before it is admitted. */
interface Seen extends Record<string, unknown> {
  correlationId: string;
  receivedAtMs: number;
  request?: ApiRequest;
}

type Step = MiddlewareObj<unknown, unknown, Error, Context, Seen>;

/** Names the request before anything else; turns answers and everything thrown into HTTP. */
function presenting(clock: Clock, randomness: Randomness, write: Log): Step {
  return {
    before: ({ event, internal }) => {
      internal.receivedAtMs = clock.nowMs();
      internal.correlationId = correlationIdOf(event as APIGatewayProxyEvent, randomness);
    },
    after: (step) => {
      const { internal } = step;
      step.response = presentAnswer(step.response as Answer, internal.correlationId);
      write('info', 'answered', { ...named(internal), status: (step.response as APIGatewayProxyResult).statusCode });
    },
    onError: (step) => {
      const { internal, error } = step;
      const problem = problemOf(error);
      if (problem.status >= 500) write('error', 'failed', { ...named(internal), status: problem.status, error });
      else write('info', 'refused', { ...named(internal), status: problem.status });
      step.response = presentProblem(problem, internal.correlationId);
    },
  };
}

function admitting(gate: Gate): Step {
  return {
    before: async (step) => {
      const { internal } = step;
      const admitted = await admit(gate, step.event as APIGatewayProxyEvent, internal.correlationId, internal.receivedAtMs);
      internal.request = admitted.request;
      step.event = admitted;
    },
  };
}

const named = ({ correlationId, request }: Seen): Record<string, unknown> => ({
  correlationId,
  operationId: request?.operationId,
  tenant: request?.tenant,
  keyId: request?.keyId,
});

function correlationIdOf(event: APIGatewayProxyEvent, randomness: Randomness): string {
  const given = headerOf(event, 'x-correlation-id');
  if (given !== undefined && isCorrelationId(given)) return given;
  return Buffer.from(randomness.bytes(16)).toString('hex');
}

export { conflict, invalid, notFound, Problem, unavailable } from './problem.ts';
