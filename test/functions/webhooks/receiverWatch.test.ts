import { describe, expect, it } from 'vitest';
import { deliver } from '../../../functions/webhooks/deliver.ts';
import { receiverWatch } from '../../../functions/webhooks/receiverWatch.ts';
import { virtualClock } from '../../../shared/adapters/memory/clock.ts';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import type { Measurements } from '../../../shared/edge/metrics.ts';
import { readSystemChain } from '../../../shared/ledger/systemChain.ts';
import { Unavailable } from '../../../shared/ports/ports.ts';
import { seededRandom } from '../../../shared/store/random.ts';
import { addEndpoint, enableEndpoint, removeEndpoint } from '../../../shared/webhooks/endpoints.ts';
import { readReceiver } from '../../../shared/webhooks/receivers.ts';

const dayMs = 86_400_000;

const world = async () => {
  const clock = virtualClock(Date.UTC(2026, 10, 20));
  const table = memoryTable();
  const randomness = seededRandom(1);
  const store = { table, clock, randomness };
  const wanted = { tenant: 'acme', url: 'https://receiver.example.com/', events: ['*'], createdBy: 'ana' };
  const { endpointId } = await addEndpoint(store, wanted, { allowsLoopback: false });
  const measured: Measurements[] = [];
  const logged: string[] = [];
  const body = JSON.stringify({ tenant: 'acme', endpointId, messageId: 'm', type: 'decision.block', payload: '{}' });
  const posted = { count: 0, status: 500 };
  const post = async () => {
    posted.count++;
    return posted.status;
  };
  const log = (_: string, message: string) => {
    logged.push(message);
  };
  const watch = receiverWatch({ table, log, measure: (metrics) => measured.push(metrics), disableAfterMs: 5 * dayMs });
  const state = () => readReceiver(table, 'acme', endpointId);
  const send = (tries: number) => deliver({ ...store, post, watch }, body, tries);
  return { clock, table, store, endpointId, measured, logged, posted, state, send };
};

describe('a receiver that takes nothing', () => {
  it('is not remembered for what a first few tries of one message did', async () => {
    const { send, state } = await world();
    for (const tries of [1, 2, 3]) await send(tries);
    expect(await state()).toBeNull();
  });

  it('is disabled after five days: nothing is sent to it, and people are told once', async () => {
    const { send, state, clock, measured, logged, posted } = await world();
    await send(4);
    clock.advance(5 * dayMs - 1);
    await send(1);
    expect(await state()).toMatchObject({ disabledAtMs: 0 });
    clock.advance(1);
    expect(await send(1)).toMatchObject({ kind: 'failed' });
    expect(await state()).toMatchObject({ disabledAtMs: clock.nowMs() });
    const before = posted.count;
    expect(await send(1)).toEqual({ kind: 'dropped' });
    expect(posted.count).toBe(before);
    expect(measured).toEqual([{ WebhooksDisabled: { unit: 'Count', value: 1 } }]);
    expect(logged).toEqual(['webhook disabled']);
  });

  it('is forgiven all by one message that it takes', async () => {
    const { send, state, clock, posted } = await world();
    await send(4);
    clock.advance(5 * dayMs);
    posted.status = 204;
    expect(await send(1)).toEqual({ kind: 'delivered' });
    expect(await state()).toBeNull();
  });

  it('gets messages again once it is enabled, noted in the system chain; what is removed leaves nothing behind', async () => {
    const { send, state, clock, posted, store, endpointId } = await world();
    expect(await enableEndpoint(store, 'acme', endpointId, 'ana')).toBe(false);
    await send(4);
    expect(await enableEndpoint(store, 'acme', endpointId, 'ana')).toBe(false);
    clock.advance(5 * dayMs);
    await send(1);
    expect(await enableEndpoint(store, 'acme', endpointId, 'ana')).toBe(true);
    posted.status = 200;
    expect(await send(1)).toEqual({ kind: 'delivered' });
    const chain = await readSystemChain(store.table, 'acme', 1, 10);
    expect(chain.map(({ body }) => body.event)).toEqual(['WEBHOOK_ADDED', 'WEBHOOK_ENABLED']);
    posted.status = 500;
    await send(4);
    await removeEndpoint(store, 'acme', endpointId, 'ana');
    expect(await state()).toBeNull();
  });

  it('is no reason to send again what was taken, though it cannot be noted', async () => {
    const { table, store, endpointId, logged } = await world();
    const away = { ...table, delete: () => Promise.reject(new Unavailable('the table is away')) };
    await table.put({ pk: 'Q#acme', sk: endpointId, failingSinceMs: 1, disabledAtMs: 0 });
    const watch = receiverWatch({
      table: away,
      log: (_, message) => {
        logged.push(message);
      },
      measure: () => undefined,
      disableAfterMs: dayMs,
    });
    const body = JSON.stringify({ tenant: 'acme', endpointId, messageId: 'm', type: 'decision.block', payload: '{}' });
    expect(await deliver({ ...store, watch, post: async () => 200 }, body)).toEqual({ kind: 'delivered' });
    expect(logged).toEqual(['receiver not noted']);
  });
});
