import type { APIGatewayProxyResult } from 'aws-lambda';
import { NewerRow } from '../domain/rowFormat.ts';
import { OutcomeUnknown, Throttled, TransactionCancelled, Unavailable } from '../ports/ports.ts';
import { Problem, unavailable } from './problem.ts';
import type { Answer } from './request.ts';

const json = 'application/json';

/** Headers of every answer: nothing on the way may store it or guess its type. */
const commonHeaders = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  // A year. Over plain HTTP, as on one machine, browsers ignore it.
  'strict-transport-security': 'max-age=31536000',
} as const;

/** Returns an endpoint's answer in the form that API Gateway takes. */
export function presentAnswer(answer: Answer, correlationId: string): APIGatewayProxyResult {
  const { status: statusCode, body } = answer;
  const contentType = answer.contentType ?? json;
  const typed = body === undefined ? {} : { 'content-type': contentType };
  const headers = { ...commonHeaders, ...typed, ...answer.headers, 'x-correlation-id': correlationId };
  if (body instanceof Uint8Array) {
    return { statusCode, headers, body: Buffer.from(body).toString('base64'), isBase64Encoded: true };
  }
  const isText = contentType !== json && typeof body === 'string';
  const text = body === undefined ? '' : isText ? body : JSON.stringify(body);
  return { statusCode, headers, body: text, isBase64Encoded: false };
}

/** RFC 9457. */
export function presentProblem(problem: Problem, correlationId: string): APIGatewayProxyResult {
  const { status, title, detail, errors, members, headers } = problem;
  const body = {
    type: 'about:blank',
    title,
    status,
    detail,
    correlationId,
    ...(errors.length > 0 && { errors }),
    ...members,
  };
  return {
    statusCode: status,
    headers: {
      ...commonHeaders,
      'content-type': 'application/problem+json',
      ...headers,
      'x-correlation-id': correlationId,
    },
    body: JSON.stringify(body),
    isBase64Encoded: false,
  };
}

/**
 * Returns the problem that the caller sees for an error. A failing store is a 503; so is a row that a newer version wrote, since a function
 * of that version can read it. Everything unforeseen is a 500 without details.
 */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const isRepeatable =
    error instanceof Unavailable ||
    error instanceof Throttled ||
    error instanceof OutcomeUnknown ||
    error instanceof TransactionCancelled ||
    error instanceof NewerRow ||
    (error instanceof Error && error.name === 'TimeoutError');
  if (isRepeatable) {
    return unavailable('A part that the request needs is not available or did not confirm; it is safe to repeat it.', {
      cause: error,
    });
  }
  return new Problem(500, 'The request could not be answered.', { cause: error });
}
