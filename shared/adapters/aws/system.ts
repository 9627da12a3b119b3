import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Clock, Randomness } from '../../ports/ports.ts';

/** The machine's own time. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  sleep: (ms) => wait(ms),
};

/** `bytes` from the operating system's generator, `fraction` for jitter only. */
export const systemRandomness: Randomness = {
  bytes: (count) => new Uint8Array(randomBytes(count)),
  fraction: () => Math.random(),
};

/**
 * A limit of time from now on: settles as the work does, or rejects once `ms` have passed. The work is not stopped; only nobody waits for
 * it any more.
 */
export const timeLimit = (ms: number): (<Result>(work: Promise<Result>) => Promise<Result>) => {
  const endMs = Date.now() + ms;
  return async (work) => {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error(`not done within ${ms} ms`)), Math.max(0, endMs - Date.now()));
    try {
      return await Promise.race([work, late.promise]);
    } finally {
      clearTimeout(timer);
    }
  };
};
