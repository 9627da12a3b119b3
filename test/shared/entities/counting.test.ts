import { describe, expect, test } from 'vitest';
import { faultyTable, type InjectedFault } from '../../../shared/adapters/memory/faults.ts';
import { dayMs, hourMs, minuteMs } from '../../../shared/domain/durations.ts';
import type { Transaction } from '../../../shared/domain/transaction.ts';
import { localMasterSecret } from '../../../shared/secrets/masterSecret.ts';
import { account, countingWorld, noonMs, paid, policyWith, submitted, tenant } from './world.ts';

describe('the figures of a payment', () => {
  test('count it alone on a new entity', async () => {
    expect(await countingWorld().figures({ amountMinor: 700 })).toEqual({
      accounts1h: 1,
      accounts24h: 1,
      payments1h: 1,
      payments24h: 1,
      amount24hMinor: 700,
      amountPartial: false,
      frauds: 0,
      late: false,
      saturated: false,
    });
  });

  test.each<[string, Partial<Transaction>[], Partial<Transaction>, object]>([
    [
      'count accounts once, payments each',
      [account(1), account(2), { ...account(1), transactionId: 't3' }],
      account(4),
      { accounts24h: 3, payments24h: 4 },
    ],
    [
      'tell users of one account apart',
      [{ ...account(1), accountId: 'a' }],
      { ...account(2), accountId: 'a' },
      { accounts1h: 2 },
    ],
    [
      'end an hour after what is older',
      [{ ...account(1), occurredAtMs: noonMs - hourMs }],
      account(2),
      { payments1h: 1, payments24h: 2 },
    ],
    ['hold what is a millisecond younger', [{ ...account(1), occurredAtMs: noonMs - hourMs + 1 }], account(2), { payments1h: 2 }],
    [
      'end a day after what is older',
      [{ ...account(1), occurredAtMs: noonMs - dayMs }],
      account(2),
      { payments24h: 1, accounts24h: 1 },
    ],
    [
      'reach into the day before',
      [{ ...account(1), occurredAtMs: noonMs - dayMs + 1 }],
      account(2),
      { payments24h: 2, accounts24h: 2 },
    ],
    [
      'sum what has a rate',
      [
        { ...account(1), amountMinor: 50 },
        { ...account(2), amountMinor: 70 },
      ],
      { ...account(3), amountMinor: 1 },
      { amount24hMinor: 121, amountPartial: false },
    ],
    [
      'say that another had no rate',
      [{ ...account(1), currency: 'THB' }],
      { ...account(2), amountMinor: 9 },
      { amount24hMinor: 9, amountPartial: true },
    ],
    [
      'have no sum without a rate of their own',
      [{ ...account(1), amountMinor: 5 }],
      { ...account(2), currency: 'THB' },
      { amount24hMinor: null, amountPartial: false, payments24h: 2 },
    ],
    [
      'end with the newest that is less than 60 s newer',
      [{ ...account(1), occurredAtMs: noonMs + 59_999 }],
      account(2),
      { payments24h: 2, late: false },
    ],
    [
      'see nothing newer when 60 s late',
      [{ ...account(1), occurredAtMs: noonMs + minuteMs }],
      account(2),
      { payments24h: 1, late: true },
    ],
  ])('%s', async (_, earlier, own, wanted) => {
    const world = countingWorld();
    for (const given of earlier) await world.count(submitted(given, noonMs));
    expect(await world.figures(own)).toMatchObject(wanted);
  });

  test('stop at 2^53-1', async () => {
    const world = countingWorld();
    await world.figures({ ...account(1), amountMinor: Number.MAX_SAFE_INTEGER });
    expect(await world.figures({ ...account(2), amountMinor: 5 })).toMatchObject({ amount24hMinor: Number.MAX_SAFE_INTEGER });
  });

  test('count a repeat once by its transaction', async () => {
    const world = countingWorld();
    for (let i = 0; i < 3; i++) expect(await world.figures(account(1))).toMatchObject({ payments24h: 1 });
    expect(await world.figures(account(2))).toMatchObject({ payments24h: 2 });
  });

  test('stay those of the first count of a submission', async () => {
    const world = countingWorld();
    const one = submitted(account(1));
    const first = await world.count(one);
    await world.figures(account(2));
    expect(await world.count(one)).toBe(first);
  });

  test('say so where amounts were summed in another base currency', async () => {
    const world = countingWorld();
    await world.count(submitted(account(1)), policyWith({ baseCurrency: 'EUR', rates: { INR: '0.01' } }));
    expect(await world.figures({ ...account(2), amountMinor: 9 })).toMatchObject({ amount24hMinor: 9, amountPartial: true });
  });

  test('survive a rotation of the master secret: hashes are of its first version', async () => {
    const { memory, count } = countingWorld();
    await count(submitted(account(1)));
    const same = countingWorld({ around: () => memory, masterSecret: localMasterSecret(Buffer.alloc(32, 3).toString('base64')) });
    expect(await same.figures(account(2))).toMatchObject({ payments24h: 2 });
  });
});

