import type { Randomness } from '../../shared/ports/ports.ts';
import { required, requiredNumber } from '../../shared/store/environment.ts';

/** How a payment that could not be decided is tried again. */
export interface Retry {
  /** Keeps a received message hidden for so long. */
  readonly hide: (receiptHandle: string, seconds: number) => Promise<void>;
  readonly randomness: Pick<Randomness, 'fraction'>;
  readonly pauseSecondsMax: number;
  /** A message that is older is set aside. The queue keeps it for longer than this. */
  readonly giveUpSeconds: number;
}

const firstPauseSeconds = 10;

/**
 * How long to wait after the given number of receives: twice as long each time, up to the longest. Half of it is drawn at random, so that
 * what failed together does not come back together.
 */
export function pauseSeconds(receives: number, { randomness, pauseSecondsMax }: Omit<Retry, 'hide' | 'giveUpSeconds'>): number {
  const pause = Math.min(pauseSecondsMax, firstPauseSeconds * 2 ** Math.min(receives - 1, 20));
  return Math.ceil((pause / 2) * (1 + randomness.fraction()));
}

/** Tries of a payment whose account cannot be read, about a quarter of an hour in all: a deployment can mend it meanwhile. */
const brokenTriesMax = 8;

/** What is known of a payment that could not be decided. */
export interface Undecided {
  /** As the ledger names it. */
  readonly cause: string;
  readonly receives: number;
  readonly ageSeconds: number;
  /** Items of its account are damaged: trying again reads the same. */
  readonly isBroken: boolean;
}

/** Why the payment is not tried again; null while it is. That the store is away is no reason before the message is about to expire. */
export function givenUpFor({ cause, receives, ageSeconds, isBroken }: Undecided, giveUpSeconds: number): string | null {
  if (cause === 'ROW_GONE') return 'a row that the windows of this payment need is no longer in the table';
  if (isBroken && receives >= brokenTriesMax)
    return `the account could not be read ${receives} times; the log of score says why, by the correlation id`;
  if (ageSeconds >= giveUpSeconds) return `not decided within ${Math.floor(ageSeconds / 3_600)} hours: ${cause}`;
  return null;
}

/** The same on this process's queue, whose client is loaded by the first payment that fails. */
export function retryHere({ randomness }: { readonly randomness: Randomness }): Retry {
  const url = required('queueUrl');
  let visibility: Promise<Retry['hide']> | null = null;
  return {
    hide: async (receiptHandle, seconds) => {
      visibility ??= import('../../shared/adapters/aws/queueVisibility.ts').then(({ queueVisibility }) =>
        queueVisibility({ url }),
      );
      await (await visibility)(receiptHandle, seconds);
    },
    randomness,
    pauseSecondsMax: requiredNumber('pauseSecondsMax'),
    giveUpSeconds: requiredNumber('giveUpSeconds'),
  };
}
