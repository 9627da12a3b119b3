import { describe, expect, it } from 'vitest';
import { merchantsSink } from '../../../functions/project/merchantsSink.ts';
import { virtualClock } from '../../../shared/adapters/memory/clock.ts';
import { faultyTable } from '../../../shared/adapters/memory/faults.ts';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import { signalNames } from '../../../shared/domain/signals/names.ts';
import { merchantFigures } from '../../../shared/ledger/merchants.ts';
import type { Consumed } from '../../../shared/ports/ports.ts';
import { merchantTrafficKey } from '../../../shared/store/names.ts';
import { seededRandom } from '../../../shared/store/random.ts';
import { aDecision } from './builders.ts';

const atMs = Date.parse('2026-11-20T08:15:00.000Z');
const signals = signalNames.map((name) => (name === 'NEW_DEVICE_USED' ? 1 : 0));

const committed = (number: number, merchantId: string | null = 'm_3', tenant = 'acme') => ({
  position: number,
  tenant,
  decision: aDecision({
    transaction: { transactionId: `txn_${number}`, accountId: `a_${number}`, merchantId },
    outcome: number % 2 === 0 ? 'ALLOW' : 'REVIEW',
    signals,
  }),
  queueAgeMs: null,
});

const batchOf = (...decisions: ReturnType<typeof committed>[]) => ({ decisions, entries: [] });

const world = () => {
  const consumed: Consumed[] = [];
  const table = memoryTable({ onConsumed: (units) => consumed.push(units) });
  const clock = { nowMs: () => atMs, sleep: async () => {} };
  const dependencies = { table, clock, randomness: seededRandom(1) };
  return {
    table,
    consumed,
    dependencies,
    sink: merchantsSink(dependencies),
    figures: async (tenant = 'acme') => (await merchantFigures(table, virtualClock(atMs))(tenant, 'm_3', atMs))?.traffic,
  };
};

describe('the merchants sink', () => {
  it('counts the decisions of each merchant, of each tenant for itself', async () => {
    const { sink, figures } = world();
    expect(
      await sink.project(batchOf(committed(1), committed(2), committed(3), committed(4, 'm_9'), committed(5, 'm_3', 'other'))),
    ).toEqual([]);
    const traffic = (await figures())!;
    expect(Math.round(traffic.accounts1h)).toBe(3);
    expect(traffic.newDeviceShare1h).toBe(1);
    expect(traffic.flaggedShare1h).toBeCloseTo(2 / 3, 1);
    expect(Math.round((await figures('other'))!.accounts1h)).toBe(1);
  });

  it('writes one unit for each merchant of a batch, and nothing when the batch comes again', async () => {
    const { sink, consumed } = world();
    const batch = batchOf(...[1, 2, 3, 4].map((number) => committed(number)), committed(5, null));
    await sink.project(batch);
    const written = () => consumed.reduce((sum, { writeUnits }) => sum + writeUnits, 0);
    expect(written()).toBe(1);
    await sink.project(batch);
    expect(written()).toBe(1);
  });

  it('loses no payment of batches that come at the same time', async () => {
    const { dependencies, figures } = world();
    const sinks = [1, 2, 3, 4].map(() => merchantsSink(dependencies));
    const failures = await Promise.all(sinks.map((sink, i) => sink.project(batchOf(committed(2 * i), committed(2 * i + 1)))));
    expect(failures.flat()).toEqual([]);
    expect(Math.round((await figures())!.payments1h)).toBe(8);
  });

  it('names what it could not count when the store does not answer', async () => {
    const { dependencies } = world();
    const sink = merchantsSink({ ...dependencies, table: faultyTable(dependencies.table, () => 'unavailable') });
    const failures = await sink.project(batchOf(committed(1), committed(2), committed(3, null)));
    expect(failures.map(({ position }) => position)).toEqual([1, 2]);
  });

  it('begins anew where the row is damaged', async () => {
    const { sink, table, figures } = world();
    await sink.project(batchOf(committed(1)));
    const item = (await table.get(merchantTrafficKey('acme', 'm_3')))!;
    await table.put({ ...item, traffic: Uint8Array.of(1, 2, 3) });
    expect(await figures()).toBeUndefined();
    expect(await sink.project(batchOf(committed(2)))).toEqual([]);
    expect(Math.round((await figures())!.payments1h)).toBe(1);
  });

  it('leaves a row of a newer version to that version', async () => {
    const { sink, table } = world();
    await table.put({ ...merchantTrafficKey('acme', 'm_3'), traffic: Uint8Array.of(9), revision: 1 });
    const [failure] = await sink.project(batchOf(committed(1)));
    expect(failure?.cause).toMatchObject({ name: 'NewerRow' });
    expect((await table.get(merchantTrafficKey('acme', 'm_3')))!.revision).toBe(1);
  });
});
