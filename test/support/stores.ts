import { virtualClock } from '../../shared/adapters/memory/clock.ts';
import { faultyTable } from '../../shared/adapters/memory/faults.ts';
import { seededRandomness } from '../../shared/adapters/memory/random.ts';
import { memoryTable } from '../../shared/adapters/memory/table.ts';
import type { Scope } from '../../shared/contract/routes.ts';
import { createKey, type KeyStore } from '../../shared/edge/keys.ts';
import type { Queue, QueueMessage } from '../../shared/ports/ports.ts';

/** The memory stores of one test; `isDown` makes every call of the table fail. */
export function testStores() {
  const counts = { gets: 0 };
  const state = { isDown: false };
  const table = faultyTable(
    memoryTable({
      onConsumed: ({ operation }) => {
        if (operation === 'get') counts.gets++;
      },
    }),
    () => (state.isDown ? 'unavailable' : 'none'),
  );
  return { table, clock: virtualClock(Date.UTC(2026, 10, 20, 12)), randomness: seededRandomness(1), counts, state };
}

/** Keeps what was sent; messages whose index is in `failing` are refused. */
export function testQueue(failing: (index: number) => boolean = () => false): Queue & { readonly messages: QueueMessage[] } {
  const messages: QueueMessage[] = [];
  return {
    messages,
    async send(given) {
      return given.map((message, index) => {
        if (failing(index)) return { sent: false, cause: 'the queue is full' } as const;
        messages.push(message);
        return { sent: true } as const;
      });
    },
  };
}

export const newKey = async (store: KeyStore, held: readonly Scope[], tenant = 'acme'): Promise<string> =>
  (await createKey(store, { tenant, scopes: held, createdBy: 'test', expiresAtMs: null })).key;
