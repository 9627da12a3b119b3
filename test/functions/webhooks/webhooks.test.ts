import type { SQSRecord } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { deliverBatch } from '../../../functions/webhooks/webhooks.ts';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import type { TableStore } from '../../../shared/ports/ports.ts';
import { Unavailable } from '../../../shared/ports/ports.ts';
import { addEndpoint } from '../../../shared/webhooks/endpoints.ts';

const clock = { nowMs: () => Date.parse('2026-11-20T13:45:00.000Z'), sleep: async () => {} };
let bytes = 0;
const randomness = { bytes: (count: number) => new Uint8Array(count).fill(++bytes), fraction: () => 0 };

const record = (messageId: string, body: unknown, tries = 1): SQSRecord =>
  ({
    messageId,
    receiptHandle: `handle ${messageId}`,
    body: typeof body === 'string' ? body : JSON.stringify(body),
    attributes: { ApproximateReceiveCount: String(tries) },
  }) as unknown as SQSRecord;

async function given(answers: Readonly<Record<string, number | Error>>) {
  const table = memoryTable();
  const hidden: [string, number][] = [];
  const queued: Record<string, object> = {};
  for (const name of Object.keys(answers)) {
    const wanted = { tenant: 'acme', url: `https://${name}.example.com/`, events: ['*'], createdBy: 'ana' };
    const { endpointId } = await addEndpoint({ table, clock, randomness }, wanted, { allowsLoopback: false });
    queued[name] = { tenant: 'acme', endpointId, messageId: `msg_${name}`, type: 'decision.block', payload: '{}' };
  }
  const dependencies = {
    table: table as TableStore,
    clock,
    randomness,
    post: async ({ url }: { readonly url: string }) => {
      const answer = answers[new URL(url).hostname.split('.')[0]!]!;
      if (typeof answer === 'number') return answer;
      throw answer;
    },
    hide: async (handle: string, seconds: number) => {
      hidden.push([handle, seconds]);
    },
    log: () => {},
  };
  return { dependencies, queued, hidden };
}

describe('a batch of the webhook queue', () => {
  it('gives back only what failed, hidden for longer with every try', async () => {
    const { dependencies, queued, hidden } = await given({ good: 200, bad: 500, mute: new Error('no answer within 10 s') });
    const records = [record('1', queued.good), record('2', queued.bad, 1), record('3', queued.mute, 4)];
    expect(await deliverBatch(records, dependencies)).toEqual({
      batchItemFailures: [{ itemIdentifier: '2' }, { itemIdentifier: '3' }],
    });
    expect(hidden).toEqual([
      ['handle 2', 5],
      ['handle 3', 1_800],
    ]);
  });

  it('gives back what cannot be read, what the store would not tell of, and what could not be hidden', async () => {
    const { dependencies, queued } = await given({ good: 200, bad: 500 });
    expect((await deliverBatch([record('1', 'not ours')], dependencies)).batchItemFailures).toHaveLength(1);
    const get = async () => {
      throw new Unavailable('the table is away');
    };
    const away = { ...dependencies, table: { ...dependencies.table, get } };
    expect((await deliverBatch([record('1', queued.good)], away)).batchItemFailures).toHaveLength(1);
    const hide = async () => {
      throw new Error('the queue is away');
    };
    expect((await deliverBatch([record('1', queued.bad)], { ...dependencies, hide })).batchItemFailures).toHaveLength(1);
  });
});
