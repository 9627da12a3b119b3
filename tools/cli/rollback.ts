import type { Command } from 'commander';
import { defaultStage } from '../../infra/settings.ts';
import { inParallel } from '../../shared/store/parallel.ts';
import { type Aliases, type LiveFunction, lambdaAliases } from '../aws/aliases.ts';
import { CommandFailure } from './target.ts';

interface Flags {
  readonly stage: string;
  readonly newest?: true;
  readonly dryRun?: true;
}

/** A move of one function's callers. */
export interface Move {
  readonly fn: LiveFunction;
  readonly to: number;
}

/** Versions published within so long of the newest came with the same deployment. */
const deploymentMs = 3_600_000;
const atOnceMax = 8;

const publishedAtMs = ({ versions }: LiveFunction, wanted: number): number =>
  versions.find(({ version }) => version === wanted)?.publishedAtMs ?? 0;

/**
 * Where the last deployment is undone: each function that it changed goes back to the version that it had before. Functions whose live
 * version is older, or that never had another, stay: a second call moves nothing.
 */
export function backwards(functions: readonly LiveFunction[]): Move[] {
  const newestMs = Math.max(...functions.map(({ versions }) => versions.at(-1)?.publishedAtMs ?? 0));
  return functions.flatMap((fn) => {
    if (publishedAtMs(fn, fn.live) < newestMs - deploymentMs) return [];
    const to = fn.versions.findLast(({ version }) => version < fn.live)?.version;
    return to === undefined ? [] : [{ fn, to }];
  });
}

/** Where every function has its newest version again. */
export const forwards = (functions: readonly LiveFunction[]): Move[] =>
  functions.flatMap((fn) => {
    const to = fn.versions.at(-1)?.version;
    return to === undefined || to === fn.live ? [] : [{ fn, to }];
  });

/** Moves the aliases of a stage, and says which. Throws CommandFailure when the stage has no functions. */
export async function roll(aliases: Aliases, { stage, newest, dryRun }: Flags, say: (text: string) => void): Promise<void> {
  const functions = await aliases.list(`aegis-${stage}-core-`);
  if (functions.length === 0)
    throw new CommandFailure(`there is no function aegis-${stage}-core-... in this account and region`, 2);
  const moves = newest === true ? forwards(functions) : backwards(functions);
  await inParallel(moves, atOnceMax, async ({ fn, to }) => {
    if (dryRun !== true) await aliases.move(fn, to);
    say(`${fn.name}: ${fn.live} -> ${to}`);
  });
  say(`${moves.length} of ${functions.length} functions ${dryRun === true ? 'would be moved' : 'moved'}`);
}

/** `aegis rollback`: the last deployment's functions go back to the versions before it, within a minute and without a deployment. */
export const configure = (command: Command): void => {
  command
    .option('--stage <name>', 'stage of the deployed stack', defaultStage)
    .option('--newest', 'put every function to its newest version instead: after the deployment that follows a rollback')
    .option('--dry-run', 'print the moves, make none')
    .action(async (flags: Flags) => {
      const aliases = lambdaAliases();
      try {
        await roll(aliases, flags, console.log);
      } finally {
        aliases.close();
      }
    });
};
