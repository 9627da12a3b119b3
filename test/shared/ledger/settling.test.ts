import { describe, expect, test } from 'vitest';
import { virtualClock } from '../../../shared/adapters/memory/clock.ts';
import { faultyTable, type InjectedFault } from '../../../shared/adapters/memory/faults.ts';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import type { Transaction } from '../../../shared/domain/transaction.ts';
import type { StoredDecision } from '../../../shared/ledger/items.ts';
import { settle, settleAll } from '../../../shared/ledger/ledger.ts';
import { accountFromItem } from '../../../shared/ledger/state.ts';
import type { Submission } from '../../../shared/ledger/submission.ts';
import type { Consumed, TableStore, Write } from '../../../shared/ports/ports.ts';
import { stateKey } from '../../../shared/store/names.ts';
import { seededRandom } from '../../../shared/store/random.ts';
import { ledgerOn } from '../../simulation/world.ts';
import { barePolicy, transaction } from '../policy/fixtures.ts';

const startMs = transaction.occurredAtMs;
const submission = (given: Partial<Transaction> = {}, redelivered = false): Submission => ({
  tenant: 'dev',
  transaction: { ...transaction, deviceId: null, ...given },
  receivedAtMs: startMs,
  correlationId: 'c',
  queueAgeMs: 0,
  redelivered,
});

const world = (faults: readonly InjectedFault[] = []) => {
  const consumed: Consumed[] = [];
  const sent: (readonly Write[])[] = [];
  const table = memoryTable({ onConsumed: (units) => consumed.push(units), onCommitted: (writes) => sent.push(writes) });
  const clock = virtualClock(startMs);
  const awake = { ...clock, sleep: async (ms: number) => clock.advance(ms) };
  let transacts = 0;
  const store: TableStore = faultyTable(table, ({ operation }) =>
    operation === 'transact' ? (faults[transacts++] ?? 'none') : 'none',
  );
  const ledger = ledgerOn(store, awake, seededRandom(1));
  return { table, ledger, consumed, sent, settle: (...all: Submission[]) => settle(ledger, all, startMs + 20_000) };
};

const conditions = (writes: readonly Write[]) => writes.map((write) => (write.kind === 'put' ? write.condition : write));

describe('a payment', () => {
  test('is committed as state, decision and entry, each under its condition', async () => {
    const { settle, sent } = world();
    await settle(submission({ transactionId: 't1' }));
    await settle(submission({ transactionId: 't2' }));
    const absent = { kind: 'absent' };
    expect(sent.map(conditions)).toEqual([
      [absent, absent, absent],
      [{ kind: 'equals', attribute: 'n', value: 1 }, absent, absent],
    ]);
    expect(sent[1]!.map((write) => (write.kind === 'put' ? write.item.pk.slice(0, 2) : ''))).toEqual(['S#', 'D#', 'A#']);
  });

  test('costs one consistent read and six write units, its redelivery one read and no write', async () => {
    const { settle, consumed } = world();
    const one = submission({ merchantId: null });
    const [first] = await settle(one);
    const table = ({ readUnits, writeUnits }: Consumed) => [readUnits, writeUnits];
    expect(consumed.map(table)).toEqual([
      [1, 0],
      [0, 6],
    ]);
    consumed.length = 0;
    const [again] = await settle({ ...one, redelivered: true });
    expect(consumed.map(table)).toEqual([[1, 0]]);
    expect(again).toEqual({ kind: 'duplicate', stored: first!.kind === 'decided' ? first!.stored : null });
  });

  test('is not decided while a row that its windows need is gone', async () => {
    const { settle, table } = world();
    const busy = Array.from({ length: 300 }, (_, i) =>
      submission({ transactionId: `b${i}`, occurredAtMs: startMs + i * 200_000 }),
    );
    for (const one of busy) expect((await settle(one))[0]!.kind).toBe('decided');
    const late = submission({ transactionId: 'late', occurredAtMs: startMs + 150 * 200_000 });
    const rows = table.all().filter(({ pk }) => pk.startsWith('A#'));
    for (const row of rows.slice(0, 290).filter((_, i) => i % 2 === 0)) await table.delete(row);
    expect(await settle(late)).toEqual([{ kind: 'unsettled', cause: 'ROW_GONE' }]);
    for (const row of rows) await table.put(row);
    expect((await settle(late))[0]!.kind).toBe('decided');
  });

  test('sent again is a duplicate: the original decision stands', async () => {
    const { settle, sent } = world();
    const [first] = await settle(submission());
    const [again] = await settle(submission());
    expect(again).toMatchObject({ kind: 'duplicate', stored: (first as { stored: object }).stored });
    expect(sent.length).toBe(1);
  });

  test.each([true, false])(
    'with its id and another content is a conflict that names the field (redelivered: %s)',
    async (redelivered) => {
      const { settle, sent } = world();
      await settle(submission());
      const [other] = await settle(submission({ amountMinor: 1 }, redelivered));
      expect(other).toMatchObject({
        kind: 'conflict',
        field: '/amountMinor',
        stored: { decision: { transaction: { amountMinor: transaction.amountMinor } } },
      });
      expect(sent.length).toBe(1);
    },
  );

  test('twice in one batch is decided once, another content under its id is a conflict', async () => {
    const { settle, sent } = world();
    const settled = await settle(submission(), submission(), submission({ deviceId: 'd_1' }));
    expect(settled.map(({ kind }) => kind)).toEqual(['decided', 'duplicate', 'conflict']);
    expect(sent.map((writes) => writes.length)).toEqual([3]);
  });

  test('beside others of its account is committed with them, one after the other', async () => {
    const { settle, sent, table } = world();
    const ids = Array.from({ length: 30 }, (_, i) => `t${i}`);
    const settled = await settle(...ids.map((transactionId) => submission({ transactionId })));
    expect(sent.map((writes) => writes.length)).toEqual([1 + 2 * 24, 1 + 2 * 6]);
    expect(settled.map((one) => (one.kind === 'decided' ? one.stored.decision.sequence : 0))).toEqual(ids.map((_, i) => i + 1));
    expect(accountFromItem((await table.get(stateKey('dev', 'a_7', 'u_42')))!).sequence).toBe(30);
  });
});

