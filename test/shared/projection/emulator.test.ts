import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { feedSink } from '../../../functions/project/feedSink.ts';
import { readFeed } from '../../../functions/read/feed.ts';
import { dynamoTable } from '../../../shared/adapters/aws/table.ts';
import { seededRandomness } from '../../../shared/adapters/memory/random.ts';
import { counterKey, countOf } from '../../../shared/projection/counters.ts';
import { aDecision } from '../../functions/project/builders.ts';
import { dynamoEmulator } from '../../support/emulators.ts';

let emulator: Awaited<ReturnType<typeof dynamoEmulator>>;

beforeAll(async () => {
  emulator = await dynamoEmulator();
});

afterAll(() => emulator.stop());

describe('the projection on DynamoDB', () => {
  it('counts and lists several hundred decisions once, delivered twice by two at the same time', async () => {
    const table = dynamoTable({ ...emulator.connection, table: await emulator.newTable() });
    const startMs = Date.parse('2026-11-20T13:45:00.000Z');
    const sink = feedSink({
      table,
      clock: { nowMs: () => startMs, sleep: async () => {} },
      randomness: seededRandomness(1),
    });
    const decisions = Array.from({ length: 500 }, (_, position) => ({
      position,
      tenant: 'acme',
      queueAgeMs: position,
      decision: aDecision({
        transaction: { transactionId: `t${position}` },
        receivedAtMs: startMs,
        decidedAtMs: startMs + position * 50,
        outcome: position % 5 === 0 ? 'BLOCK' : 'ALLOW',
      }),
    }));
    const batches = [decisions.slice(0, 300), decisions.slice(200), decisions];
    const failures = await Promise.all(batches.map((batch) => sink.project({ decisions: batch, entries: [] })));
    expect(failures.flat()).toEqual([]);

    const counter = await table.get(counterKey('acme', startMs), { consistent: true });
    expect([countOf(counter!, 'ALLOW'), countOf(counter!, 'BLOCK')]).toEqual([400, 100]);
    const rows = async (feed: 'all' | 'flagged') =>
      (
        await readFeed(table, {
          tenant: 'acme',
          feed,
          before: null,
          limit: 1_000,
          nowMs: startMs + 60_000,
          rows: (entry, position) => [{ position, row: entry.transaction.transactionId }],
        })
      ).rows;
    const newestFirst = decisions.map(({ decision }) => decision).reverse();
    expect(await rows('all')).toEqual(newestFirst.map(({ transaction }) => transaction.transactionId));
    expect(await rows('flagged')).toEqual(
      newestFirst.filter(({ outcome }) => outcome === 'BLOCK').map(({ transaction }) => transaction.transactionId),
    );
    table.close();
  });
});
