import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Target } from './call.ts';

/** A local stack of this checkout, as `npm start` noted it for the command line. */
export interface RunningStack extends Target {
  /** What the functions of the stack find in their environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly pid: number;
  readonly startedAtMs: number;
}

/** One file per stack lies here while the stack runs. */
const notesFolder = fileURLToPath(new URL('../.cache/local-stacks/', import.meta.url));

/** Returns the local stacks that run, the one started last first. Removes the notes of stacks that were killed. */
export const runningStacks = (folder: string = notesFolder): readonly RunningStack[] => {
  const stacks: RunningStack[] = [];
  for (const name of namesIn(folder)) {
    const file = join(folder, name);
    const stack = JSON.parse(readFileSync(file, 'utf8')) as RunningStack;
    if (isAlive(stack.pid)) stacks.push(stack);
    else rmSync(file, { force: true });
  }
  return stacks.toSorted((a, b) => b.startedAtMs - a.startedAtMs);
};

/** Notes a stack, so that commands find it without options. Returns the function that removes the note. */
export const noteStack = (stack: RunningStack, folder: string = notesFolder): (() => void) => {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${stack.pid}.json`);
  writeFileSync(file, JSON.stringify(stack), { mode: 0o600 });
  return () => rmSync(file, { force: true });
};

const namesIn = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder).filter((name) => name.endsWith('.json'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
};

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: it runs, as another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};
