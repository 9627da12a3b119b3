import middy, { type MiddlewareObj } from '@middy/core';
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';
import { isCorrelationId } from '../contract/ids.ts';
import type { Stage } from '../contract/routes.ts';
import type { Clock, Randomness, TableStore } from '../ports/ports.ts';
import { optional } from '../store/environment.ts';
import { admit, bodyOf, type Gate, headerOf } from './admission.ts';
import { bearerAuthentication } from './authentication.ts';
import { type Log, log } from './log.ts';
import { presentAnswer, presentProblem, problemOf } from './present.ts';
import type { Answer, ApiRequest, Authentication, Endpoint, Endpoints } from './request.ts';
import { type RequestLog, readShareOf, requestLog } from './requestLog.ts';
import { type ThrottleLimits, throttle, throttleLimitsOf } from './throttle.ts';
import { tokenCheck, tokenIssuerOf } from './tokens.ts';

export interface EdgeDependencies {
  readonly table: TableStore;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly authenticate?: Authentication;
  readonly throttle?: ThrottleLimits;
  readonly log?: Log;
  /** Of reads that tell nothing of a person, the share that is logged. Default: what the environment says. */
  readonly readLogShare?: number;
}

export type HttpHandler = (event: APIGatewayProxyEvent, context?: object) => Promise<APIGatewayProxyResult>;

/** Time kept before the function's own timeout, so that the caller still gets an answer. */
const timeoutEarlyMs = 250;

/** The API Gateway (REST, proxy) handler of one stage: every check of the edge, then the endpoint. */
export function httpHandler(stage: Stage, endpoints: Endpoints, dependencies: EdgeDependencies): HttpHandler {
  const { table, clock, randomness } = dependencies;
  const gate: Gate = {
    stage,
    endpoints,
    authenticate: dependencies.authenticate ?? defaultAuthentication(table, clock),
    throttle: throttle(dependencies.throttle ?? throttleLimitsOf(optional('keyCallsPerSecond'))),
  };
  const write = dependencies.log ?? log;
  const noted = requestLog(write, dependencies.readLogShare ?? readShareOf(optional('readLogShare')), randomness);
  const handler = middy({ timeoutEarlyInMillis: timeoutEarlyMs })
    .use(presenting(clock, randomness, write, noted))
    .use(admitting(gate))
    .handler(async (call: unknown) => answer(call as Call));
  return (event, context = {}) => (handler as unknown as (event: unknown, context: object) => Promise<never>)(event, context);
}

function defaultAuthentication(table: TableStore, clock: Clock): Authentication {
  const issuer = tokenIssuerOf(optional('tokenIssuer'));
  return bearerAuthentication(table, clock, issuer && tokenCheck(issuer, clock));
}

/** What the handler gets from the middlewares. */
interface Call {
  readonly endpoint: Endpoint;
  readonly request: ApiRequest;
  readonly body: unknown;
}

const answer = ({ endpoint, request, body }: Call): Promise<Answer> => endpoint.answer(request, body);

/** What the middlewares know of a request before it is admitted. */
interface Known extends Record<string, unknown> {
  /** As it came. */
  given: unknown;
  correlationId: string;
  receivedAtMs: number;
  /** Complete once it is admitted. */
  request?: Partial<ApiRequest>;
}

type Middleware = MiddlewareObj<unknown, unknown, Error, Context, Known>;

/** Names the request before anything else; turns answers and everything thrown into HTTP. */
function presenting(clock: Clock, randomness: Randomness, write: Log, noted: RequestLog): Middleware {
  const note = (event: unknown, { correlationId, receivedAtMs, request }: Known, status: number, problem?: string): void => {
    const { httpMethod: method, requestContext } = event as APIGatewayProxyEvent;
    noted({
      ...request,
      correlationId,
      method,
      status,
      tookMs: clock.nowMs() - receivedAtMs,
      gatewayId: requestContext?.requestId,
      ...(problem !== undefined && { problem }),
    });
  };
  return {
    before: ({ event, internal }) => {
      internal.receivedAtMs = clock.nowMs();
      internal.correlationId = correlationIdOf(event as APIGatewayProxyEvent, randomness);
      internal.given = event;
    },
    after: (step) => {
      const { internal } = step;
      const response = presentAnswer(step.response as Answer, internal.correlationId);
      step.response = response;
      note(internal.given, internal, response.statusCode);
    },
    onError: (step) => {
      const { internal, error } = step;
      const problem = problemOf(error);
      const { correlationId, request } = internal;
      const { status } = problem;
      if (status >= 500) write('error', 'failed', { correlationId, operationId: request?.operationId, status, error });
      step.response = presentProblem(problem, correlationId);
      note(internal.given, internal, status, problem.title);
    },
  };
}

function admitting(gate: Gate): Middleware {
  return {
    before: async (step) => {
      const { internal } = step;
      const note = (part: Partial<ApiRequest>): void => {
        internal.request = { ...internal.request, ...part };
      };
      const event = step.event as APIGatewayProxyEvent;
      const admitted = await admit(gate, event, internal.correlationId, internal.receivedAtMs, note);
      const { endpoint, request } = admitted;
      internal.request = request;
      step.event = { endpoint, request, body: bodyOf(admitted) } satisfies Call;
    },
  };
}

function correlationIdOf(event: APIGatewayProxyEvent, randomness: Randomness): string {
  const given = headerOf(event, 'x-correlation-id');
  if (given !== undefined && isCorrelationId(given)) return given;
  return Buffer.from(randomness.bytes(16)).toString('hex');
}
