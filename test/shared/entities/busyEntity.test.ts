import { describe, expect, test } from 'vitest';
import { itemSizeBytes } from '../../../shared/adapters/memory/itemSize.ts';
import { dayMs, hourMs } from '../../../shared/domain/durations.ts';
import type { Transaction } from '../../../shared/domain/transaction.ts';
import { account, countingWorld, noonMs, policyWith, submitted } from './world.ts';

describe('an entity with 40 attempts or more in a day', () => {
  const busy = async (attempts: number, given: (n: number) => Partial<Transaction> = () => ({})) => {
    const world = countingWorld();
    for (let n = 0; n < attempts; n++) await world.figures({ ...account(n), ...given(n) });
    return world;
  };

  test.each([
    ['is saturated with the 40th', 39, { saturated: true, payments24h: 40, accounts24h: 40 }],
    ['is not with the 39th', 38, { saturated: false, payments24h: 39 }],
  ])('%s', async (_, earlier, wanted) => {
    expect(await (await busy(earlier)).figures(account(1_000))).toMatchObject(wanted);
  });

  test('keeps the newest 40 of many, and never counts fewer', async () => {
    const world = await busy(300, (n) => ({ occurredAtMs: noonMs - 300_000 + n * 1_000 }));
    const day = world.memory.all().find(({ sk }) => sk !== 'KINDS')!;
    expect(itemSizeBytes(day)).toBeLessThan(1024);
    expect(await world.figures({ ...account(1_000), occurredAtMs: noonMs })).toMatchObject({ saturated: true, late: false });
    const { accounts24h, payments24h } = await world.figures({ ...account(1_001), occurredAtMs: noonMs });
    expect(payments24h).toBeGreaterThanOrEqual(40);
    expect(accounts24h).toBeGreaterThanOrEqual(40);
  });

  test('stays saturated while the day is in the window, though its attempts are not', async () => {
    const world = await busy(60);
    const laterMs = noonMs + dayMs + hourMs;
    expect(await world.figures({ ...account(1_000), occurredAtMs: laterMs })).toMatchObject({
      saturated: true,
      payments24h: 40,
      accounts24h: 1,
      payments1h: 1,
    });
    expect(await world.figures({ ...account(1_001), occurredAtMs: noonMs + 3 * dayMs })).toMatchObject({
      saturated: false,
      payments24h: 1,
    });
  });

  test('holds at most 1 KB with the longest tenant and amounts of 13 digits', async () => {
    const world = countingWorld();
    const policy = policyWith();
    for (let n = 0; n < 200; n++) {
      await world.count({ ...submitted({ ...account(n), amountMinor: 1_000_000_000_000 + n }), tenant: 'x'.repeat(32) }, policy);
    }
    for (const item of world.memory.all()) expect(itemSizeBytes(item)).toBeLessThanOrEqual(1024);
  });
});

describe('capacity units', () => {
  const unitsOf = (consumed: readonly { readUnits: number; writeUnits: number }[]) => ({
    readUnits: consumed.reduce((sum, { readUnits }) => sum + readUnits, 0),
    writeUnits: consumed.reduce((sum, { writeUnits }) => sum + writeUnits, 0),
  });
  const all: Partial<Transaction> = { deviceId: 'd', ipAddress: '10.0.0.1', instrumentId: 'i' };

  test.each([
    ['nothing without an entity', { beneficiaryId: null }, 0, 0],
    ['one write and one read with one', {}, 1, 1],
    ['four of each with four', all, 4, 4],
  ])('are %s', async (_, given, writeUnits, readUnits) => {
    const world = countingWorld();
    await world.count(submitted({ ...account(1), ...all }));
    await world.count(submitted({ ...account(2), ...all, occurredAtMs: noonMs - dayMs }));
    world.consumed.length = 0;
    await world.count(submitted({ ...account(3), ...given }));
    expect(unitsOf(world.consumed)).toEqual({ readUnits, writeUnits });
  });

  test('are at most two writes and two reads in a saturated day, near midnight and late alike', async () => {
    const world = countingWorld();
    for (let n = 0; n < 400; n++) {
      const occurredAtMs = Date.UTC(2026, 10, 21) + ((n % 4) - 2) * dayMs + n * 50;
      await world.count(submitted({ ...account(n), occurredAtMs }, Date.UTC(2026, 10, 23)));
    }
    for (let n = 400; n < 440; n++) {
      world.consumed.length = 0;
      await world.figures(
        { ...account(n), occurredAtMs: Date.UTC(2026, 10, 21) + ((n % 4) - 2) * dayMs + n * 50 },
        Date.UTC(2026, 10, 23),
      );
      const { readUnits, writeUnits } = unitsOf(world.consumed);
      expect(writeUnits).toBeLessThanOrEqual(2);
      expect(readUnits).toBeLessThanOrEqual(2);
    }
  });
});