describe('what is counted', () => {
  test('is each entity that the payment names, in the order of the kinds', async () => {
    const world = countingWorld();
    const policy = policyWith({
      entities: ['device', 'ip', 'instrument', { kind: 'email', metadata: 'emailHash' }, { kind: 'phone', metadata: 'p' }],
    });
    const all = { deviceId: 'd', ipAddress: '2001:db8::5', instrumentId: 'i', metadata: { emailHash: 'e' } };
    expect(await world.count(submitted(all), policy)).toMatchObject([
      { kind: 'device', figures: { payments24h: 1 } },
      { kind: 'ip', figures: { payments24h: 1 } },
      { kind: 'beneficiary', figures: null, cause: 'NOT_TRACKED' },
      { kind: 'instrument', figures: { payments24h: 1 } },
      { kind: 'email', figures: { payments24h: 1 } },
    ]);
  });

  test.each([
    ['another address of the /64 is the same', '2001:db8::1', '2001:db8::ffff:1', 2],
    ['an address of the next /64 is another', '2001:db8::1', '2001:db8:0:1::1', 1],
    ['another IPv4 address is another', '203.0.113.7', '203.0.113.8', 1],
  ])('of addresses: %s', async (_, first, second, payments) => {
    const world = countingWorld();
    await world.figures({ ...account(1), beneficiaryId: null, ipAddress: first });
    expect((await world.figures({ ...account(2), beneficiaryId: null, ipAddress: second })).payments24h).toBe(payments);
  });

  test('is apart by tenant, kind and id', async () => {
    const world = countingWorld();
    await world.figures(account(1));
    await world.count({ ...submitted(account(2)), tenant: 'other' });
    await world.count(submitted({ ...account(3), beneficiaryId: null, instrumentId: 'mule.upi' }));
    expect(await world.figures({ ...account(4), beneficiaryId: 'mule.upi' })).toMatchObject({ payments24h: 1 });
    expect(await world.figures(account(5))).toMatchObject({ payments24h: 2 });
  });

  test('costs nothing when the payment names no entity, or none that is tracked', async () => {
    const { count, consumed } = countingWorld();
    expect(await count(submitted({ beneficiaryId: null }))).toEqual([]);
    expect(await count(submitted(), policyWith({ entities: [] }))).toEqual([
      { kind: 'beneficiary', figures: null, cause: 'NOT_TRACKED' },
    ]);
    expect(consumed).toEqual([]);
  });

  test.each([
    ['48 h after the end of its day', 0, null],
    ['a millisecond more', 1, 'LATE'],
  ])('is a payment until %s', async (_, more, cause) => {
    const { count, memory } = countingWorld();
    const endOfDayMs = Date.UTC(2026, 10, 21);
    const [reading] = await count(submitted({}, endOfDayMs + 2 * dayMs + more));
    expect(reading!.cause).toBe(cause);
    if (cause !== null) expect(memory.all()).toEqual([]);
  });
});

describe('parallel payments', () => {
  test('of 50 accounts read 1 to 50, each once, as far as the record holds them', async () => {
    const world = countingWorld();
    const read = await Promise.all(
      Array.from({ length: 39 }, (_, n) => world.figures({ ...account(n), occurredAtMs: noonMs - n * 500 })),
    );
    expect(read.map(({ accounts24h }) => accounts24h).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 39 }, (_, n) => n + 1),
    );
  });

  test('on both sides of midnight: of any two at least one sees the other', async () => {
    const midnightMs = Date.UTC(2026, 10, 21);
    const world = countingWorld();
    const read = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        world.figures({ ...account(n), occurredAtMs: midnightMs + (n % 2 === 0 ? -n : n) * 1_000 }),
      ),
    );
    const counts = read.map(({ accounts24h }) => accounts24h).toSorted((a, b) => a - b);
    for (const [place, count] of counts.entries()) expect(count).toBeGreaterThanOrEqual(place + 1);
    expect(await world.figures({ ...account(99), occurredAtMs: midnightMs })).toMatchObject({ accounts24h: 21 });
  });
});

