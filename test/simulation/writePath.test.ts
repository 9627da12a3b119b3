import { describe, expect, test } from 'vitest';
import { virtualClock } from '../../shared/adapters/memory/clock.ts';
import { faultyTable, type InjectedFault, noFaults, randomFaults } from '../../shared/adapters/memory/faults.ts';
import { memoryTable } from '../../shared/adapters/memory/table.ts';
import { decisionFromItem } from '../../shared/ledger/items.ts';
import { settle } from '../../shared/ledger/ledger.ts';
import type { Settled } from '../../shared/ledger/submission.ts';
import { defaultPolicy } from '../../shared/policy/default.ts';
import type { Consumed } from '../../shared/ports/ports.ts';
import { decisionKey } from '../../shared/store/names.ts';
import { seededRandom } from '../../shared/store/random.ts';
import { entityFaultsOf } from './entities.ts';
import { faultsOf } from './ledgerFaults.ts';
import { passedByCall, passedByQueue, toOnePayee } from './payee.ts';
import { runSeed } from './run.ts';
import { ledgerOn, limitOfFive, limitOfFivePayers, payment, simulate, startMs, submission } from './world.ts';

describe('seeded runs with faults of every kind', () => {
  test.each(Array.from({ length: 60 }, (_, seed) => seed + 1))(
    'seed %d loses nothing, decides nothing twice, and every chain verifies',
    async (seed) => {
      expect(await runSeed(seed)).toEqual([]);
    },
  );
});

describe('one account', () => {
  test.each([0.1, 0.3, 0.5])(
    '200 concurrent payments with %d of all commits in conflict end as some serial order would',
    async (conflict) => {
      const transactions = Array.from({ length: 200 }, (_, i) => payment(i, { occurredAtMs: startMs - (i % 50) * 1_000 }));
      const world = await simulate({
        seed: 11,
        transactions,
        deliveries: 1,
        workers: 32,
        batchMax: 1,
        policy: limitOfFive,
        faults: (_, random) => randomFaults(random, { conflict }),
      });
      expect(await faultsOf(world)).toEqual([]);
      expect(allowed(world.table.all())).toBe(5);
    },
  );

  test.each(Array.from({ length: 20 }, (_, seed) => seed))(
    'of fifty parallel payments against a limit of five exactly five are ALLOWed (seed %d)',
    async (seed) => {
      const random = seededRandom(seed);
      const transactions = random.shuffled(
        Array.from({ length: 50 }, (_, i) => payment(i, { occurredAtMs: startMs - random.below(60_000) })),
      );
      const world = await simulate({
        seed,
        transactions,
        deliveries: 1,
        workers: 50,
        batchMax: 1,
        policy: limitOfFive,
        faults: () => noFaults,
      });
      expect(await faultsOf(world)).toEqual([]);
      expect(allowed(world.table.all())).toBe(5);
    },
  );
});

describe('one payee', () => {
  test.each(Array.from({ length: 20 }, (_, seed) => seed))(
    'is paid by exactly five of fifty accounts at once against a limit of five (seed %d)',
    async (seed) => {
      expect(await passedByQueue(seed)).toBe(5);
      expect(await passedByCall(seed)).toBe(5);
    },
  );

  test.each([0.1, 0.5])('under %d conflicts and lost replies lets no more than five pass', async (scale) => {
    const world = await simulate({
      seed: 5,
      transactions: toOnePayee(seededRandom(5)),
      deliveries: 2,
      workers: 20,
      batchMax: 4,
      policy: limitOfFivePayers,
      faults: (_, random) => randomFaults(random, { conflict: scale, lostAfterEffect: scale / 4, crashAfterEffect: scale / 20 }),
    });
    expect(await faultsOf(world)).toEqual([]);
    expect(await entityFaultsOf(world, false)).toEqual([]);
    expect(allowed(world.table.all())).toBeLessThanOrEqual(5);
  });
});

const allowed = (items: readonly { pk: string; sk: string }[]): number =>
  items.filter((item) => item.pk.startsWith('D#') && decisionFromItem(item).decision.outcome === 'ALLOW').length;

