import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { givenUpFor, pauseSeconds, type Retry, type Undecided } from '../../../functions/score/retry.ts';
import { scoreBatch } from '../../../functions/score/score.ts';
import { queueLife } from '../../../infra/queueLife.ts';
import { virtualClock } from '../../../shared/adapters/memory/clock.ts';
import { faultyTable } from '../../../shared/adapters/memory/faults.ts';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import { serializeTransaction } from '../../../shared/contract/transaction.ts';
import type { QueueMessage } from '../../../shared/ports/ports.ts';
import { stateKey } from '../../../shared/store/names.ts';
import { seededRandom } from '../../../shared/store/random.ts';
import { transaction } from '../../shared/policy/fixtures.ts';
import { ledgerOn, recordOf } from '../../simulation/world.ts';

const startMs = transaction.occurredAtMs;

describe('the pause before a payment is tried again', () => {
  const at = (receives: number, fraction: number) =>
    pauseSeconds(receives, { randomness: { fraction: () => fraction }, pauseSecondsMax: 622 });

  test.each([
    [1, 5, 10],
    [2, 10, 20],
    [5, 80, 160],
    [7, 311, 622],
    [1_000, 311, 622],
  ])('after %d receives is between %d and %d s', (receives, least, most) => {
    expect([at(receives, 0), at(receives, 1)]).toEqual([least, most]);
  });
});

describe('receives', () => {
  test('last for four fifths of the retention at least, and are used up before it ends where the function fails as a whole', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 14 }),
        fc.integer({ min: 3, max: 129 }),
        (messageRetentionDays, scoreTimeoutSeconds) => {
          const { maxReceives, visibilitySeconds, pauseSecondsMax, giveUpSeconds } = queueLife({
            messageRetentionDays,
            scoreTimeoutSeconds,
          });
          const retentionSeconds = messageRetentionDays * 86_400;
          let shortest = 0;
          for (let receives = 1; receives <= maxReceives; receives++)
            shortest += pauseSeconds(receives, { randomness: { fraction: () => 0 }, pauseSecondsMax });
          expect(maxReceives).toBeLessThanOrEqual(1_000);
          expect(visibilitySeconds).toBeGreaterThanOrEqual(6 * scoreTimeoutSeconds);
          expect(shortest).toBeGreaterThan(0.8 * retentionSeconds);
          expect(maxReceives * visibilitySeconds).toBeLessThan(retentionSeconds);
          expect(giveUpSeconds + 2 * pauseSecondsMax).toBeLessThan(retentionSeconds);
        },
      ),
    );
  });
});

describe('a payment that cannot be decided', () => {
  const undecided: Undecided = { cause: 'STORE_UNAVAILABLE', receives: 900, ageSeconds: 3 * 86_400, isBroken: false };

  test.each<[string, Partial<Undecided>, RegExp | null]>([
    ['is tried again however often the store was away', {}, null],
    ['is given up before the queue deletes it', { ageSeconds: 311_040 }, /^not decided within 86 hours: STORE_UNAVAILABLE$/],
    ['is given up at once where a row is gone', { cause: 'ROW_GONE', receives: 1 }, /a row .* no longer in the table/],
    ['is tried again where its account is damaged', { isBroken: true, receives: 7 }, null],
    [
      'is given up after eight receives of a damaged account',
      { isBroken: true, receives: 8 },
      /^the account could not be read 8 times/,
    ],
  ])('%s', (_, change, reason) => {
    const given = givenUpFor({ ...undecided, ...change }, 311_040);
    if (reason === null) expect(given).toBeNull();
    else expect(given).toMatch(reason);
  });
});

describe('a batch', () => {
  const record = (receiveCount: number, change = {}) =>
    recordOf({
      body: serializeTransaction({ ...transaction, ...change }),
      attributes: {},
      messageId: 'm1',
      receiptHandle: 'r1',
      receiveCount,
      sentAtMs: startMs,
    });
  const world = (isTableAway: boolean, hide: (seconds: number) => void = () => undefined) => {
    const clock = virtualClock(startMs);
    const table = memoryTable();
    const buried: QueueMessage[] = [];
    const logged: string[] = [];
    const retry: Retry = {
      hide: async (_, seconds) => hide(seconds),
      randomness: { fraction: () => 1 },
      pauseSecondsMax: 622,
      giveUpSeconds: 311_040,
    };
    const faulty = faultyTable(table, () => (isTableAway ? 'unavailable' : 'none'));
    const ticking = { ...clock, sleep: async (ms: number) => clock.advance(ms) };
    const dependencies = {
      ledger: ledgerOn(faulty, ticking, seededRandom(1)),
      deadLetters: {
        send: async (messages: readonly QueueMessage[]) => {
          buried.push(...messages);
          return messages.map(() => ({ sent: true as const }));
        },
      },
      newId: () => 'new',
      log: (_: string, message: string) => {
        logged.push(message);
      },
      retry,
    };
    const score = async (...records: ReturnType<typeof record>[]) =>
      (await scoreBatch(records, dependencies, startMs + 5_000)).batchItemFailures.length;
    return { table, buried, logged, score };
  };

  test('hides what failed for longer each time, and buries nothing', async () => {
    const pauses: number[] = [];
    const { score, buried } = world(true, (seconds) => pauses.push(seconds));
    for (const receives of [1, 2, 3, 500]) expect(await score(record(receives))).toBe(1);
    expect(pauses).toEqual([10, 20, 40, 622]);
    expect(buried).toEqual([]);
  });

  test('hides nothing that was decided', async () => {
    const pauses: number[] = [];
    const { score } = world(false, (seconds) => pauses.push(seconds));
    expect(await score(record(1))).toBe(0);
    expect(pauses).toEqual([]);
  });

  test('hands back what could not be hidden: it comes after the time of the queue', async () => {
    const { score, logged } = world(true, () => {
      throw new Error('the queue is away');
    });
    expect(await score(record(1))).toBe(1);
    expect(logged).toContain('not hidden');
  });

  test('sets a payment aside whose account stays damaged, with its reason', async () => {
    const { table, score, buried } = world(false);
    await table.put({ ...stateKey('dev', transaction.accountId, transaction.userId), n: 3, s: Uint8Array.of(1, 2, 3) });
    expect(await score(record(7))).toBe(1);
    expect(await score(record(8))).toBe(0);
    expect(buried.map(({ attributes }) => attributes.reason)).toEqual([
      expect.stringContaining('the account could not be read 8 times'),
    ]);
  });
});
