import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { CancellationReason, Item } from '../../ports/ports.ts';
import { ConditionFailed, OutcomeUnknown, Throttled, TransactionCancelled, Unavailable } from '../../ports/ports.ts';
import { exactNumber } from './exactNumber.ts';

/** What the SDK throws for the table, as far as it matters here. Items in errors are not converted by the document client. */
interface Fault {
  readonly name: string;
  readonly message: string;
  /** The system's name for a broken connection. */
  readonly code?: string;
  /** Absent where the request was never made. */
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly Item?: StoredItem;
  readonly CancellationReasons?: readonly { readonly Code?: string; readonly Item?: StoredItem }[];
}

type StoredItem = Parameters<typeof unmarshall>[0];

const throttles = new Set([
  'ProvisionedThroughputExceededException',
  'ThrottlingException',
  'ThrottlingError',
  'RequestLimitExceeded',
  'LimitExceededException',
  'TooManyRequestsException',
]);

/** A single write that met a transaction in flight changed nothing either: try again later. */
const conflict = 'TransactionConflictException';

/** A transaction that is under way, or whose token was used for another one: this send says nothing about the effect. */
const tokenFaults = new Set(['TransactionInProgressException', 'IdempotentParameterMismatchException']);

/** No connection was made, so nothing was sent. */
const neverSent = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

const badRequests = new Set(['ValidationException', 'SerializationException', 'ItemCollectionSizeLimitExceededException']);

/** The family's error for a failed read; a request that is wrong in itself, and a number that would lose digits, is handed back as it is. */
export function readError(error: unknown): Error {
  const fault = error as Fault;
  if (isProgrammingError(fault) || error instanceof RangeError) return error as Error;
  if (throttles.has(fault.name)) return new Throttled(fault.message, { cause: error });
  return new Unavailable(describe('read', fault), { cause: error });
}

/** The family's error for a failed write. What is not known to have been refused counts as unknown, never as undone. */
export function writeError(error: unknown): Error {
  const fault = error as Fault;
  if (isProgrammingError(fault)) return error as Error;
  if (fault.name === 'ConditionalCheckFailedException') return new ConditionFailed(itemOf(fault.Item));
  if (fault.name === 'TransactionCanceledException') return cancelled(fault);
  if (throttles.has(fault.name) || fault.name === conflict) return new Throttled(fault.message, { cause: error });
  if (tokenFaults.has(fault.name)) return new OutcomeUnknown(describe('write', fault), { cause: error });
  if (neverSent.has(fault.code ?? '') || isWithoutCredentials(fault) || isRefusal(fault)) {
    return new Unavailable(describe('write', fault), { cause: error });
  }
  return new OutcomeUnknown(describe('write', fault), { cause: error });
}

const reasonCodes: Readonly<Record<string, CancellationReason['code']>> = {
  None: 'None',
  ConditionalCheckFailed: 'ConditionalCheckFailed',
  TransactionConflict: 'TransactionConflict',
  ProvisionedThroughputExceeded: 'Throttled',
  ThrottlingError: 'Throttled',
};

function cancelled(fault: Fault): Error {
  const reasons: CancellationReason[] = [];
  for (const reason of fault.CancellationReasons ?? []) {
    const code = reasonCodes[reason.Code ?? 'None'];
    if (code === undefined) return fault as unknown as Error;
    reasons.push({ code, item: itemOf(reason.Item) });
  }
  return new TransactionCancelled(reasons);
}

const itemOf = (item: StoredItem | undefined): Item | null =>
  item === undefined ? null : (unmarshall(item, { wrapNumbers: exactNumber }) as Item);

/** Thrown before anything was sent (no metadata: a value that cannot be stored), or refused as a malformed request. */
const isProgrammingError = (fault: Fault): boolean =>
  badRequests.has(fault.name) || (fault.$metadata === undefined && fault.code === undefined && !isWithoutCredentials(fault));

/** The SDK throws it before it makes a request. */
const isWithoutCredentials = ({ name }: Fault): boolean => name === 'CredentialsProviderError';

const isRefusal = (fault: Fault): boolean => {
  const status = fault.$metadata?.httpStatusCode ?? 0;
  return status >= 400 && status < 500;
};

const describe = (what: string, fault: Fault): string => `the table did not answer a ${what}: ${fault.name}: ${fault.message}`;
