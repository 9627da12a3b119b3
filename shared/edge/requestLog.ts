import type { OperationId } from '../contract/routes.ts';
import type { Log } from './log.ts';

/** One line for each request that was refused, changes something or reads personal data; of the other reads a share. */

/** What became of a request: who, what, outcome. Never a body, and of the path no value that can name a person. */
export interface Requested {
  readonly correlationId: string;
  readonly method: string;
  readonly status: number;
  readonly tookMs: number;
  /** The gateway's own id of the request, by which its log names it. */
  readonly gatewayId?: string | undefined;
  /** What is known of a request that was refused before it was admitted: the caller once the key is checked, the route once it is found. */
  readonly tenant?: string | undefined;
  readonly keyId?: string | undefined;
  readonly operationId?: OperationId | undefined;
  readonly parameters?: Readonly<Record<string, string>> | undefined;
  /** The problem's title, of a refusal. */
  readonly problem?: string;
}

/** Reads that tell nothing of a person. Whatever is not here is never sampled. */
const impersonal: ReadonlySet<string> = new Set<OperationId>([
  'getOverview',
  'getPolicy',
  'getPolicyVersions',
  'getPolicyVersion',
  'getModel',
  'getModelVersions',
  'getCaller',
  'getHealth',
  'getOpenApi',
  'getDocs',
  'getDocsFile',
  'getHome',
  'getConsole',
  'getConsoleFile',
]);

/** Parameters of a path that may stand in a log for long: ids of things. Accounts, users and entries of lists may name a person. */
const idsOfThings = ['transactionId', 'reviewId', 'version', 'list', 'kind', 'backtestId'] as const;

/** A refused request may have anything in its path. */
const isId = (text: string | undefined): boolean => text !== undefined && /^[A-Za-z0-9._:-]{1,64}$/.test(text);

export type RequestLog = (request: Requested) => void;

/** Writes the lines by `log`, and of reads that are sampled the given share, 0 to 1. */
export const requestLog =
  (log: Log, readShare: number, randomness: { fraction(): number }): RequestLog =>
  (request) => {
    const { correlationId, method, status, tookMs, gatewayId, tenant, keyId, operationId, parameters = {}, problem } = request;
    const isSampled = status < 400 && method === 'GET' && operationId !== undefined && impersonal.has(operationId);
    if (isSampled && randomness.fraction() >= readShare) return;
    log('audit', 'request', {
      correlationId,
      tenant: tenant || undefined,
      keyId: keyId || undefined,
      ...(operationId === undefined ? { method } : { operationId }),
      ...Object.fromEntries(idsOfThings.flatMap((name) => (isId(parameters[name]) ? [[name, parameters[name]]] : []))),
      status,
      problem,
      tookMs,
      ...(status >= 400 && { gatewayId }),
    });
  };

/** The share that `AEGIS_READ_LOG_SHARE` names; all reads when it is not set. Throws a RangeError for what is no number from 0 to 1. */
export function readShareOf(text: string | undefined): number {
  const share = text === undefined ? 1 : Number(text);
  if (!(share >= 0 && share <= 1)) throw new RangeError(`AEGIS_READ_LOG_SHARE is ${text}; allowed: a number from 0 to 1`);
  return share;
}
