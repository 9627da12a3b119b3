import { describe, expect, it } from 'vitest';
import { virtualClock } from '../../../../shared/adapters/memory/clock.ts';
import { memoryQueue } from '../../../../shared/adapters/memory/queue.ts';
import { seededRandom } from '../../../../shared/store/random.ts';

const message = (body: string, group?: string) => ({ body, attributes: {}, ...(group === undefined ? {} : { group }) });
const bodies = (received: readonly { readonly body: string }[]) => received.map(({ body }) => body);

describe('the queue in memory', () => {
  it('hides a received message for the visibility time, then gives it again with a higher count', async () => {
    const clock = virtualClock(1_000);
    const queue = memoryQueue({ clock, visibilityMs: 30_000 });
    await queue.send([message('a')]);
    expect(await queue.receive(10)).toMatchObject([{ body: 'a', receiveCount: 1, sentAtMs: 1_000 }]);
    expect(queue.nextVisibleAtMs()).toBe(31_000);
    clock.advance(29_999);
    expect(await queue.receive(10)).toEqual([]);
    clock.advance(1);
    expect(await queue.receive(10)).toMatchObject([{ body: 'a', receiveCount: 2 }]);
  });

  it('removes by the newest receipt only', async () => {
    const clock = virtualClock(0);
    const queue = memoryQueue({ clock, visibilityMs: 10 });
    await queue.send([message('a')]);
    const [first] = await queue.receive(1);
    clock.advance(10);
    const [second] = await queue.receive(1);
    queue.remove(first!.receiptHandle);
    expect(queue.size()).toBe(1);
    queue.remove(second!.receiptHandle);
    expect(queue.size()).toBe(0);
    expect(queue.nextVisibleAtMs()).toBeNull();
  });

  it('buries a message that was received as often as allowed', async () => {
    const clock = virtualClock(0);
    const deadLetters = memoryQueue({ clock, visibilityMs: 10 });
    const queue = memoryQueue({ clock, visibilityMs: 10, maxReceiveCount: 2, deadLetters });
    await queue.send([message('poison')]);
    for (const count of [1, 2]) {
      expect(await queue.receive(1)).toMatchObject([{ receiveCount: count }]);
      clock.advance(10);
    }
    expect(await queue.receive(1)).toEqual([]);
    expect(queue.size()).toBe(0);
    expect(bodies(await deadLetters.receive(1))).toEqual(['poison']);
  });

  it('hides a message for as long as its newest receipt says', async () => {
    const clock = virtualClock(0);
    const queue = memoryQueue({ clock, visibilityMs: 10 });
    await queue.send([message('a')]);
    const [first] = await queue.receive(1);
    queue.hide(first!.receiptHandle, 1_000);
    expect(queue.inFlight()).toBe(1);
    clock.advance(999);
    expect(await queue.receive(1)).toEqual([]);
    clock.advance(1);
    expect(await queue.receive(1)).toHaveLength(1);
    queue.hide(first!.receiptHandle, 1_000);
    clock.advance(10);
    expect(await queue.receive(1)).toHaveLength(1);
  });

  it('loses what is older than its retention, and says so', async () => {
    const clock = virtualClock(0);
    const queue = memoryQueue({ clock, visibilityMs: 10, retentionMs: 100 });
    await queue.send([message('a')]);
    clock.advance(100);
    expect(await queue.receive(1)).toHaveLength(1);
    clock.advance(10);
    expect(await queue.receive(1)).toEqual([]);
    expect([queue.size(), queue.expired()]).toEqual([0, 1]);
  });

  it('gives nothing while as many are in flight as SQS allows', async () => {
    const clock = virtualClock(0);
    const queue = memoryQueue({ clock, visibilityMs: 10, inFlightMax: 2 });
    await queue.send([message('a'), message('b'), message('c')]);
    expect(await queue.receive(2)).toHaveLength(2);
    expect(await queue.receive(1)).toEqual([]);
    clock.advance(10);
    expect(await queue.receive(1)).toHaveLength(1);
  });

  it('holds back the rest of a group while one of it is held', async () => {
    const queue = memoryQueue({ clock: virtualClock(0), visibilityMs: 10 });
    await queue.send([message('a1', 'a'), message('a2', 'a'), message('b1', 'b')]);
    const received = await queue.receive(10);
    expect(bodies(received)).toEqual(['a1', 'b1']);
    queue.remove(received[0]!.receiptHandle);
    expect(bodies(await queue.receive(10))).toEqual(['a2']);
  });

  it('delivers in a drawn order with drawn duplicates, the same for the same seed', async () => {
    const deliver = async (seed: number) => {
      const disorder = { randomness: seededRandom(seed), duplicateProbability: 0.5 };
      const queue = memoryQueue({ clock: virtualClock(0), visibilityMs: 10, disorder });
      await queue.send(Array.from({ length: 50 }, (_, n) => message(String(n))));
      return bodies(await queue.receive(1_000));
    };
    const found = await deliver(1);
    expect(found).toEqual(await deliver(1));
    expect(found).not.toEqual(await deliver(2));
    expect(new Set(found).size).toBe(50);
    expect(found.length).toBeGreaterThan(60);
    expect(found.length).toBeLessThan(90);
  });
});
