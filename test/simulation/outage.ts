import { scoreBatch } from '../../functions/score/score.ts';
import type { QueueLife } from '../../infra/queueLife.ts';
import { virtualClock } from '../../shared/adapters/memory/clock.ts';
import { faultyTable, noFaults } from '../../shared/adapters/memory/faults.ts';
import { memoryTable } from '../../shared/adapters/memory/table.ts';
import { serializeTransaction } from '../../shared/contract/transaction.ts';
import { defaultPolicy } from '../../shared/policy/default.ts';
import { seededRandom } from '../../shared/store/random.ts';
import { deployedQueue, life, retryOn, withOutage } from './deployedQueue.ts';
import { faultsOf } from './ledgerFaults.ts';
import { ledgerOn, payment, recordOf, startMs } from './world.ts';

export interface OutagePlan {
  readonly seed: number;
  readonly outageMinutes: number;
  /** Before and after the outage, at the same load. */
  readonly aroundMinutes: number;
  readonly perSecond: number;
  /** Invocations at a time, as the event source's `maxConcurrency` allows. */
  readonly workers: number;
  /** A queue of these times and receives, and no pauses: what the retries are worth. */
  readonly without?: Pick<QueueLife, 'visibilitySeconds' | 'maxReceives'>;
}

export interface OutageResult {
  readonly sent: number;
  readonly deadLetters: number;
  readonly expired: number;
  /** Waiting when the table came back. */
  readonly backlog: number;
  /** From the table's return until nothing waited that was sent before it. */
  readonly drainedSeconds: number;
  readonly receivesMost: number;
  readonly inFlightMost: number;
  /** What does not hold of the table at the end: lost, double, broken chains, wrong figures. */
  readonly faults: readonly string[];
}

const accounts = 200;
const batchMax = 10;
const invocationMs = 19_000;
/** Of a lighter load the workers are not slower than this. */
const callMsMax = 2_500;
const messagesOfPoison = 3;
const minuteMs = 60_000;
const sampleMs = 10_000;

/**
 * The queue path through an outage of the table, in virtual time, on a queue as it is deployed: payments come in evenly, a poisonous message
 * among them now and then; half of what the workers can decide at best is sent, which is what "full load" means here: a call of the table
 * takes as long as that needs. Everything else is the code that runs deployed.
 */
export async function runOutage(plan: OutagePlan): Promise<OutageResult> {
  const randomness = seededRandom(plan.seed);
  const clock = virtualClock(startMs);
  const table = memoryTable();
  const outFromMs = startMs + plan.aroundMinutes * minuteMs;
  const outToMs = outFromMs + plan.outageMinutes * minuteMs;
  const endOfTrafficMs = outToMs + plan.aroundMinutes * minuteMs;
  const isOut = (): boolean => clock.nowMs() >= outFromMs && clock.nowMs() < outToMs;
  // A batch of new payments is one read and one write.
  const callMs = Math.min(callMsMax, Math.floor((plan.workers * batchMax * 1_000) / (2 * 2 * plan.perSecond)));

  const reasons: string[] = [];
  const deadLetters = {
    send: async (messages: readonly { readonly attributes: Readonly<Record<string, string>> }[]) =>
      messages.map(({ attributes }) => {
        reasons.push(attributes.reason ?? 'receives used up');
        return { sent: true as const };
      }),
  };
  const queue = deployedQueue(clock, deadLetters, { randomness, duplicateProbability: 0.01 }, plan.without);
  const transactions: ReturnType<typeof payment>[] = [];
  const open = new Map<string, number>();
  let backlog = 0;
  let drainedMs = 0;
  let receivesMost = 0;
  let inFlightMost = 0;
  let isSending = true;

  const produce = async (): Promise<void> => {
    const total = Math.floor(((endOfTrafficMs - startMs) / 1_000) * plan.perSecond);
    for (let i = 0; i < total; i++) {
      await clock.sleep(startMs + (i * 1_000) / plan.perSecond - clock.nowMs());
      const transaction = payment(i, { userId: `u${i % accounts}`, occurredAtMs: Math.floor(clock.nowMs()) });
      transactions.push(transaction);
      open.set(transaction.transactionId, clock.nowMs());
      const poison = i % Math.ceil(total / messagesOfPoison) === 0 ? [{ body: 'nonsense', attributes: {} }] : [];
      await queue.send([{ body: serializeTransaction(transaction), attributes: {} }, ...poison]);
    }
    isSending = false;
  };

  const watch = async (): Promise<void> => {
    while (isSending || queue.size() > 0) {
      inFlightMost = Math.max(inFlightMost, queue.inFlight());
      if (clock.nowMs() < outToMs) backlog = queue.size();
      await clock.sleep(sampleMs);
    }
  };

  const work = async (): Promise<void> => {
    const waiting = async (point: string): Promise<void> => {
      if (point.startsWith('before')) await clock.sleep(callMs);
    };
    const ledger = ledgerOn(faultyTable(table, withOutage(isOut, noFaults), waiting), clock, randomness);
    while (isSending || queue.size() > 0) {
      const messages = await queue.receive(batchMax);
      if (messages.length === 0) {
        await clock.sleep(1_000);
        continue;
      }
      receivesMost = Math.max(receivesMost, ...messages.map(({ receiveCount }) => receiveCount));
      const dependencies = {
        ledger,
        deadLetters,
        newId: () => 'c',
        log: () => undefined,
        ...(plan.without === undefined && { retry: retryOn(queue, randomness) }),
      };
      const { batchItemFailures } = await scoreBatch(messages.map(recordOf), dependencies, clock.nowMs() + invocationMs);
      const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
      for (const { messageId, receiptHandle, sentAtMs } of messages) {
        if (failed.has(messageId)) continue;
        queue.remove(receiptHandle);
        if (sentAtMs < outToMs && clock.nowMs() >= outToMs) drainedMs = clock.nowMs() - outToMs;
      }
    }
  };

  let running = 2 + plan.workers;
  let failure: unknown = null;
  for (const task of [produce, watch, ...Array.from({ length: plan.workers }, () => work)])
    task()
      .catch((error: unknown) => {
        failure ??= error;
      })
      .finally(() => {
        running--;
      });
  while (running > 0 && failure === null) {
    await new Promise(setImmediate);
    clock.wakeNext();
  }
  if (failure !== null) throw failure;
  const poisoned = reasons.filter((reason) => /JSON|\(all\)/i.test(reason)).length;
  return {
    sent: transactions.length,
    deadLetters: reasons.length - poisoned,
    expired: queue.expired(),
    backlog,
    drainedSeconds: Math.round(drainedMs / 1_000),
    receivesMost,
    inFlightMost,
    faults: [
      ...(await faultsOf({ table, transactions, policy: defaultPolicy })),
      ...(poisoned === messagesOfPoison
        ? []
        : [`${poisoned} of ${messagesOfPoison} poisonous messages are among the dead letters`]),
      ...(receivesMost <= life.maxReceives ? [] : [`a message was received ${receivesMost} times`]),
    ],
  };
}
