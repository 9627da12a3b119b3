import type { Clock, Queue, QueueMessage } from '../../ports/ports.ts';
import type { SeededRandom } from '../../store/random.ts';

export interface MemoryQueueOptions {
  readonly clock: Clock;
  readonly visibilityMs: number;
  /** A message received this often and not removed goes to `deadLetters` instead of being received again. */
  readonly maxReceiveCount?: number;
  readonly deadLetters?: Queue;
  /** A message older than this is gone. Default: never. */
  readonly retentionMs?: number;
  /** With so many received and not removed no more are received. Default: SQS's limit. */
  readonly inFlightMax?: number;
  /** What groups are for. Default: messages of one keep their order, one at a time. Fair: the group with the least in flight comes first. */
  readonly groups?: 'ordered' | 'fair';
  /** Draws order and duplicates; without it messages come once each, in the order they were sent. */
  readonly disorder?: { readonly randomness: SeededRandom; readonly duplicateProbability: number };
}

export interface ReceivedMessage extends QueueMessage {
  readonly messageId: string;
  readonly receiptHandle: string;
  /** 1 at the first delivery. */
  readonly receiveCount: number;
  readonly sentAtMs: number;
}

export interface MemoryQueue extends Queue {
  /** At most `count` messages that nobody holds now; each is hidden for the visibility time. */
  receive(count: number): Promise<readonly ReceivedMessage[]>;
  /** Takes a message off the queue for good; a receipt of an earlier delivery has no effect. */
  remove(receiptHandle: string): void;
  /** Hides a message that was received for `ms` from now; a receipt of an earlier delivery has no effect. */
  hide(receiptHandle: string, ms: number): void;
  /** Messages on the queue, held ones included. */
  size(): number;
  /** Messages that somebody holds now. */
  inFlight(): number;
  /** Messages that nobody removed within the retention. */
  expired(): number;
  /** When the next held message shows again, null if none is held. */
  nextVisibleAtMs(): number | null;
}

interface Held {
  readonly message: QueueMessage;
  readonly messageId: string;
  readonly sentAtMs: number;
  receiveCount: number;
  visibleAtMs: number;
  receiptHandle: string | null;
}

const inFlightMaxOfSqs = 120_000;

/** SQS in memory and in virtual time: at least once, in any order if `disorder` is given; messages of a group one at a time, in order. */
export function memoryQueue(options: MemoryQueueOptions): MemoryQueue {
  const { clock, visibilityMs, maxReceiveCount = Number.POSITIVE_INFINITY, deadLetters, disorder } = options;
  const { groups = 'ordered', retentionMs = Number.POSITIVE_INFINITY, inFlightMax = inFlightMaxOfSqs } = options;
  const held = new Set<Held>();
  const byReceipt = new Map<string, Held>();
  let sent = 0;
  let received = 0;
  let expired = 0;

  const enqueue = (message: QueueMessage, messageId: string): void => {
    held.add({ message, messageId, sentAtMs: clock.nowMs(), receiveCount: 0, visibleAtMs: 0, receiptHandle: null });
  };

  const take = (one: Held): void => {
    held.delete(one);
    if (one.receiptHandle !== null) byReceipt.delete(one.receiptHandle);
  };

  const dropExpired = (): void => {
    const oldestMs = clock.nowMs() - retentionMs;
    for (const one of held) {
      if (one.sentAtMs >= oldestMs) continue;
      take(one);
      expired += 1;
    }
  };

  const inFlight = (): number => {
    const now = clock.nowMs();
    let count = 0;
    for (const one of held) if (one.visibleAtMs > now) count += 1;
    return count;
  };

  const buryExhausted = async (): Promise<void> => {
    if (deadLetters === undefined) return;
    const now = clock.nowMs();
    const exhausted = [...held].filter((one) => one.visibleAtMs <= now && one.receiveCount >= maxReceiveCount);
    if (exhausted.length === 0) return;
    for (const one of exhausted) take(one);
    await deadLetters.send(exhausted.map((one) => one.message));
  };

  /** As SQS says of fair queues: a group that has much in flight, compared with the others, waits while another has messages. */
  const fairest = (): Held[] => {
    const now = clock.nowMs();
    const inFlightOf = new Map<string | undefined, number>();
    for (const { message, visibleAtMs } of held)
      if (visibleAtMs > now) inFlightOf.set(message.group, (inFlightOf.get(message.group) ?? 0) + 1);
    return [...held]
      .filter((one) => one.visibleAtMs <= now)
      .sort((a, b) => (inFlightOf.get(a.message.group) ?? 0) - (inFlightOf.get(b.message.group) ?? 0));
  };

  const deliverable = (): Held[] => {
    if (groups === 'fair') return fairest();
    const now = clock.nowMs();
    const blocked = new Set<string>();
    return [...held].filter((one) => {
      const { group } = one.message;
      const free = one.visibleAtMs <= now && !(group !== undefined && blocked.has(group));
      if (group !== undefined) blocked.add(group);
      return free;
    });
  };

  return {
    async send(messages) {
      for (const message of messages) {
        sent += 1;
        const messageId = `m${sent}`;
        enqueue(message, messageId);
        if (disorder !== undefined && disorder.randomness.fraction() < disorder.duplicateProbability) enqueue(message, messageId);
      }
      return messages.map(() => ({ sent: true as const }));
    },

    async receive(count) {
      dropExpired();
      await buryExhausted();
      if (inFlight() >= inFlightMax) return [];
      const free = deliverable();
      const chosen = (disorder === undefined ? free : disorder.randomness.shuffled(free)).slice(0, count);
      return chosen.map((one) => {
        received += 1;
        one.receiveCount += 1;
        one.visibleAtMs = clock.nowMs() + visibilityMs;
        if (one.receiptHandle !== null) byReceipt.delete(one.receiptHandle);
        one.receiptHandle = `r${received}`;
        byReceipt.set(one.receiptHandle, one);
        const { messageId, receiveCount, sentAtMs, receiptHandle } = one;
        return { ...one.message, messageId, receiptHandle, receiveCount, sentAtMs };
      });
    },

    remove(receiptHandle) {
      const one = byReceipt.get(receiptHandle);
      if (one !== undefined) take(one);
    },

    hide(receiptHandle, ms) {
      const one = byReceipt.get(receiptHandle);
      if (one !== undefined) one.visibleAtMs = clock.nowMs() + ms;
    },

    size: () => held.size,

    inFlight,

    expired: () => expired,

    nextVisibleAtMs() {
      const now = clock.nowMs();
      const hidden = [...held].filter((one) => one.visibleAtMs > now).map((one) => one.visibleAtMs);
      return hidden.length === 0 ? null : Math.min(...hidden);
    },
  };
}
