import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { env } from '../../shared/store/names.ts';

/** Where requests go and with which key. */
export interface Target {
  readonly url: string;
  readonly key: string;
}

/** While the local stack runs, its address and development key lie here, so that a command needs neither option. */
export const localTargetFile = new URL('../../.cache/local-target.json', import.meta.url);

interface LocalTarget extends Target {
  /** What the functions of the local stack find in their environment. */
  readonly environment: Readonly<Record<string, string>>;
}

const localTarget = (): LocalTarget | null =>
  existsSync(localTargetFile) ? (JSON.parse(readFileSync(localTargetFile, 'utf8')) as LocalTarget) : null;

/** For commands that go to table and buckets themselves: without a table named in the environment they mean the running local stack's. */
export const useLocalEnvironment = (): void => {
  const local = localTarget();
  if (local !== null && process.env[env.table] === undefined) Object.assign(process.env, local.environment);
};

/**
 * The deployment a command talks to: `--url` and `--key`, else `AEGIS_URL` and `AEGIS_KEY`, else the running local stack.
 * Throws Error naming what is missing.
 */
export const resolveTarget = (options: { readonly url?: string; readonly key?: string }): Target => {
  const local = localTarget();
  const url = options.url ?? process.env.AEGIS_URL ?? local?.url;
  const key = options.key ?? process.env.AEGIS_KEY ?? (url === local?.url ? local?.key : undefined);
  if (url === undefined) throw new Error('no address: give --url, set AEGIS_URL or start the local stack with npm start');
  if (key === undefined) throw new Error(`no key for ${url}: give --key or set AEGIS_KEY`);
  if (!URL.canParse(url)) throw new Error(`--url ${url} is not a URL; an example: http://127.0.0.1:8000`);
  return { url: url.replace(/\/+$/, ''), key };
};

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const attempts = 6;
const retryable = new Set([429, 502, 503, 504]);

/**
 * One API request, repeated up to 6 times while the answer says that a repeat is safe or no answer comes.
 * Throws Error when the last attempt got none.
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
      if (!retryable.has(response.status) || attempt === attempts) return { status: response.status, body: parse(text) };
      await sleep(1_000 * Math.min(Number(response.headers.get('retry-after') ?? 1) || 1, 5));
    } catch (error) {
      if (signal?.aborted || attempt === attempts) {
        throw new Error(`${method} ${target.url}${path} got no answer: ${reasonOf(error)}`, { cause: error });
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
  return error.cause instanceof Error ? error.cause.message : error.message;
};
