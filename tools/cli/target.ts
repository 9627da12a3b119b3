import type { Command } from 'commander';
import type { Wire } from '../../shared/contract/wire.ts';
import { env } from '../../shared/store/names.ts';
import { type Answer, call, type Target } from '../local/call.ts';
import { type RunningStack, runningStacks } from '../local/runningStacks.ts';

/** Options of a command that talks to the API. */
export interface ApiFlags {
  readonly url?: string;
  readonly key?: string;
}

/** A failure that ends the command with an exit code of its own: 2 for a stack that cannot be used at all. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
  readonly exitCode: number;
  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Adds `--url` and `--key` to a command that talks to the API; `scopes` names what the key must be allowed. */
export const apiOptions = (command: Command, scopes: string): Command =>
  command
    .option('--url <url>', 'address of the API (default: AEGIS_URL, else the local stack that was started last)')
    .option('--key <key>', `API key ${scopes} (default: AEGIS_KEY, else the key of the local stack)`);

/**
 * Adds `--url` to a command that goes to table, buckets and queues itself, with the caller's own AWS rights. Before the action runs, the
 * environment names the stack: `--url` chooses a local one; without it the variables of the environment do, else the local stack that was
 * started last. `isUsed` says from the options whether the command needs a stack at all.
 */
export const storesOption = (
  command: Command,
  {
    isUsed = () => true,
    stacks = runningStacks,
  }: { readonly isUsed?: (options: object) => boolean; readonly stacks?: () => readonly RunningStack[] } = {},
): Command =>
  command
    .option('--url <url>', 'address of a running local stack (default: AEGIS_TABLE and its like, else the one started last)')
    .hook('preAction', (_, acting) => {
      const options = acting.opts<{ readonly url?: string }>();
      if (isUsed(options)) useStores(options, stacks());
    });

/** With one of them set, the environment names a stack. */
const namingVariables = [env.table, env.deadLetterUrl, env.webhookDeadLetterUrl];

/** Throws CommandFailure when `--url` names no running local stack. */
const useStores = ({ url }: { readonly url?: string }, stacks: readonly RunningStack[]): void => {
  const named = namingVariables.find((name) => (process.env[name] ?? '') !== '');
  if (url === undefined && named !== undefined) {
    printTarget(`the stack of the environment, ${named}=${process.env[named]}`);
    return;
  }
  const stack = url === undefined ? stacks[0] : stacks.find((one) => one.url === withoutSlash(url));
  if (url !== undefined && stack === undefined)
    throw new CommandFailure(
      `--url ${url}: no local stack runs there. ${listOf(stacks)} For a deployed stack, set ${env.table} and its like instead`,
      2,
    );
  if (stack === undefined) return;
  Object.assign(process.env, stack.environment);
  printTarget(localText(stack, stacks, url));
};

/**
 * Returns the deployment that a command talks to: `--url` and `--key`, else `AEGIS_URL` and `AEGIS_KEY`, else the local stack that was
 * started last. Prints it on standard error. Throws Error naming what is missing.
 */
export const resolveTarget = (flags: ApiFlags, stacks: readonly RunningStack[] = runningStacks()): Target => {
  const given = flags.url ?? process.env.AEGIS_URL ?? stacks[0]?.url;
  if (given === undefined) throw new Error('no address: give --url, set AEGIS_URL or start the local stack with npm start');
  if (!URL.canParse(given)) throw new Error(`--url ${given} is not a URL; an example: http://127.0.0.1:8000`);
  const url = withoutSlash(given);
  const stack = stacks.find((one) => one.url === url);
  const key = flags.key ?? process.env.AEGIS_KEY ?? stack?.key;
  if (key === undefined) throw new Error(`no key for ${url}: give --key or set AEGIS_KEY`);
  printTarget(stack === undefined ? url : localText(stack, stacks, flags.url ?? process.env.AEGIS_URL));
  return { url, key };
};

/** Returns a sender of API requests; it throws NoAnswer, and CommandFailure when the target refuses the key. */
export const callerOf =
  (target: Target) =>
  async (method: string, path: string, body?: unknown): Promise<Answer> => {
    const answer = await call(target, method, path, body);
    const refusal = refusalOf(target.url, answer);
    if (refusal !== null) throw new CommandFailure(refusal, 2);
    return answer;
  };

/** Returns why an answer shows that no request with this key can succeed, or null; `name` is the target's in the message. */
export const refusalOf = (name: string, { status, body }: Answer): string | null => {
  if (status !== 401 && status !== 403) return null;
  const { detail }: Partial<Wire<'Problem'>> = typeof body === 'object' && body !== null ? body : {};
  const what = status === 401 ? 'does not accept the key' : 'does not allow this with the key';
  return `${name} ${what} (${status}${detail === undefined ? '' : `: ${detail}`}); give another one with --key or AEGIS_KEY`;
};

const printTarget = (text: string): void => console.error(`target: ${text}`);

const localText = ({ url }: RunningStack, stacks: readonly RunningStack[], chosen: string | undefined): string => {
  const others = stacks.filter((one) => one.url !== url).map((one) => one.url);
  if (chosen !== undefined || others.length === 0) return `the local stack ${url}`;
  return `the local stack ${url}, which was started last; --url chooses another: ${others.join(', ')}`;
};

const listOf = (stacks: readonly RunningStack[]): string =>
  stacks.length === 0 ? 'None runs; npm start starts one.' : `Running: ${stacks.map(({ url }) => url).join(', ')}.`;

const withoutSlash = (url: string): string => url.replace(/\/+$/, '');