describe('a record that cannot be reached', () => {
  const faulty = (fault: InjectedFault, operations: readonly string[], timesMax = Number.POSITIVE_INFINITY) => {
    let times = 0;
    return countingWorld({
      around: (table) =>
        faultyTable(table, ({ operation, possible }) =>
          operations.includes(operation) && possible.includes(fault) && times++ < timesMax ? fault : 'none',
        ),
    });
  };

  test.each<[InjectedFault, string[]]>([
    ['unavailable', ['update']],
    ['throttle', ['update']],
    ['lostBeforeEffect', ['update']],
    ['unavailable', ['query']],
    ['unavailable', ['get']],
  ])('by %s of %s leaves the payment without figures, and says so', async (fault, operations) => {
    const world = faulty(fault, operations);
    expect(await world.count(submitted())).toEqual([{ kind: 'beneficiary', figures: null, cause: 'STORE_UNAVAILABLE' }]);
  });

  test.each<[InjectedFault, string[]]>([
    ['unavailable', ['update']],
    ['throttle', ['query']],
    ['lostAfterEffect', ['update']],
  ])('once by %s of %s is tried again, and the payment is counted once', async (fault, operations) => {
    const world = faulty(fault, operations, 1);
    expect(await world.figures(account(1))).toMatchObject({ payments24h: 1 });
    expect(await world.figures(account(2))).toMatchObject({ payments24h: 2 });
  });

  test('because it is damaged, or of a newer version, leaves the payment without figures', async () => {
    const world = countingWorld();
    await world.figures(account(1));
    const day = world.memory.all().find(({ sk }) => sk !== 'KINDS')!;
    await world.memory.put({ ...day, newer: 'x' });
    expect(await world.count(submitted(account(2)))).toMatchObject([{ cause: 'STORE_UNAVAILABLE' }]);
  });

  test('in time is one that the payment does not wait for', async () => {
    const never = new Promise<never>(() => undefined);
    const world = countingWorld({
      around: (table) => ({ ...table, query: () => never }),
      timeLimit: () => (work) => Promise.race([work, Promise.resolve().then(() => Promise.reject(new Error('late')))]),
    });
    expect(await world.count(submitted())).toMatchObject([{ cause: 'STORE_UNAVAILABLE' }]);
  });
});

describe('a repeat that is none', () => {
  const original = account(1);

  test('is taken back where it was counted', async () => {
    const world = countingWorld();
    await world.figures(original);
    const repeat = submitted({ ...original, beneficiaryId: 'other@upi' });
    await world.count(repeat);
    await world.counter.takeBack(repeat, policyWith(), paid(original));
    expect(await world.figures({ ...account(2), beneficiaryId: 'other@upi' })).toMatchObject({ payments24h: 1 });
    expect(await world.figures(account(3))).toMatchObject({ payments24h: 2 });
  });

  test('leaves the original as it was where both are on the same entity', async () => {
    const world = countingWorld();
    const repeat = submitted({ ...original, accountId: 'other', amountMinor: 1 });
    await world.count(repeat);
    await world.figures({ ...original, amountMinor: 500 });
    await world.counter.takeBack(repeat, policyWith(), paid({ ...original, amountMinor: 500 }));
    expect(await world.figures({ ...original, transactionId: 'next', amountMinor: 7 })).toMatchObject({
      accounts24h: 1,
      payments24h: 2,
      amount24hMinor: 507,
    });
  });

  test('of an erased payment leaves nothing', async () => {
    const world = countingWorld();
    const repeat = submitted(original);
    await world.count(repeat);
    await world.counter.takeBack(repeat, policyWith(), null);
    expect(await world.figures(account(2))).toMatchObject({ payments24h: 1 });
  });

  test('that was never counted is left alone', async () => {
    const { counter, consumed } = countingWorld();
    await counter.takeBack(submitted(original), policyWith(), paid(original));
    expect(consumed).toEqual([]);
  });
});

test('records name nobody: neither ids nor the tenant’s accounts stand in them', async () => {
  const { count, memory } = countingWorld();
  await count(
    submitted({ userId: 'user-of-17', accountId: 'account-of-17', deviceId: 'device-17', transactionId: 'payment-17' }),
  );
  const text = JSON.stringify(memory.all(), (_, value) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value,
  );
  for (const id of ['user-of-17', 'account-of-17', 'device-17', 'mule@upi', 'payment-17']) expect(text).not.toContain(id);
  expect(text).toContain(`G#${tenant}#beneficiary#`);
});
