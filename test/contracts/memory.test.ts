import { virtualClock } from '../../shared/adapters/memory/clock.ts';
import { memoryObjects } from '../../shared/adapters/memory/objects.ts';
import { memoryQueue } from '../../shared/adapters/memory/queue.ts';
import { memoryTable } from '../../shared/adapters/memory/table.ts';
import type { QueueMessage } from '../../shared/ports/ports.ts';
import { objectStoreBehaviour } from './objects.ts';
import { queueBehaviour } from './queue.ts';
import { tableStoreBehaviour } from './table.ts';

tableStoreBehaviour('the memory table', async (hooks) => memoryTable(hooks));

objectStoreBehaviour(
  'memory',
  async () => memoryObjects(),
  (store, key, body) => store.overwrite(key, body),
);

queueBehaviour('memory', async () => {
  const queue = memoryQueue({ clock: virtualClock(0), visibilityMs: 30_000 });
  return {
    queue,
    async drain() {
      const found: QueueMessage[] = [];
      while (queue.size() > 0) {
        for (const { body, attributes, group, receiptHandle } of await queue.receive(10)) {
          found.push(group === undefined ? { body, attributes } : { body, attributes, group });
          queue.remove(receiptHandle);
        }
      }
      return found;
    },
  };
});
