import type { Retry } from '../../functions/score/retry.ts';
import { type QueueLife, queueLife } from '../../infra/queueLife.ts';
import { settingsOf } from '../../infra/settings.ts';
import { Crash, type FaultPlan, faultyQueue, type InterleavePoint } from '../../shared/adapters/memory/faults.ts';
import { type MemoryQueue, type MemoryQueueOptions, memoryQueue } from '../../shared/adapters/memory/queue.ts';
import type { Clock, Queue, QueueMessage } from '../../shared/ports/ports.ts';
import type { SeededRandom } from '../../shared/store/random.ts';

/** As the queue is deployed. */
export const life = queueLife(settingsOf('prod'));
const dayMs = 86_400_000;

/** A queue as it is deployed: times, receives and retention. */
export const deployedQueue = (
  clock: Clock,
  deadLetters: Queue,
  disorder?: MemoryQueueOptions['disorder'],
  { visibilitySeconds, maxReceives }: Pick<QueueLife, 'visibilitySeconds' | 'maxReceives'> = life,
): MemoryQueue =>
  memoryQueue({
    clock,
    visibilityMs: visibilitySeconds * 1_000,
    maxReceiveCount: maxReceives,
    retentionMs: settingsOf('prod').messageRetentionDays * dayMs,
    deadLetters,
    ...(disorder && { disorder }),
  });

/** Retries on that queue, as the score function has them. */
export const retryOn = (queue: MemoryQueue, randomness: SeededRandom): Retry => ({
  hide: async (receiptHandle, seconds) => queue.hide(receiptHandle, seconds * 1_000),
  randomness,
  pauseSecondsMax: life.pauseSecondsMax,
  giveUpSeconds: life.giveUpSeconds,
});

/** A plan in which the table is away while `isOut` says so, and the given faults befall the rest. */
export const withOutage =
  (isOut: () => boolean, faults: FaultPlan): FaultPlan =>
  (call) =>
    call.port === 'table' && isOut() ? 'unavailable' : faults(call);

interface Around {
  readonly queue: MemoryQueue;
  readonly deadLetters: Queue;
  readonly randomness: SeededRandom;
  readonly interleave: InterleavePoint;
}

/**
 * One process around the ledger, which hands a crash back as an account that failed: nothing that the dead process would do then has an
 * effect either. `alive` throws Crash once it is dead.
 */
export const mortal = ({ queue, deadLetters, randomness, interleave }: Around, drawn: FaultPlan) => {
  let isDead = false;
  const faults: FaultPlan = (call) => {
    const fault = drawn(call);
    isDead ||= fault === 'crashBeforeEffect' || fault === 'crashAfterEffect';
    return fault;
  };
  const alive = (): void => {
    if (isDead) throw new Crash('the process is gone');
  };
  const letters = faultyQueue(deadLetters, faults, interleave);
  const retry = retryOn(queue, randomness);
  return {
    faults,
    alive,
    deadLetters: {
      send: async (messages: readonly QueueMessage[]) => {
        alive();
        return letters.send(messages);
      },
    },
    retry: {
      ...retry,
      hide: async (receiptHandle: string, seconds: number) => {
        alive();
        await retry.hide(receiptHandle, seconds);
      },
    },
  };
};