describe('a payment to a payee', () => {
  const to = (beneficiaryId: string, n: number, given: Partial<Transaction> = {}) =>
    submission({ transactionId: `t${n}`, userId: `u${n}`, beneficiaryId, ...given });
  const payments24h = ([settled]: readonly { kind: string; stored?: StoredDecision }[]) =>
    settled!.stored!.decision.entities!.beneficiary!.payments24h;

  test('that is refused as a conflict is counted on none of its entities', async () => {
    const { settle } = world();
    await settle(to('b1', 1));
    expect((await settle(to('b2', 1)))[0]!.kind).toBe('conflict');
    expect((await settle(to('b1', 1, { amountMinor: 7 })))[0]!.kind).toBe('conflict');
    expect(payments24h(await settle(to('b2', 2)))).toBe(1);
    expect(payments24h(await settle(to('b1', 3)))).toBe(2);
  });

  test('that comes again is counted once, in one batch and in another', async () => {
    const { settle } = world();
    await settle(to('b1', 1), to('b1', 1), to('b1', 1, { amountMinor: 7 }));
    await settle(to('b1', 1));
    await settle({ ...to('b1', 1), redelivered: true });
    expect(payments24h(await settle(to('b1', 2)))).toBe(2);
  });

  test.each<[InjectedFault]>([['conflict'], ['lostBeforeEffect'], ['lostAfterEffect']])(
    'that is committed only after %s keeps the figures of its first attempt',
    async (fault) => {
      const { settle } = world([fault, 'none']);
      expect(payments24h(await settle(to('b1', 1)))).toBe(1);
      expect(payments24h(await settle(to('b1', 2)))).toBe(2);
    },
  );
});

test('a payment reads rows of the very commit it is part of', async () => {
  const table = memoryTable();
  const ledger = ledgerOn(table, virtualClock(startMs), seededRandom(1), barePolicy);
  const dayMs = 86_400_000;
  const times = [
    ...Array.from({ length: 56 }, (_, i) => startMs - 3_000_000 + i * 50_000),
    ...Array.from({ length: 12 }, (_, i) => startMs + i * 5_000),
    startMs + 7_200_000,
    startMs + dayMs + 22_000,
  ];
  const payments = times.map((occurredAtMs, i) => submission({ transactionId: `t${i}`, occurredAtMs, amountMinor: 1 + i * i }));
  await settle(ledger, payments.slice(0, 56), startMs + 20_000);
  const settled = await settle(ledger, payments.slice(56), startMs + 20_000);
  const last = settled.at(-1)!;
  const endMs = times.at(-1)!;
  const within = payments.filter(({ transaction: { occurredAtMs } }) => occurredAtMs > endMs - dayMs);
  expect(within.length).toBe(9);
  expect(last.kind === 'decided' && last.stored.decision.signals[0]).toBe(
    within.reduce((sum, { transaction: { amountMinor } }) => sum + amountMinor, 0),
  );
});

