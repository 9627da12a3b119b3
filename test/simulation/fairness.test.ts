import { describe, expect, it } from 'vitest';
import { virtualClock } from '../../shared/adapters/memory/clock.ts';
import { memoryQueue } from '../../shared/adapters/memory/queue.ts';

/**
 * A model, not SQS: of a fair queue AWS publishes that messages of groups with little in flight come before those of a group with much, and no
 * numbers. Here the group with the least in flight comes first, and a batch takes a fixed time.
 */
const tenants = 20;
const workers = 4;
const batchMax = 10;
const batchMs = 250;
const trafficMs = 120_000;
/** Of a quiet tenant. All together use a quarter of what the workers can do. */
const perSecond = 2;

/** The 99th percentile of the time from queue to done, of all tenants but the first, which sends so many times its share. */
const p99Of = async (times: number, groups: 'fair' | 'none'): Promise<number> => {
  const clock = virtualClock(0);
  const queue = memoryQueue({ clock, visibilityMs: 60_000, groups: 'fair' });
  const tookMs: number[] = [];
  let isSending = true;
  const produce = async (tenant: number): Promise<void> => {
    const rate = perSecond * (tenant === 0 ? times : 1);
    // The first one comes at another moment for each.
    await clock.sleep((1_000 * tenant) / tenants / rate);
    while (clock.nowMs() < trafficMs) {
      await queue.send([{ body: String(tenant), attributes: {}, ...(groups === 'fair' && { group: String(tenant) }) }]);
      await clock.sleep(1_000 / rate);
    }
  };
  const work = async (): Promise<void> => {
    while (isSending) {
      const messages = await queue.receive(batchMax);
      await clock.sleep(messages.length === 0 ? 10 : batchMs);
      for (const { body, sentAtMs, receiptHandle } of messages) {
        queue.remove(receiptHandle);
        if (body !== '0') tookMs.push(clock.nowMs() - sentAtMs);
      }
    }
  };
  let sending = tenants;
  let running = workers;
  for (let tenant = 0; tenant < tenants; tenant++)
    void produce(tenant).finally(() => {
      sending--;
      isSending = sending > 0;
    });
  for (let i = 0; i < workers; i++)
    void work().finally(() => {
      running--;
    });
  while (running > 0) {
    await new Promise(setImmediate);
    clock.wakeNext();
  }
  return tookMs.sort((a, b) => a - b)[Math.floor(0.99 * tookMs.length)]!;
};

describe('a tenant at a hundred times its normal load', { timeout: 120_000 }, () => {
  it('at most doubles the p99 of the others on a fair queue', async () => {
    expect(await p99Of(100, 'fair')).toBeLessThanOrEqual(2 * (await p99Of(1, 'fair')));
  });

  it('would delay them by more than ten times without groups', async () => {
    expect(await p99Of(100, 'none')).toBeGreaterThan(10 * (await p99Of(1, 'none')));
  });
});