describe('a crash at every call, before and after its effect', () => {
  const transactions = [0, 1, 2, 3, 4, 5].map((i) => payment(i, { userId: `u${i % 2}` }));
  const faulty = (number: number, fault: InjectedFault) =>
    simulate({
      seed: number,
      transactions,
      deliveries: 2,
      workers: 2,
      batchMax: 4,
      faults: (invocation) =>
        invocation === 0 ? (call) => (call.number === number && call.possible.includes(fault) ? fault : 'none') : noFaults,
    });
  const points = Array.from({ length: 8 }, (_, i) => i + 1).flatMap((number) =>
    (['crashBeforeEffect', 'crashAfterEffect', 'lostBeforeEffect', 'lostAfterEffect'] as const).map((fault) => ({
      number,
      fault,
    })),
  );
  test.each(points)('call $number: $fault', async ({ number, fault }) => {
    expect(await faultsOf(await faulty(number, fault))).toEqual([]);
  });
});

describe('what a write costs', () => {
  const metered = async (earlier: number, submissions: number) => {
    let consumed: Consumed[] = [];
    const table = memoryTable({ onConsumed: (one) => consumed.push(one) });
    const ledger = ledgerOn(table, virtualClock(startMs), seededRandom(1));
    const gapMs = 172_800;
    for (let i = 0; i < earlier; i++)
      await settle(ledger, [submission(payment(i, { occurredAtMs: startMs - (earlier - i) * gapMs }))], startMs + 5_000);
    consumed = [];
    const settled = await settle(
      ledger,
      Array.from({ length: submissions }, (_, i) => submission(payment(earlier + i, { occurredAtMs: startMs + i }))),
      startMs + 5_000,
    );
    expect(settled.map((one) => one.kind)).toEqual(Array.from({ length: submissions }, () => 'decided'));
    const of = (operation: string, unit: 'readUnits' | 'writeUnits') =>
      consumed.filter((one) => one.operation === operation).reduce((sum, one) => sum + one[unit], 0);
    return {
      getUnits: of('get', 'readUnits'),
      writeUnits: of('transact', 'writeUnits'),
      gets: consumed.filter((one) => one.operation === 'get').length,
    };
  };

  test.each([10, 1_000])('a decision on an account of %d earlier payments is 1 read unit and 6 write units', async (earlier) => {
    expect(await metered(earlier, 1)).toEqual({ getUnits: 1, writeUnits: 6, gets: 1 });
  });

  test('four payments in one commit are 4.5 write units each', async () => {
    expect(await metered(10, 4)).toEqual({ getUnits: 1, writeUnits: 18, gets: 1 });
  });

  test('a redelivered payment is one read and no write', async () => {
    const consumed: Consumed[] = [];
    const table = memoryTable({ onConsumed: (one) => consumed.push(one) });
    const ledger = ledgerOn(table, virtualClock(startMs), seededRandom(1));
    await settle(ledger, [submission(payment(1))], startMs + 5_000);
    consumed.length = 0;
    const [settled] = await settle(ledger, [{ ...submission(payment(1)), redelivered: true }], startMs + 5_000);
    expect(settled!.kind).toBe('duplicate');
    expect(consumed).toEqual([{ operation: 'get', readUnits: 1, writeUnits: 0 }]);
  });
});

