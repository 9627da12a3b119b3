import { describe, expect, it } from 'vitest';
import { virtualClock } from '../../../../shared/adapters/memory/clock.ts';
import {
  Crash,
  type Fault,
  type FaultPlan,
  faultyQueue,
  faultyTable,
  noFaults,
  randomFaults,
} from '../../../../shared/adapters/memory/faults.ts';
import { memoryQueue } from '../../../../shared/adapters/memory/queue.ts';
import { seededRandomness } from '../../../../shared/adapters/memory/random.ts';
import { memoryTable } from '../../../../shared/adapters/memory/table.ts';
import { OutcomeUnknown, type TableStore, Throttled, TransactionCancelled, Unavailable } from '../../../../shared/ports/ports.ts';

const key = { pk: 'p', sk: 's' };
const once =
  (fault: Fault): FaultPlan =>
  ({ number }) =>
    number === 1 ? fault : 'none';

describe('a table with faults', () => {
  const transact = (table: TableStore) =>
    table.transact([
      { kind: 'put', item: key },
      { kind: 'put', item: { pk: 'p', sk: 't' } },
    ]);
  const put = (table: TableStore) => table.put(key);

  it.each([
    ['a conflict cancels a transaction', transact, 'conflict', TransactionCancelled, false],
    ['a conflict refuses a put', put, 'conflict', Throttled, false],
    ['a throttle refuses a transaction', transact, 'throttle', Throttled, false],
    ['an unreachable table changes nothing', transact, 'unavailable', Unavailable, false],
    ['a reply lost before the effect leaves none', transact, 'lostBeforeEffect', OutcomeUnknown, false],
    ['a reply lost after the effect leaves it', transact, 'lostAfterEffect', OutcomeUnknown, true],
    ['a crash before the effect leaves none', put, 'crashBeforeEffect', Crash, false],
    ['a crash after the effect leaves it', put, 'crashAfterEffect', Crash, true],
  ] as const)('%s', async (_, write, fault, error, happened) => {
    const table = memoryTable();
    await expect(write(faultyTable(table, once(fault)))).rejects.toBeInstanceOf(error);
    expect((await table.get(key)) !== null).toBe(happened);
  });

  it('names the first write of a transaction as the one in conflict', async () => {
    const attempt = transact(faultyTable(memoryTable(), once('conflict')));
    await expect(attempt).rejects.toMatchObject({
      reasons: [
        { code: 'TransactionConflict', item: null },
        { code: 'None', item: null },
      ],
    });
  });

  it('lets nothing of a crashed worker have an effect, while another works on', async () => {
    const table = memoryTable();
    const dead = faultyTable(table, once('crashBeforeEffect'));
    await expect(dead.get(key)).rejects.toBeInstanceOf(Crash);
    await expect(dead.put(key)).rejects.toBeInstanceOf(Crash);
    expect(await table.get(key)).toBeNull();
    await faultyTable(table, noFaults).put(key);
    expect(await table.get(key)).toEqual(key);
  });

  it('lets nothing of a crashed worker have an effect that was waiting for its turn', async () => {
    const table = memoryTable();
    const waiting: (() => void)[] = [];
    const worker = faultyTable(
      table,
      ({ number }) => (number === 2 ? 'crashBeforeEffect' : 'none'),
      () => new Promise((go) => waiting.push(go)),
    );
    const first = worker.put(key);
    const second = worker.get(key);
    waiting[1]!();
    await expect(second).rejects.toBeInstanceOf(Crash);
    waiting[0]!();
    await expect(first).rejects.toBeInstanceOf(Crash);
    expect(await table.get(key)).toBeNull();
  });

  it('awaits the interleaving point before and after every call', async () => {
    const points: string[] = [];
    const table = faultyTable(memoryTable(), noFaults, async (point) => {
      points.push(point);
    });
    await table.put(key);
    await table.get(key);
    expect(points).toEqual(['before table.put 1', 'after table.put 1', 'before table.get 2', 'after table.get 2']);
  });

  it('refuses a plan that wants what cannot happen', async () => {
    await expect(faultyTable(memoryTable(), once('lostAfterEffect')).get(key)).rejects.toThrow(RangeError);
  });
});

describe('a queue with faults', () => {
  it.each([
    ['unavailable', 0],
    ['lostAfterEffect', 1],
  ] as const)('says sent: false when %s', async (fault, arrived) => {
    const queue = memoryQueue({ clock: virtualClock(0), visibilityMs: 1 });
    const results = await faultyQueue(queue, once(fault)).send([{ body: 'x', attributes: {} }]);
    expect(results).toEqual([{ sent: false, cause: expect.stringMatching(/queue\.send 1/) }]);
    expect(queue.size()).toBe(arrived);
  });

  it('crashes like a table', async () => {
    const queue = memoryQueue({ clock: virtualClock(0), visibilityMs: 1 });
    await expect(faultyQueue(queue, once('crashAfterEffect')).send([{ body: 'x', attributes: {} }])).rejects.toBeInstanceOf(
      Crash,
    );
    expect(queue.size()).toBe(1);
  });
});

describe('a random plan', () => {
  const draws = (seed: number, possible: readonly Fault[]) => {
    const plan = randomFaults(seededRandomness(seed), { conflict: 0.3, lostAfterEffect: 0.2 });
    return Array.from({ length: 2_000 }, (_, n) => plan({ port: 'table', operation: 'transact', number: n + 1, possible }));
  };

  it('draws the same faults from the same seed and others from another', () => {
    expect(draws(1, ['conflict', 'lostAfterEffect'])).toEqual(draws(1, ['conflict', 'lostAfterEffect']));
    expect(draws(1, ['conflict'])).not.toEqual(draws(2, ['conflict']));
  });

  it('draws each fault about as often as its probability says, and none that is impossible', () => {
    const drawn = draws(1, ['conflict', 'lostAfterEffect']);
    const share = (fault: Fault) => drawn.filter((one) => one === fault).length / drawn.length;
    expect(share('conflict')).toBeCloseTo(0.3, 1);
    expect(share('lostAfterEffect')).toBeCloseTo(0.2, 1);
    expect(new Set(draws(1, ['throttle']))).toEqual(new Set(['none']));
  });
});
