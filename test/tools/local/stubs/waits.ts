import { threadId } from 'node:worker_threads';

const open = new Map<string, () => void>();

/** Waits until an event of the same instance releases it; says in which thread. */
export const handler = async ({ wait, release, fail }: { wait?: string; release?: string; fail?: true }) => {
  if (fail) throw new Error('asked to');
  if (wait !== undefined) await new Promise<void>((resolve) => open.set(wait, resolve));
  if (release !== undefined) open.get(release)?.();
  return { threadId };
};
