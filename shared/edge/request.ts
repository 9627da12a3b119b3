import type { Json } from '../contract/json.ts';
import type { OperationId, Scope } from '../contract/routes.ts';

/** Whom an `Authorization` header speaks for. */
export interface Caller {
  readonly tenant: string;
  /** A key's id, or a token's subject. */
  readonly keyId: string;
  readonly scopes: readonly Scope[];
  /** Who it is, kept when a key is rotated: a key's owner, or a token's subject. */
  readonly identity: string;
}

/** Left out, the identity is the `keyId`. */
export type Recognised = Omit<Caller, 'identity'> & Partial<Pick<Caller, 'identity'>>;

/** Returns the caller of an `Authorization` header, null when it names none. Throws store errors. */
export type Authentication = (authorization: string | undefined) => Promise<Recognised | null>;

/** A request that has passed every check of the edge. On open routes tenant, keyId and identity are empty. */
export interface ApiRequest extends Caller {
  readonly operationId: OperationId;
  readonly correlationId: string;
  /** Path parameters, percent-decoded; not yet checked as identifiers. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Query parameters, decoded; a repeated name was refused. */
  readonly query: Readonly<Record<string, string>>;
  /** The parsed body of a POST or PUT with the text of every number kept, else undefined. */
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

/** One route: `read` gets the body, `answer` does the work. */
export interface Endpoint<Body = unknown> {
  /** Throws the Problem that names every fault of the body. Touches nothing but the request. */
  read(request: ApiRequest): Body;
  answer(request: ApiRequest, body: Body): Promise<Answer>;
}

export type Endpoints = Partial<Record<OperationId, Endpoint>>;

/** Answers a request of a route that takes no body. */
export type AnswerWithoutBody = (request: ApiRequest) => Promise<Answer>;

/** Endpoints of routes that take no body. */
export function withoutBody<Name extends OperationId>(
  answers: Readonly<Record<Name, AnswerWithoutBody>>,
): Readonly<Record<Name, Endpoint>> {
  const endpoints = {} as Record<Name, Endpoint>;
  for (const name of Object.keys(answers) as Name[]) endpoints[name] = { read: () => undefined, answer: answers[name] };
  return endpoints;
}
