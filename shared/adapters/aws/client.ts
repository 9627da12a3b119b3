import { awsEndpoints } from '../../store/names.ts';

/** Where a client sends its requests: an emulator's address for tests; by default what the environment names, else AWS. */
export interface Connection {
  readonly endpoint?: string;
  readonly region?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** A connection that opens within this or counts as failed. */
const connectMsMax = 1_000;
/** No answer within this counts as a lost reply. */
const replyMsMax = 3_000;
const socketsMax = 64;

/** Options of every AWS client: kept-alive connections, bounded waits, an explicit endpoint if the environment names one. */
export function clientOptions(service: Exclude<keyof typeof awsEndpoints, 'all'>, connection: Connection, attemptsMax: number) {
  const endpoint = connection.endpoint ?? process.env[awsEndpoints[service]] ?? process.env[awsEndpoints.all];
  return {
    maxAttempts: attemptsMax,
    requestHandler: {
      connectionTimeout: connectMsMax,
      requestTimeout: replyMsMax,
      // The request's time ends with the reply's head; this one holds for its body. A kept-alive connection may idle for longer.
      socketTimeout: replyMsMax,
      throwOnRequestTimeout: true,
      httpAgent: { keepAlive: true, maxSockets: socketsMax },
      httpsAgent: { keepAlive: true, maxSockets: socketsMax },
    },
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(connection.region === undefined ? {} : { region: connection.region }),
    ...(connection.credentials === undefined ? {} : { credentials: connection.credentials }),
  };
}

/** What `leanClient` needs of an SDK client. */
interface SdkClient {
  readonly middlewareStack: { removeByTag(tag: string): boolean };
}

/** Every request passes them: one prepares log records though no logger is set, the other writes the SDK's name and features into a header. */
const unneededTags = ['LOGGER', 'USER_AGENT'];

/** The client without the middleware that costs time at every request and that nothing here needs. */
export function leanClient<Client extends SdkClient>(client: Client): Client {
  for (const tag of unneededTags) client.middlewareStack.removeByTag(tag);
  return client;
}
