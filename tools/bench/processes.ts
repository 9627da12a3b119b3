import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

/** Processes of this machine that a measurement starts and ends. */

const endMsMax = 300_000;

/** Kills a process and all that it started. */
export function killTree(pid: number): void {
  for (const one of [...descendantsOf(pid).map((each) => each.pid), pid]) signal(one, 'SIGKILL');
}

/** Returns whether the process was there to get the signal. */
export function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** Resolves once none of the processes runs. Throws Error when one does not end. */
export async function gone(pids: readonly number[]): Promise<void> {
  const startedMs = performance.now();
  while (pids.some((pid) => signal(pid, 0))) {
    if (performance.now() - startedMs > endMsMax) throw new Error(`process ${pids.join(' or ')} does not end`);
    await sleep(20);
  }
}

/** Returns the processes that a process started, and theirs. */
export function descendantsOf(pid: number): { readonly pid: number; readonly command: string }[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,comm='], { encoding: 'utf8' }).trim().split('\n');
  const all = lines.map((line) => {
    const [own, parent, ...command] = line.trim().split(/\s+/);
    return { pid: Number(own), parent: Number(parent), command: command.join(' ') };
  });
  const found: { pid: number; command: string }[] = [];
  for (const open = [pid]; open.length > 0; ) {
    const at = open.pop();
    for (const one of all) {
      if (one.parent !== at) continue;
      found.push(one);
      open.push(one.pid);
    }
  }
  return found;
}
