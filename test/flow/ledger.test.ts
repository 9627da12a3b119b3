import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock, systemRandomness } from '../../shared/adapters/aws/system.ts';
import { dynamoTable } from '../../shared/adapters/aws/table.ts';
import { seededRandomness } from '../../shared/adapters/memory/random.ts';
import { decisionFromItem } from '../../shared/ledger/items.ts';
import { settle, settleAll } from '../../shared/ledger/ledger.ts';
import type { Consumed } from '../../shared/ports/ports.ts';
import { faultsOf, ledgerOn, limitOfFive, payment, startMs, submission } from '../simulation/world.ts';
import { dynamoEmulator } from '../support/emulators.ts';
import { withAll } from '../support/wholeTable.ts';

/** The write path over the wire, on a DynamoDB that we did not write. */
let emulator: Awaited<ReturnType<typeof dynamoEmulator>>;
beforeAll(async () => {
  emulator = await dynamoEmulator();
});
afterAll(() => emulator.stop());

const deadlineMs = (): number => Date.now() + 60_000;
const randomness = { ...seededRandomness(1), bytes: systemRandomness.bytes };

async function newLedger(consumed: Consumed[] = [], policy = limitOfFive) {
  const table = dynamoTable({
    ...emulator.connection,
    table: await emulator.newTable(),
    onConsumed: (one) => consumed.push(one),
  });
  return { table, ledger: ledgerOn(table, systemClock, randomness, policy) };
}

test.each([1, 2])('of fifty parallel payments against a limit of five exactly five are ALLOWed (order %d)', async (seed) => {
  const { table, ledger } = await newLedger();
  const random = seededRandomness(seed);
  const transactions = random.shuffled(
    Array.from({ length: 50 }, (_, i) => payment(i, { occurredAtMs: startMs - random.below(60_000) })),
  );
  const settled = await Promise.all(transactions.map((transaction) => settle(ledger, [submission(transaction)], deadlineMs())));
  expect(settled.flat().map((one) => one.kind)).toEqual(transactions.map(() => 'decided'));
  const whole = await withAll(table);
  expect(await faultsOf({ table: whole, transactions, policy: limitOfFive })).toEqual([]);
  expect(
    whole.all().filter((item) => item.pk.startsWith('D#') && decisionFromItem(item).decision.outcome === 'ALLOW'),
  ).toHaveLength(5);
});

describe('consumed capacity, as the table returns it', () => {
  test('a payment on an account of 1,000 earlier ones costs what it costs on one of 10: 1 read unit, 6 write units', async () => {
    for (const earlier of [10, 1_000]) {
      const consumed: Consumed[] = [];
      const { ledger } = await newLedger(consumed);
      const gapMs = 172_800;
      for (let from = 0; from < earlier; from += 20) {
        const batch = Array.from({ length: Math.min(20, earlier - from) }, (_, i) =>
          submission(payment(from + i, { occurredAtMs: startMs - (earlier - from - i) * gapMs })),
        );
        await settle(ledger, batch, deadlineMs());
      }
      consumed.length = 0;
      const [settled] = await settle(ledger, [submission(payment(earlier))], deadlineMs());
      expect(settled!.kind).toBe('decided');
      const of = (operation: string) => consumed.filter((one) => one.operation === operation);
      expect(of('get')).toEqual([{ operation: 'get', readUnits: 1, writeUnits: 0 }]);
      expect(of('transact')).toEqual([{ operation: 'transact', readUnits: 0, writeUnits: 6 }]);
    }
  });

  test('a redelivered payment costs one read and no write', async () => {
    const consumed: Consumed[] = [];
    const { ledger } = await newLedger(consumed);
    await settle(ledger, [submission(payment(1))], deadlineMs());
    consumed.length = 0;
    const [settled] = await settle(ledger, [{ ...submission(payment(1)), redelivered: true }], deadlineMs());
    expect(settled!.kind).toBe('duplicate');
    expect(consumed).toEqual([{ operation: 'get', readUnits: 1, writeUnits: 0 }]);
  });

  test('ten accounts together cost ten times as much, in one read and one transaction', async () => {
    const consumed: Consumed[] = [];
    const { ledger } = await newLedger(consumed);
    const accounts = Array.from({ length: 10 }, (_, i) => [submission(payment(i, { accountId: `a${i}` }))]);
    const settled = await settleAll(ledger, accounts, deadlineMs(), (error) => {
      throw error;
    });
    expect(settled.flat().map((one) => one.kind)).toEqual(accounts.map(() => 'decided'));
    expect(consumed).toEqual([
      { operation: 'get', readUnits: 10, writeUnits: 0 },
      { operation: 'transact', readUnits: 0, writeUnits: 60 },
    ]);
  });
});

test('the same 300 payments twice, in another order, are decided once each, equal to the definitions for their place', async () => {
  const { table, ledger } = await newLedger();
  const transactions = Array.from({ length: 300 }, (_, i) =>
    payment(i, { accountId: `a${i % 7}`, occurredAtMs: startMs - ((i * 7_919) % 90_000) * 1_000 }),
  );
  for (const order of [seededRandomness(1).shuffled(transactions), seededRandomness(2).shuffled(transactions)]) {
    for (let from = 0; from < order.length; from += 10) {
      const byAccount = Map.groupBy(order.slice(from, from + 10), (one) => one.accountId);
      await settleAll(
        ledger,
        [...byAccount.values()].map((all) => all.map(submission)),
        deadlineMs(),
        (error) => {
          throw error;
        },
      );
    }
  }
  expect(await faultsOf({ table: await withAll(table), transactions, policy: limitOfFive })).toEqual([]);
});
