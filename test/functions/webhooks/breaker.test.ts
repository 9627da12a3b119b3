import type { SQSRecord } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { type Breaker, breaker } from '../../../functions/webhooks/breaker.ts';
import { answerMsMax } from '../../../functions/webhooks/post.ts';
import { deliverBatch } from '../../../functions/webhooks/webhooks.ts';
import { virtualClock } from '../../../shared/adapters/memory/clock.ts';
import { memoryQueue } from '../../../shared/adapters/memory/queue.ts';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import { seededRandom } from '../../../shared/store/random.ts';
import { addEndpoint } from '../../../shared/webhooks/endpoints.ts';

const silent = { tookMs: 10_000, taken: false };
const minuteMs = 60_000;

describe('the breaker of a receiver', () => {
  it.each<[string, { readonly tookMs: number; readonly taken: boolean }, boolean]>([
    ['opens where it held a place and took nothing', silent, false],
    ['stays closed where it was slow and took it', { tookMs: 9_000, taken: true }, true],
    ['stays closed where it refused at once', { tookMs: 20, taken: false }, true],
  ])('%s', (_, delivery, allowed) => {
    const one = breaker();
    one.tell('wh_1', 0, delivery);
    expect(one.allows('wh_1', 1)).toBe(allowed);
    expect(one.allows('wh_2', 1)).toBe(true);
  });

  it('lets one through after a minute, then after two, and closes when that is taken', () => {
    const one = breaker();
    one.tell('wh_1', 0, silent);
    expect([59_999, minuteMs, minuteMs + 1].map((atMs) => one.allows('wh_1', atMs))).toEqual([false, true, false]);
    one.tell('wh_1', minuteMs + 10_000, silent);
    expect([3 * minuteMs, 3 * minuteMs + 10_000].map((atMs) => one.allows('wh_1', atMs))).toEqual([false, true]);
    one.tell('wh_1', 3 * minuteMs + 10_100, { tookMs: 100, taken: true });
    expect(one.allows('wh_1', 3 * minuteMs + 10_101)).toBe(true);
  });

  it('sees again every quarter of an hour at least', () => {
    const one = breaker();
    let atMs = 0;
    for (let i = 0; i < 20; i++) {
      one.tell('wh_1', atMs, silent);
      atMs += 900_000;
      expect(one.allows('wh_1', atMs)).toBe(true);
    }
  });
});

const endpoints = 200;
const instances = 5;
const batchSize = 10;
const perSecond = 40;
const trafficMs = 15 * minuteMs;

/**
 * The queue path of webhooks in virtual time, instances and batches as deployed. Returns the 99th percentile of the time from queue to
 * receiver, of all receivers but the first.
 */
const p99Of = async (isHanging: boolean, breakerOf: () => Breaker | undefined): Promise<number> => {
  const clock = virtualClock(Date.UTC(2026, 10, 20));
  const randomness = seededRandom(7);
  const table = memoryTable();
  const names: string[] = [];
  for (let i = 0; i < endpoints; i++) {
    const wanted = { tenant: `t${Math.floor(i / 20)}`, url: `https://r${i}.example.com/`, events: ['*'], createdBy: 'ana' };
    names.push((await addEndpoint({ table, clock, randomness }, wanted, { allowsLoopback: false })).endpointId);
  }
  const queue = memoryQueue({ clock, visibilityMs: 180_000, maxReceiveCount: 8, deadLetters: { send: async () => [] } });
  const tookMs: number[] = [];
  const startMs = clock.nowMs();
  let isSending = true;

  const produce = async (): Promise<void> => {
    for (let i = 0; clock.nowMs() < startMs + trafficMs; i++) {
      await clock.sleep(1_000 / perSecond);
      const at = i % endpoints;
      const body = {
        tenant: `t${Math.floor(at / 20)}`,
        endpointId: names[at],
        messageId: `m${i}`,
        type: 'decision.block',
        payload: '{}',
      };
      await queue.send([{ body: JSON.stringify(body), attributes: {} }]);
    }
    isSending = false;
  };
  const instance = async (): Promise<void> => {
    const own = breakerOf();
    while (isSending) {
      const messages = await queue.receive(batchSize);
      if (messages.length === 0) {
        await clock.sleep(20);
        continue;
      }
      const sentAtMs = new Map(
        messages.map((message) => [(JSON.parse(message.body) as { messageId: string }).messageId, message.sentAtMs]),
      );
      const post = async ({ url, headers }: { readonly url: string; readonly headers: Readonly<Record<string, string>> }) => {
        if (isHanging && url.startsWith('https://r0.')) {
          await clock.sleep(answerMsMax);
          throw new Error('no answer within 10 s');
        }
        await clock.sleep(50 + randomness.below(100));
        if (!url.startsWith('https://r0.')) tookMs.push(clock.nowMs() - sentAtMs.get(headers['webhook-id']!)!);
        return 200;
      };
      const records = messages.map(
        ({ messageId, receiptHandle, body, receiveCount }) =>
          ({
            messageId,
            receiptHandle,
            body,
            attributes: { ApproximateReceiveCount: String(receiveCount) },
          }) as unknown as SQSRecord,
      );
      const { batchItemFailures } = await deliverBatch(records, {
        table,
        clock,
        randomness,
        post,
        ...(own && { breaker: own }),
        hide: async (handle, seconds) => queue.hide(handle, seconds * 1_000),
        log: () => undefined,
      });
      const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
      for (const { messageId, receiptHandle } of messages) if (!failed.has(messageId)) queue.remove(receiptHandle);
    }
  };
  let running = 1 + instances;
  for (const task of [produce, ...Array.from({ length: instances }, () => instance)])
    void task().finally(() => {
      running--;
    });
  while (running > 0) {
    await new Promise(setImmediate);
    clock.wakeNext();
  }
  return tookMs.sort((a, b) => a - b)[Math.floor(0.99 * tookMs.length)]!;
};

describe('200 receivers, one of which hangs', { timeout: 120_000 }, () => {
  it('reach the others as if it did not: their p99 is within 1.2 x', async () => {
    const without = await p99Of(false, breaker);
    expect(await p99Of(true, breaker)).toBeLessThanOrEqual(1.2 * without);
  });

  it('would not without the breaker', async () => {
    const without = await p99Of(false, () => undefined);
    expect(await p99Of(true, () => undefined)).toBeGreaterThan(10 * without);
  });
});