describe('the same id again', () => {
  const world = () => {
    const table = memoryTable();
    return { table, ledger: ledgerOn(table, virtualClock(startMs), seededRandom(2)) };
  };
  const once = async (ledger: ReturnType<typeof world>['ledger'], ...all: ReturnType<typeof submission>[]): Promise<Settled[]> =>
    settle(ledger, all, startMs + 5_000);

  test('with the same content gets the original decision', async () => {
    const { ledger } = world();
    const [first] = await once(ledger, submission(payment(1)));
    const [second] = await once(ledger, submission(payment(1)));
    expect(second).toEqual({ kind: 'duplicate', stored: (first as Extract<Settled, { kind: 'decided' }>).stored });
  });

  test.each([
    ['amount', { amountMinor: 2 }, '/amountMinor'],
    ['time by a millisecond', { occurredAtMs: startMs - 1 }, '/occurredAt'],
    ['offset alone', { offsetMinutes: 60 }, '/occurredAt'],
    ['device', { deviceId: 'other' }, '/deviceId'],
    ['account', { accountId: 'other' }, '/accountId'],
    ['user', { userId: 'other' }, '/userId'],
    ['a metadata value', { metadata: { k: 'v' } }, '/metadata'],
  ])('with another %s is a conflict that names the field, and the original stands', async (_, change, field) => {
    const { ledger, table } = world();
    await once(ledger, submission(payment(1)));
    const before = await table.get(decisionKey('dev', payment(1).transactionId));
    const [settled] = await once(ledger, submission(payment(1, change)));
    expect(settled).toMatchObject({ kind: 'conflict', field });
    expect(await table.get(decisionKey('dev', payment(1).transactionId))).toEqual(before);
    expect(table.all().filter((item) => item.pk.startsWith('D#'))).toHaveLength(1);
  });

  test('within one batch: the first is decided, its copy a duplicate, the differing one a conflict, the neighbour decided', async () => {
    const { ledger } = world();
    const settled = await once(
      ledger,
      submission(payment(1)),
      submission(payment(1)),
      submission(payment(1, { amountMinor: 9 })),
      submission(payment(2)),
    );
    expect(settled.map((one) => one.kind)).toEqual(['decided', 'duplicate', 'conflict', 'decided']);
  });
});

describe('faults on the way', () => {
  const settledUnder = async (fault: InjectedFault, calls: (number: number, operation: string) => boolean) => {
    const table = memoryTable();
    const faults = faultyTable(table, ({ number, operation, possible }) =>
      calls(number, operation) && possible.includes(fault) ? fault : 'none',
    );
    const settled = await settle(
      ledgerOn(faults, virtualClockThatRuns(), seededRandom(3)),
      [submission(payment(1))],
      startMs + 5_000,
    );
    return { settled: settled[0]!, table };
  };

  test.each<[string, InjectedFault, (number: number, operation: string) => boolean]>([
    ['a conflict is tried again', 'conflict', (number) => number === 2],
    ['a throttle is tried again', 'throttle', (number) => number <= 3],
    ['a failed read is tried again', 'unavailable', (number) => number === 1],
    [
      'a reply lost before its effect is settled by reading and trying again',
      'lostBeforeEffect',
      (_, operation) => operation === 'transact' && --left >= 0,
    ],
    [
      'a reply lost after its effect is settled by reading: decided, once',
      'lostAfterEffect',
      (_, operation) => operation === 'transact' && --left >= 0,
    ],
  ])('%s', async (_, fault, calls) => {
    left = 1;
    const { settled, table } = await settledUnder(fault, calls);
    expect(settled.kind).toBe('decided');
    expect(table.all().filter((item) => item.pk.startsWith('A#'))).toHaveLength(1);
  });

  test.each<[InjectedFault, string]>([
    ['conflict', 'CONFLICT'],
    ['throttle', 'THROTTLED'],
    ['unavailable', 'STORE_UNAVAILABLE'],
    ['lostBeforeEffect', 'OUTCOME_UNKNOWN'],
  ])('%s without end is reported unsettled before the deadline, and nothing is stored', async (fault, cause) => {
    const { settled, table } = await settledUnder(fault, () => true);
    expect(settled).toEqual({ kind: 'unsettled', cause });
    expect(table.all()).toEqual([]);
  });
});

let left = 0;

/** A clock whose sleepers wake at once, at their time. */
const virtualClockThatRuns = () => {
  let nowMs = startMs;
  return {
    nowMs: () => nowMs,
    sleep: async (ms: number) => {
      nowMs += ms;
    },
  };
};

test('the default policy allows an ordinary payment', async () => {
  const [settled] = await settle(
    ledgerOn(memoryTable(), virtualClock(startMs), seededRandom(4), defaultPolicy),
    [submission(payment(1))],
    startMs + 5_000,
  );
  expect(settled).toMatchObject({ kind: 'decided', stored: { decision: { outcome: 'ALLOW', score: 0, reasons: [] } } });
});
