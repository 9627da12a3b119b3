import { boundedFaults, type Fault } from '../contract/fault.ts';

export type { Fault };

export interface ProblemOptions {
  readonly errors?: readonly Fault[];
  readonly headers?: Readonly<Record<string, string>>;
  /** Further members of the problem document. */
  readonly members?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** The names of RFC 9110 and 6585. Importing them from `node:http` would load Node's whole fetch on each cold start. */
const titles: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

/** A refusal that the caller may read: it becomes an RFC 9457 problem document. Anything else thrown becomes a bare 500. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly errors: readonly Fault[];
  readonly headers: Readonly<Record<string, string>>;
  readonly members: Readonly<Record<string, unknown>>;
  constructor(status: number, detail: string, options: ProblemOptions = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.status = status;
    this.title = titles[status] ?? 'Error';
    this.detail = detail;
    this.errors = options.errors ?? [];
    this.headers = options.headers ?? {};
    this.members = options.members ?? {};
  }
}

/** Seconds in `Retry-After`. */
const retryAfterSeconds = 1;

export const invalid = (errors: readonly Fault[], members?: Readonly<Record<string, unknown>>, cause?: unknown): Problem =>
  new Problem(400, 'The request has faults; each is named in errors.', {
    errors: boundedFaults(errors),
    ...(members && { members }),
    cause,
  });

export const notFound = (detail: string): Problem => new Problem(404, detail);

export const conflict = (detail: string, errors: readonly Fault[] = []): Problem => new Problem(409, detail, { errors });

/** A dependency is down, or it is unknown whether a write happened. A repeat with the same id is safe. */
export const unavailable = (detail: string, options: ProblemOptions = {}): Problem =>
  new Problem(503, detail, { ...options, headers: { 'retry-after': String(retryAfterSeconds), ...options.headers } });