describe('a commit that fails', () => {
  test.each<[string, InjectedFault[], string, number]>([
    ['in conflict is tried again', ['conflict', 'conflict'], 'decided', 1],
    ['for its rate is tried again', ['throttle'], 'decided', 1],
    ['for want of the store is tried again', ['unavailable'], 'decided', 1],
    ['without a reply before its effect is made once', ['lostBeforeEffect'], 'decided', 1],
    ['without a reply after its effect is made once and known as ours', ['lostAfterEffect'], 'decided', 1],
    ['to the end is unsettled, never called done', new Array<InjectedFault>(200).fill('conflict'), 'unsettled', 0],
  ])('%s', async (_, faults, kind, commits) => {
    const { settle, sent } = world(faults);
    const [settled] = await settle(submission());
    expect(settled!.kind).toBe(kind);
    expect(sent.length).toBe(commits);
  });

  test('says why it is unsettled', async () => {
    const unsettled = async (fault: InjectedFault) =>
      (await world(new Array<InjectedFault>(200).fill(fault)).settle(submission()))[0];
    expect(await unsettled('conflict')).toEqual({ kind: 'unsettled', cause: 'CONFLICT' });
    expect(await unsettled('throttle')).toEqual({ kind: 'unsettled', cause: 'THROTTLED' });
    expect(await unsettled('unavailable')).toEqual({ kind: 'unsettled', cause: 'STORE_UNAVAILABLE' });
    expect(await unsettled('lostBeforeEffect')).toEqual({ kind: 'unsettled', cause: 'OUTCOME_UNKNOWN' });
  });
});

describe('several accounts', () => {
  const account = (name: string, id = name) => [submission({ transactionId: id, accountId: name, merchantId: null })];
  const names = ['a1', 'a2', 'a3', 'a4'];

  /** Another worker commits for these accounts between the others' read and their transaction. */
  const racing = (moved: readonly string[]) => {
    const { table, ledger, consumed, sent } = world();
    let raced = false;
    const raceful: TableStore = {
      ...table,
      getMany: async (keys, options) => {
        const items = await table.getMany(keys, options);
        if (!raced) {
          raced = true;
          for (const name of moved) await settle({ ...ledger, table }, account(name, `other-${name}`), startMs + 20_000);
          consumed.length = 0;
          sent.length = 0;
        }
        return items;
      },
    };
    const all = () =>
      settleAll(
        { ...ledger, table: raceful },
        names.map((name) => account(name)),
        startMs + 20_000,
        (error) => {
          throw error;
        },
      );
    return { all, consumed, sent, table };
  };

  test('whose states stood still are committed together without the one that moved, and without another read', async () => {
    const { all, consumed, sent, table } = racing(['a2']);
    expect((await all()).flat().map(({ kind }) => kind)).toEqual(names.map(() => 'decided'));
    const accountsOf = (writes: readonly Write[]) =>
      writes.flatMap((write) => (write.kind === 'put' && write.item.pk.startsWith('S#') ? [write.item.pk.split('#')[2]] : []));
    expect(sent.map(accountsOf)).toEqual([['a1', 'a3', 'a4'], ['a2']]);
    expect(consumed.filter(({ operation }) => operation === 'get').length).toBe(1);
    const moved = await table.get(stateKey('dev', 'a2', transaction.userId), { consistent: true });
    expect(accountFromItem(moved!).sequence).toBe(2);
  });

  test('that all moved are decided one by one', async () => {
    const { all, sent } = racing(names);
    expect((await all()).flat().map(({ kind }) => kind)).toEqual(names.map(() => 'decided'));
    expect(sent.map((writes) => writes.length)).toEqual([3, 3, 3, 3]);
  });
});
