import type { Clock } from '../../ports/ports.ts';

/** Time that moves only when told to. Sleepers wake in the order of their times, those of one time in the order they fell asleep. */
export interface VirtualClock extends Clock {
  /** Moves to the earliest sleeper's time and wakes it; false if nobody sleeps. */
  wakeNext(): boolean;
  /** Moves on by `ms`, waking all who are due. */
  advance(ms: number): void;
  sleepers(): number;
}

export function virtualClock(startMs: number): VirtualClock {
  let now = startMs;
  let asleep: { readonly atMs: number; readonly wake: () => void }[] = [];

  const wakeNext = (): boolean => {
    const next = asleep.reduce<(typeof asleep)[number] | null>(
      (first, one) => (first === null || one.atMs < first.atMs ? one : first),
      null,
    );
    if (next === null) return false;
    asleep = asleep.filter((one) => one !== next);
    now = Math.max(now, next.atMs);
    next.wake();
    return true;
  };

  return {
    nowMs: () => now,
    sleep: (ms) =>
      new Promise((wake) => {
        asleep.push({ atMs: now + Math.max(0, ms), wake });
      }),
    wakeNext,
    advance(ms) {
      const until = now + ms;
      while (asleep.some((one) => one.atMs <= until)) wakeNext();
      now = until;
    },
    sleepers: () => asleep.length,
  };
}
