import { setTimeout as sleep } from 'node:timers/promises';

/** Where requests go and with which key. */
export interface Target {
  readonly url: string;
  readonly key: string;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** No attempt of a request got an answer. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

const attemptsMax = 6;
const retryable = new Set([429, 502, 503, 504]);

/**
 * Sends one API request, up to 6 times while the answer says that a repeat is safe or no answer comes. Returns the last answer.
 * Throws NoAnswer when the last attempt got none.
 */
export const call = async (
  target: Target,
  method: string,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<Answer> => {
  for (let attempt = 1; ; attempt++) {
    try {
      const response = await fetch(`${target.url}${path}`, {
        method,
        headers: { authorization: `Bearer ${target.key}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(signal === undefined ? {} : { signal }),
      });
      const text = await response.text();
      if (!retryable.has(response.status) || attempt === attemptsMax) return { status: response.status, body: parse(text) };
      await sleep(1_000 * Math.min(Number(response.headers.get('retry-after') ?? 1) || 1, 5));
    } catch (error) {
      if (signal?.aborted || attempt === attemptsMax) {
        throw new NoAnswer(`${target.url} does not answer ${method} ${path}: ${reasonOf(error)}`, { cause: error });
      }
      await sleep(200 * attempt);
    }
  }
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  return cause.message !== '' ? cause.message : ((cause as NodeJS.ErrnoException).code ?? cause.name);
};
