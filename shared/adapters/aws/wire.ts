import type { Agent, IncomingMessage, request } from 'node:http';
import { connectMsMax, replyMsMax, socketsMax } from './client.ts';
import { type Credentials, type Signer, signerOf } from './signature.ts';

/**
 * Requests to a service that speaks AWS's JSON protocol, sent once each. Whom it asks and as whom comes from an SDK client's configuration; the way in
 * between is our own, since the SDK's takes several times the processor time of a request (docs/decisions/0008).
 */
export interface Wire {
  /**
   * The reply's JSON. Throws an error as the SDK's: `name` is the service's own name for the fault, its members are on the error, and
   * `$metadata.httpStatusCode` is there once there was a reply; `code` is the system's name for a broken connection.
   */
  send(operation: string, body: string, options?: SendOptions): Promise<Reply>;
  close(): void;
}

export interface SendOptions {
  /** Default: what every client waits. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal;
}

/** What every error of a send has, as far as it is known. */
export interface WireFault {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

// biome-ignore lint/suspicious/noExplicitAny: its reader knows what it asked for.
export type Reply = any;

/** What it takes from an SDK client. */
export interface ClientConfig {
  readonly credentials: () => Promise<Credentials & { readonly expiration?: Date }>;
  readonly region: () => Promise<string>;
  /** Only where the address was given. */
  readonly endpoint?:
    | (() => Promise<{ readonly protocol: string; readonly hostname: string; readonly port?: number | undefined }>)
    | undefined;
  readonly endpointProvider: (parameters: {
    readonly Region: string;
    readonly UseFIPS: boolean;
    readonly UseDualStack: boolean;
  }) => { readonly url: URL };
  readonly useFipsEndpoint: () => Promise<boolean>;
  readonly useDualstackEndpoint: () => Promise<boolean>;
}

export interface Service {
  /** As in a signature's scope. */
  readonly name: string;
  /** What stands before the operation in `x-amz-target`. */
  readonly target: string;
}

/** Credentials are asked for again when so little is left of them. */
const expiryMarginMs = 60_000;

export function jsonWire(config: ClientConfig, service: Service): Wire {
  let place: Promise<Place> | null = null;
  let signing: { readonly signer: Signer; readonly untilMs: number } | null = null;

  const signerNow = async ({ host, region }: Place): Promise<Signer> => {
    if (signing !== null && Date.now() < signing.untilMs) return signing.signer;
    const credentials = await config.credentials();
    const untilMs = credentials.expiration ? credentials.expiration.getTime() - expiryMarginMs : Number.POSITIVE_INFINITY;
    signing = { signer: signerOf(host, region, service.name, credentials), untilMs };
    return signing.signer;
  };

  return {
    async send(operation, body, options = {}) {
      place ??= placeOf(config).catch((error: unknown) => {
        place = null;
        throw error;
      });
      const where = await place;
      const signer = await signerNow(where);
      const headers = signer.headers(`${service.target}.${operation}`, body, Date.now());
      const { status, text } = await exchange(where, headers, body, options);
      return read(status, text);
    },
    close: () => {
      void place?.then(({ agent }) => agent.destroy());
    },
  };
}

interface Place {
  readonly secure: boolean;
  readonly hostname: string;
  readonly port: number;
  /** As in the header. */
  readonly host: string;
  readonly region: string;
  readonly agent: Agent;
  readonly request: typeof request;
}

async function placeOf(config: ClientConfig): Promise<Place> {
  const region = await config.region();
  const url =
    (await config.endpoint?.()) ??
    config.endpointProvider({
      Region: region,
      UseFIPS: await config.useFipsEndpoint(),
      UseDualStack: await config.useDualstackEndpoint(),
    }).url;
  const secure = url.protocol === 'https:';
  const port = Number(url.port || (secure ? 443 : 80));
  const host = port === (secure ? 443 : 80) ? url.hostname : `${url.hostname}:${port}`;
  // An import of node:http would load Node's fetch at every cold start.
  const { Agent, request } = process.getBuiltinModule(secure ? 'node:https' : 'node:http');
  const agent = new Agent({ keepAlive: true, maxSockets: socketsMax });
  return { secure, hostname: url.hostname, port, host, region, agent, request };
}

interface Exchanged {
  readonly status: number;
  readonly text: string;
}

function exchange(
  { secure, hostname, port, agent, request }: Place,
  headers: string[],
  body: string,
  { waitMs = replyMsMax, signal }: SendOptions,
): Promise<Exchanged> {
  return new Promise((resolve, reject) => {
    // Headers and body as text leave in one write.
    headers.push('content-length', String(Buffer.byteLength(body)));
    const sent = request({
      agent,
      hostname,
      port,
      method: 'POST',
      path: '/',
      headers,
      ...(signal === undefined ? {} : { signal }),
    });
    const late = (what: string) =>
      sent.destroy(Object.assign(new Error(`${what} in time`), { name: 'TimeoutError', code: 'ETIMEDOUT' }));
    const reply = setTimeout(() => late('no reply'), waitMs);
    let connect: NodeJS.Timeout | undefined;
    const settled = (): void => {
      clearTimeout(reply);
      clearTimeout(connect);
    };
    sent.once('socket', (socket) => {
      if (!socket.connecting) return;
      connect = setTimeout(() => late('no connection'), connectMsMax);
      socket.once(secure ? 'secureConnect' : 'connect', () => clearTimeout(connect));
    });
    const broken = (error: Error & { code?: string }): void => {
      settled();
      error.code ??= 'ECONNRESET';
      reject(error);
    };
    sent.once('error', broken);
    sent.once('response', (response: IncomingMessage) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', broken);
      response.once('end', () => {
        settled();
        resolve({ status: response.statusCode!, text: Buffer.concat(chunks).toString() });
      });
    });
    sent.end(body);
  });
}

function read(httpStatusCode: number, text: string): Reply {
  let json: Record<string, unknown>;
  try {
    json = text === '' ? {} : JSON.parse(text);
  } catch (error) {
    throw Object.assign(error as Error, { $metadata: { httpStatusCode } });
  }
  if (httpStatusCode < 300) return json;
  const { __type, message, Message, ...members } = json;
  const name =
    String(__type ?? 'Unknown')
      .split('#')
      .at(-1) ?? 'Unknown';
  throw Object.assign(new Error(String(message ?? Message ?? `status ${httpStatusCode}`)), members, {
    name,
    $metadata: { httpStatusCode },
  });
}
