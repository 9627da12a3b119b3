import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock, systemRandomness } from '../../shared/adapters/aws/system.ts';
import { dynamoTable } from '../../shared/adapters/aws/table.ts';
import type { Transaction } from '../../shared/domain/transaction.ts';
import { decisionFromItem } from '../../shared/ledger/items.ts';
import { settle, settleAll } from '../../shared/ledger/ledger.ts';
import type { Consumed } from '../../shared/ports/ports.ts';
import { seededRandom } from '../../shared/store/random.ts';
import { faultsOf } from '../simulation/ledgerFaults.ts';
import { ledgerOn, limitOfFive, limitOfFivePayers, payment, startMs, submission } from '../simulation/world.ts';
import { dynamoEmulator } from '../support/emulators.ts';
import { withAll } from '../support/wholeTable.ts';

/** The write path over the wire, on a DynamoDB that we did not write. */
let emulator: Awaited<ReturnType<typeof dynamoEmulator>>;
beforeAll(async () => {
  emulator = await dynamoEmulator();
});
afterAll(() => emulator.stop());

const deadlineMs = (): number => Date.now() + 60_000;
const randomness = { ...seededRandom(1), bytes: systemRandomness.bytes };

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
  const random = seededRandom(seed);
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

test.each([1, 2, 3])(
  'of fifty accounts that pay one payee at once against a limit of five exactly five pass (order %d)',
  async (seed) => {
    const { table, ledger } = await newLedger([], limitOfFivePayers);
    const random = seededRandom(seed);
    const transactions = random.shuffled(
      Array.from({ length: 50 }, (_, i) =>
        payment(i, { userId: `u${i}`, deviceId: null, beneficiaryId: 'mule@upi', occurredAtMs: startMs - random.below(60_000) }),
      ),
    );
    const settled = await Promise.all(transactions.map((transaction) => settle(ledger, [submission(transaction)], deadlineMs())));
    const decisions = settled.flatMap(([one]) => (one?.kind === 'decided' ? [one.stored.decision] : []));
    expect(decisions.filter(({ outcome }) => outcome === 'ALLOW')).toHaveLength(5);
    const counts = decisions.map(({ entities }) => entities!.beneficiary!.accounts24h).sort((a, b) => a - b);
    expect(counts.slice(0, 40)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    const whole = await withAll(table);
    expect(await faultsOf({ table: whole, transactions, policy: limitOfFivePayers })).toEqual([]);
  },
);

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

  test.each<[string, Partial<Transaction>, number]>([
    ['nothing without an entity', {}, 0],
    ['a write and a read unit with one', { beneficiaryId: 'b' }, 1],
    [
      'a write and a read unit each with four',
      { deviceId: 'd', ipAddress: '10.0.0.1', beneficiaryId: 'b', instrumentId: 'i' },
      4,
    ],
  ])('counting adds %s', async (_, named, entities) => {
    const consumed: Consumed[] = [];
    const { ledger } = await newLedger(consumed);
    const paid = (i: number) => submission(payment(i, { deviceId: null, ...named, occurredAtMs: startMs + i }));
    await settle(ledger, [submission(payment(0))], deadlineMs());
    for (const i of [1, 2]) await settle(ledger, [paid(i)], deadlineMs());
    consumed.length = 0;
    await settle(ledger, [paid(3)], deadlineMs());
    expect(consumed.reduce((sum, { readUnits }) => sum + readUnits, 0)).toBe(1 + entities);
    expect(consumed.reduce((sum, { writeUnits }) => sum + writeUnits, 0)).toBe(6 + entities);
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
    const accounts = Array.from({ length: 10 }, (_, i) => [submission(payment(i, { accountId: `a${i}`, deviceId: null }))]);
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
  for (const order of [seededRandom(1).shuffled(transactions), seededRandom(2).shuffled(transactions)]) {
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
