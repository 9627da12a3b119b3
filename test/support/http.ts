import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import type { HttpHandler } from '../../shared/edge/http.ts';

/** A request as a test writes it. */
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
  /** Parsed where it is JSON. */
  readonly body: never;
  readonly result: APIGatewayProxyResult;
}

export const send = async (handler: HttpHandler, sent: Sent): Promise<Received> => received(await handler(eventOf(sent)));

export function received(result: APIGatewayProxyResult): Received {
  const text = result.body;
  return {
    status: result.statusCode,
    headers: result.headers as Record<string, string>,
    body: (text.startsWith('{') ? JSON.parse(text) : text) as never,
    result,
  };
}
