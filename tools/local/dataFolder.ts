import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { LocalProblem } from './problem.ts';

/** Where one local stack keeps what it must find again. */
export interface DataFolder {
  readonly path: string;
  /** Given by name, so that what is in it outlives this run. */
  readonly kept: boolean;
  /** The run before ended without a word: what it committed last may not have been handed on. */
  readonly interrupted: boolean;
  /** The text kept under this name; null if there is none. */
  read(name: string): string | null;
  /** Keeps a text under a name, readable by its owner only. */
  write(name: string, text: string): void;
  /** Call when everything is written: the next start finds nothing to catch up, unless `complete` is false. */
  close(complete: boolean): void;
}

/** Throws LocalProblem when another local stack runs in the folder or it cannot be written. */
export const openDataFolder = (given: string | undefined): DataFolder => {
  const path = given === undefined ? mkdtempSync(join(tmpdir(), 'aegis-local-')) : resolve(given);
  const marker = join(path, 'running.json');
  let interrupted = false;
  try {
    mkdirSync(path, { recursive: true });
    if (existsSync(marker)) {
      const { pid } = JSON.parse(readFileSync(marker, 'utf8')) as { pid: number };
      if (isAlive(pid)) {
        throw new LocalProblem(
          `${path} is in use by the local stack with process id ${pid}: stop it or choose another --data-dir`,
        );
      }
      interrupted = true;
    }
    writeFileSync(marker, JSON.stringify({ pid: process.pid }));
  } catch (error) {
    if (error instanceof LocalProblem) throw error;
    throw new LocalProblem(`the data folder ${path} cannot be used (${(error as NodeJS.ErrnoException).code}): choose another`, {
      cause: error,
    });
  }
  return {
    path,
    kept: given !== undefined,
    interrupted,
    read: (name) => {
      const file = join(path, name);
      return existsSync(file) ? readFileSync(file, 'utf8') : null;
    },
    write: (name, text) => writeFileSync(join(path, name), text, { mode: 0o600 }),
    close: (complete) => {
      if (given === undefined) rmSync(path, { recursive: true, force: true });
      else if (complete) rmSync(marker, { force: true });
      else writeFileSync(marker, JSON.stringify({ pid: 0 }));
    },
  };
};

/** Two stacks of one process may not share a folder either, so its own id counts as alive. */
const isAlive = (pid: number): boolean => {
  if (pid === 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};
