import { describe, expect, it } from 'vitest';
import { failuresInTurn } from '../../../functions/project/inTurn.ts';
import { reviewsSink } from '../../../functions/project/reviewsSink.ts';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import { type TableStore, Throttled, Unavailable } from '../../../shared/ports/ports.ts';
import { aDecision } from './builders.ts';

describe('what is done in turn', () => {
  it.each([
    ['nothing fails', {}, ['a', 'b', 'c'], []],
    ['one fails by itself: the others go on', { b: new Throttled('too fast') }, ['a', 'b', 'c'], ['b']],
    ['the store is away: those behind fail with it, untried', { b: new Unavailable('away') }, ['a', 'b'], ['b', 'c']],
    ['two fail, each for its cause', { a: new Error('a bug'), c: new Throttled('too fast') }, ['a', 'b', 'c'], ['a', 'c']],
  ] as const)('%s', async (_, causes: Readonly<Record<string, Error>>, tried, failed) => {
    const acted: string[] = [];
    const failures = await failuresInTurn(['a', 'b', 'c'], async (value) => {
      acted.push(value);
      if (causes[value] !== undefined) throw causes[value];
    });
    expect(acted).toEqual(tried);
    expect(failures.map(({ value }) => value)).toEqual(failed);
    for (const { value, cause } of failures) expect(cause).toBe(causes[value] ?? causes.b);
  });

  it('does not let the reviews of many accounts wait for a table that is away one account after the other', async () => {
    let waitedMs = 0;
    const away: TableStore = {
      ...memoryTable(),
      get: async () => {
        throw new Unavailable('the table did not answer a read');
      },
      query: async () => {
        throw new Unavailable('the table did not answer a read');
      },
    };
    const clock = {
      nowMs: () => waitedMs,
      sleep: async (ms: number) => {
        waitedMs += ms;
      },
    };
    const decisions = Array.from({ length: 100 }, (_, position) => ({
      position,
      tenant: 'dev',
      decision: aDecision({ outcome: 'BLOCK', transaction: { transactionId: `t${position}`, accountId: `a${position}` } }),
      queueAgeMs: null,
    }));
    const sink = reviewsSink({ table: away, clock, randomness: { fraction: () => 1, bytes: (count) => new Uint8Array(count) } });
    const failures = await sink.project({ decisions, entries: [] });
    expect(failures.map(({ position }) => position)).toEqual(decisions.map(({ position }) => position));
    // The function ends after a minute, whatever it is doing, and can then say nothing of any record.
    expect(waitedMs).toBeLessThan(30_000);
  });
});
