import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import { accountId } from './intrinsics.ts';
import type { ApiMethod, ApiModel, GatewayResponseModel } from './model.ts';
import { listening } from './port.ts';
import { messageOf } from './problem.ts';

/** API Gateway's own limits. */
const maxBodyBytes = 10 * 1024 * 1024;
const integrationTimeoutMs = 29_000;
/** Longer than clients rest: one that reuses a connection just as it is closed gets no answer. */
const keepAliveMs = 120_000;
const closeUnusedEveryMs = 100;

export interface GatewayOptions {
  readonly api: ApiModel;
  /** 0 takes a free one. */
  readonly port: number;
  readonly host: string;
  readonly invoke: (functionId: string, event: unknown) => Promise<unknown>;
  readonly onFailure: (text: string) => void;
}

export interface Gateway {
  readonly url: string;
  /** Takes no further request, lets those under way end. */
  stop(): Promise<void>;
}

/**
 * The REST API (v1, proxy integrations, every body binary) on this machine, at the root path. Throws LocalProblem when the port is taken.
 */
export const startGateway = async (options: GatewayOptions): Promise<Gateway> => {
  const find = routeFinder(options.api.methods);
  const sockets = new Set<Socket>();
  /** To requests that were read to their end. */
  const underWay = new Set<ServerResponse<IncomingMessage>>();
  let stopping = false;
  const take = (request: IncomingMessage, response: ServerResponse<IncomingMessage>): void => {
    response.shouldKeepAlive &&= !stopping;
    const taken = (): void => {
      underWay.add(response);
      response.once('close', () => underWay.delete(response));
    };
    serve(options, find, request, response, taken).catch((error: unknown) => {
      options.onFailure(`gateway: ${error instanceof Error ? error.stack : String(error)}`);
      refuse(options.api, response, 'DEFAULT_5XX', 500, randomUUID());
    });
  };
  const server = createServer({ requireHostHeader: false }, take)
    .on('checkExpectation', take)
    .on('clientError', (_error, socket) => refuseUnread(options.api, socket as Socket))
    .on('connection', (socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    });
  server.keepAliveTimeout = keepAliveMs;
  await listening(server, options.port, options.host);
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${options.host}:${port}`,
    stop: () =>
      new Promise((resolve) => {
        stopping = true;
        for (const response of underWay) response.shouldKeepAlive = false;
        // A client that sent half a request, or none, would hold it up with no time limit.
        const closeUnused = (): void => {
          const used = new Set([...underWay].map(({ req }) => req.socket));
          for (const socket of sockets) if (!used.has(socket)) socket.destroy();
        };
        const closing = setInterval(closeUnused, closeUnusedEveryMs);
        server.close(() => {
          clearInterval(closing);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
};

const serve = async (
  { api, invoke, onFailure }: GatewayOptions,
  find: ReturnType<typeof routeFinder>,
  request: IncomingMessage,
  response: ServerResponse,
  taken: () => void,
): Promise<void> => {
  const requestId = randomUUID();
  const body = await readBody(request);
  if (body === 'gone') return;
  taken();
  if (body === 'too large') return refuse(api, response, 'REQUEST_TOO_LARGE', 413, requestId);
  const [path = '/', search = ''] = splitOnce(request.url ?? '/', '?');
  const route = find(request.method ?? 'GET', path);
  if (route === null) return refuse(api, response, 'MISSING_AUTHENTICATION_TOKEN', 403, requestId);
  let result: APIGatewayProxyResult;
  try {
    const event = toEvent(request, path, search, body, route, requestId);
    const answer = await within(integrationTimeoutMs, invoke(route.method.functionId, event));
    if (answer === timedOut) return refuse(api, response, 'INTEGRATION_TIMEOUT', 504, requestId);
    result = answer as APIGatewayProxyResult;
    if (typeof result?.statusCode !== 'number') throw new Error(`malformed proxy response: ${JSON.stringify(answer)}`);
  } catch (error) {
    // Not the path as it was sent, which may hold anything.
    onFailure(`${request.method} ${route.method.path}: ${messageOf(error)}`);
    return refuse(api, response, 'DEFAULT_5XX', 502, requestId);
  }
  response.statusCode = result.statusCode;
  for (const [name, value] of Object.entries(result.headers ?? {})) response.setHeader(name, String(value));
  for (const [name, values] of Object.entries(result.multiValueHeaders ?? {})) response.setHeader(name, values.map(String));
  // Text goes out in one write with the headers.
  response.end(result.isBase64Encoded ? Buffer.from(result.body ?? '', 'base64') : (result.body ?? ''));
};

/** One that is larger than the gateway takes is read to its end and dropped, so that the client gets the answer. */
const readBody = (request: IncomingMessage): Promise<Buffer | 'too large' | 'gone'> =>
  new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= maxBodyBytes) chunks.push(chunk);
    });
    request.once('end', () => resolve(bytes <= maxBodyBytes ? Buffer.concat(chunks) : 'too large'));
    request.once('error', () => resolve('gone'));
  });

const splitOnce = (text: string, separator: string): string[] => {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
};

interface FoundRoute {
  readonly method: ApiMethod;
  readonly parameters: Readonly<Record<string, string>> | null;
}

/** As API Gateway chooses: the most specific path wins (fixed text before `{name}` before `{name+}`), then the method, then `ANY`. */
export const routeFinder = (methods: readonly ApiMethod[]): ((method: string, path: string) => FoundRoute | null) => {
  const patterns = [...Map.groupBy(methods, (method) => method.path)]
    .map(([path, here]) => ({ segments: segmentsOf(path), specificity: specificity(path), here }))
    .toSorted((a, b) => (a.specificity < b.specificity ? -1 : a.specificity > b.specificity ? 1 : 0));
  return (method, path) => {
    const given = segmentsOf(path);
    for (const { segments, here } of patterns) {
      const parameters = match(segments, given);
      if (parameters === null) continue;
      const found = here.find((candidate) => candidate.method === method) ?? here.find((candidate) => candidate.method === 'ANY');
      if (found === undefined) return null;
      return { method: found, parameters: Object.keys(parameters).length === 0 ? null : parameters };
    }
    return null;
  };
};

const segmentsOf = (path: string): string[] => path.split('/').filter((segment) => segment !== '');

const specificity = (path: string): string =>
  segmentsOf(path)
    .map((segment) => (segment.endsWith('+}') ? '2' : segment.startsWith('{') ? '1' : '0'))
    .join('');

const match = (pattern: readonly string[], given: readonly string[]): Record<string, string> | null => {
  const greedy = pattern.at(-1)?.endsWith('+}') ?? false;
  if (greedy ? given.length < pattern.length : given.length !== pattern.length) return null;
  const parameters: Record<string, string> = {};
  for (const [i, expected] of pattern.entries()) {
    if (expected.endsWith('+}')) parameters[expected.slice(1, -2)] = given.slice(i).map(decoded).join('/');
    else if (expected.startsWith('{')) parameters[expected.slice(1, -1)] = decoded(given[i]!);
    else if (expected !== given[i]) return null;
  }
  return parameters;
};

const decoded = (segment: string): string => {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
};

const toEvent = (
  request: IncomingMessage,
  path: string,
  search: string,
  body: Buffer,
  { method, parameters }: FoundRoute,
  requestId: string,
): APIGatewayProxyEvent => {
  const headers = multiValueHeaders(request);
  const query = grouped([...new URLSearchParams(search)]);
  const sourceIp = request.socket.remoteAddress ?? '127.0.0.1';
  const requestContext = {
    accountId,
    apiId: 'local',
    domainName: request.headers.host ?? 'localhost',
    httpMethod: request.method ?? 'GET',
    identity: { sourceIp, userAgent: request.headers['user-agent'] ?? null },
    path,
    protocol: `HTTP/${request.httpVersion}`,
    requestId,
    requestTimeEpoch: Date.now(),
    resourceId: 'local',
    resourcePath: method.path,
    stage: 'local',
    authorizer: null,
  };
  return {
    resource: method.path,
    path,
    httpMethod: request.method ?? 'GET',
    headers: lastOf(headers),
    multiValueHeaders: headers,
    queryStringParameters: Object.keys(query).length === 0 ? null : lastOf(query),
    multiValueQueryStringParameters: Object.keys(query).length === 0 ? null : query,
    pathParameters: parameters === null ? null : { ...parameters },
    stageVariables: null,
    requestContext: requestContext as unknown as APIGatewayProxyEvent['requestContext'],
    body: body.length === 0 ? null : body.toString('base64'),
    isBase64Encoded: body.length > 0,
  };
};

/** Names as the client wrote them. */
const multiValueHeaders = (request: IncomingMessage): Record<string, string[]> => {
  const pairs: [string, string][] = [];
  for (let i = 0; i < request.rawHeaders.length; i += 2) pairs.push([request.rawHeaders[i]!, request.rawHeaders[i + 1]!]);
  return grouped(pairs);
};

const grouped = (pairs: readonly (readonly [string, string])[]): Record<string, string[]> => {
  const groups = new Map<string, string[]>();
  for (const [name, value] of pairs) groups.set(name, [...(groups.get(name) ?? []), value]);
  return Object.fromEntries(groups);
};

const lastOf = (groups: Readonly<Record<string, string[]>>): Record<string, string> =>
  Object.fromEntries(Object.entries(groups).map(([name, values]) => [name, values.at(-1)!]));

export const timedOut = Symbol('timed out');

/** What the promise resolves to, or `timedOut`. */
export const within = async <T>(ms: number, promise: Promise<T>): Promise<T | typeof timedOut> => {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<typeof timedOut>((resolve) => {
    timer = setTimeout(() => resolve(timedOut), ms);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
};

interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The gateway's own answer, as the template words it. */
const refusalOf = (api: ApiModel, type: string, status: number, requestId: string): Refusal => {
  const general = status < 500 ? 'DEFAULT_4XX' : 'DEFAULT_5XX';
  const worded: GatewayResponseModel | undefined =
    api.responses.find((candidate) => candidate.type === type) ?? api.responses.find((candidate) => candidate.type === general);
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  for (const [name, value] of Object.entries(worded?.headers ?? {})) {
    headers[name.toLowerCase()] = value === 'context.requestId' ? requestId : value;
  }
  return {
    status: worded?.status ?? status,
    headers,
    body: (worded?.template ?? '{"message":"$context.error.message"}').replaceAll('$context.requestId', requestId),
  };
};

const refuse = (api: ApiModel, response: ServerResponse, type: string, status: number, requestId: string): void => {
  const refusal = refusalOf(api, type, status, requestId);
  response.writeHead(refusal.status, refusal.headers).end(refusal.body);
};

/** Answers what is no HTTP or has larger headers than are read, and hangs up. */
const refuseUnread = (api: ApiModel, socket: Socket): void => {
  if (!socket.writable || socket.bytesWritten > 0) {
    socket.destroy();
    return;
  }
  const { status, headers, body } = refusalOf(api, 'DEFAULT_4XX', 400, randomUUID());
  const lines = Object.entries({ ...headers, connection: 'close', 'content-length': Buffer.byteLength(body) });
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`,
  );
};
