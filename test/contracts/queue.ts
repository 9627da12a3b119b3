import { describe, expect, it } from 'vitest';
import type { Queue, QueueMessage } from '../../shared/ports/ports.ts';

/** A queue under test, and what a consumer finds on it. */
export interface QueueUnderTest {
  readonly queue: Queue;
  /** Receives everything on the queue, once each. */
  drain(): Promise<readonly QueueMessage[]>;
}

/** The behaviour every Queue has; `makeQueue` gives an empty one. */
export function queueBehaviour(name: string, makeQueue: (options: { readonly fifo: boolean }) => Promise<QueueUnderTest>): void {
  describe(`${name} as a queue`, () => {
    const message = (n: number, extra: Partial<QueueMessage> = {}): QueueMessage => ({
      body: `{"n":${n}}`,
      attributes: { tenant: 'dev', correlationId: `c-${n}` },
      ...extra,
    });
    const byBody = (a: QueueMessage, b: QueueMessage): number => (a.body < b.body ? -1 : 1);

    it.each([0, 1, 10, 11, 25])('carries %s messages, each with its attributes, and says so for each', async (count) => {
      const { queue, drain } = await makeQueue({ fifo: false });
      const messages = Array.from({ length: count }, (_, n) => message(n));
      expect(await queue.send(messages)).toEqual(messages.map(() => ({ sent: true })));
      expect((await drain()).toSorted(byBody)).toEqual(messages.toSorted(byBody));
    });

    it('carries messages that together are larger than one call may be', async () => {
      const { queue, drain } = await makeQueue({ fifo: false });
      const messages = [1, 2, 3, 4, 5, 6].map((n) => message(n, { body: `${n}${'é'.repeat(120_000)}` }));
      expect(await queue.send(messages)).toEqual(messages.map(() => ({ sent: true })));
      expect((await drain()).map(({ body }) => body[0]).toSorted()).toEqual(['1', '2', '3', '4', '5', '6']);
    });

    it('keeps the order within a group', async () => {
      const { queue, drain } = await makeQueue({ fifo: true });
      const messages = Array.from({ length: 12 }, (_, n) => message(n, { group: n % 2 === 0 ? 'even' : 'odd' }));
      await queue.send(messages);
      const found = await drain();
      for (const group of ['even', 'odd']) {
        const ofGroup = (list: readonly QueueMessage[]) => list.filter((one) => one.group === group).map(({ body }) => body);
        expect(ofGroup(found)).toEqual(ofGroup(messages));
      }
    });
  });
}
