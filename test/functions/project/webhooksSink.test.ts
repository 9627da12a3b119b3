import { describe, expect, it } from 'vitest';
import { webhooksSink } from '../../../functions/project/webhooksSink.ts';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import type { QueueMessage } from '../../../shared/ports/ports.ts';
import type { Review } from '../../../shared/reviews/review.ts';
import { addEndpoint } from '../../../shared/webhooks/endpoints.ts';
import { aDecision } from './builders.ts';

const clock = { nowMs: () => Date.parse('2026-11-20T13:45:00.000Z'), sleep: async () => {} };

async function given(events: readonly (readonly string[])[], isSent: (index: number) => boolean = () => true) {
  const table = memoryTable();
  let bytes = 0;
  const randomness = { bytes: (count: number) => new Uint8Array(count).fill(++bytes), fraction: () => 0 };
  for (const wanted of events) {
    const endpoint = { tenant: 'acme', url: 'https://hooks.example.com/', events: wanted, createdBy: 'ana' };
    await addEndpoint({ table, clock, randomness }, endpoint, { allowsLoopback: false });
  }
  const sent: { type: string; tenant: string; endpointId: string; messageId: string; payload: string }[] = [];
  const queue = {
    send: async (messages: readonly QueueMessage[]) => {
      sent.push(...messages.map(({ body }) => JSON.parse(body)));
      return messages.map((_, i) => (isSent(i) ? ({ sent: true } as const) : ({ sent: false, cause: 'full' } as const)));
    },
  };
  return { sent, sink: webhooksSink({ table, queue, clock }) };
}

const decided = (outcome: 'ALLOW' | 'REVIEW' | 'BLOCK', position: number, tenant = 'acme') => ({
  position,
  tenant,
  queueAgeMs: null,
  decision: aDecision({ outcome, transaction: { transactionId: `t${position}` } }),
});

const review: Review = {
  reviewId: 'rev_1',
  userId: 'u_42',
  accountId: 'a_7',
  state: 'open',
  openedAtMs: Date.parse('2026-11-20T13:44:00.000Z'),
  outcome: 'BLOCK',
  transactionIds: ['t1'],
  revision: 1,
  closed: null,
};

describe('the webhooks sink', () => {
  it.each([
    [['*'], ['decision.allow', 'decision.review', 'decision.block', 'review.opened', 'review.closed']],
    [['decision.*'], ['decision.allow', 'decision.review', 'decision.block']],
    [['review.*'], ['review.opened', 'review.closed']],
    [
      ['decision.block', 'review.closed'],
      ['decision.block', 'review.closed'],
    ],
  ])('queues for an endpoint that asks for %s only those', async (patterns, types) => {
    const { sent, sink } = await given([patterns]);
    const decisions = [decided('ALLOW', 0), decided('REVIEW', 1), decided('BLOCK', 2)];
    const closed = { disposition: 'LEGITIMATE', transactionId: 't1', atMs: clock.nowMs() } as const;
    const reviews = [
      { position: 3, tenant: 'acme', review },
      { position: 4, tenant: 'acme', review: { ...review, state: 'closed' as const, closed } },
    ];
    expect(await sink.project({ decisions, entries: [], reviews })).toEqual([]);
    expect(sent.map(({ type }) => type)).toEqual(types);
  });

  it('sends what the read routes answer, under a message id that a repeat has again and no other event has', async () => {
    const { sent, sink } = await given([['decision.*'], ['decision.*']]);
    await sink.project({ decisions: [decided('BLOCK', 0), decided('BLOCK', 1)], entries: [] });
    await sink.project({ decisions: [decided('BLOCK', 0)], entries: [] });
    expect(sent).toHaveLength(6);
    expect(new Set(sent.map(({ messageId }) => messageId)).size).toBe(4);
    expect(sent.slice(4).map(({ messageId }) => messageId)).toEqual(sent.slice(0, 2).map(({ messageId }) => messageId));
    expect(JSON.parse(sent[0]!.payload)).toEqual({
      type: 'decision.block',
      timestamp: '2026-11-20T08:15:01.040Z',
      data: {
        transactionId: 't0',
        userId: 'u_42',
        accountId: 'a_7',
        occurredAt: '2026-11-20T13:45:00.000+05:30',
        decidedAt: '2026-11-20T08:15:01.040Z',
        amountMinor: 129_900,
        currency: 'INR',
        outcome: 'BLOCK',
        score: 0,
        signals: [],
      },
    });
  });

  it("sends nothing to another tenant's endpoint", async () => {
    const { sent, sink } = await given([['*']]);
    await sink.project({ decisions: [decided('BLOCK', 0, 'other')], entries: [] });
    expect(sent).toEqual([]);
  });

  it('names the records whose messages are not on the queue', async () => {
    const { sink } = await given([['*']], (index) => index !== 1);
    const failures = await sink.project({ decisions: [decided('BLOCK', 4), decided('ALLOW', 7)], entries: [] });
    expect(failures.map(({ position }) => position)).toEqual([7]);
  });
});
