import { type Clock, OutcomeUnknown, type Randomness, Throttled, TransactionCancelled, Unavailable } from '../ports/ports.ts';

export interface Attempts {
  readonly attemptsMax: number;
  readonly backoffBaseMs: number;
  readonly backoffMaxMs: number;
  /** Epoch milliseconds after which no further attempt is begun. */
  readonly deadlineMs: number;
}

/**
 * Repeats an attempt while it asks for it (`again`) or a store error says that a repeat may help, with full jitter between. Throws
 * the last store error, or Throttled when others were always quicker.
 */
export async function attempted<Result>(
  { clock, randomness }: { readonly clock: Clock; readonly randomness: Randomness },
  limits: Attempts,
  attempt: () => Promise<Result | 'again'>,
): Promise<Result> {
  let last: Error | null = null;
  for (let tries = 0; tries < limits.attemptsMax; tries++) {
    if (tries > 0) {
      const delayMs = randomness.fraction() * Math.min(limits.backoffMaxMs, limits.backoffBaseMs * 2 ** Math.min(tries, 10));
      if (clock.nowMs() + delayMs > limits.deadlineMs) break;
      await clock.sleep(delayMs);
    }
    try {
      const result = await attempt();
      if (result !== 'again') return result;
      last = null;
    } catch (error) {
      if (!isRepeatable(error)) throw error;
      last = error;
    }
  }
  throw last === null || last instanceof TransactionCancelled
    ? new Throttled('others keep changing the same items', { cause: last })
    : last;
}

const isRepeatable = (error: unknown): error is Error =>
  error instanceof TransactionCancelled ||
  error instanceof OutcomeUnknown ||
  error instanceof Throttled ||
  error instanceof Unavailable;
