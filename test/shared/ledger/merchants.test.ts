import { describe, expect, test } from 'vitest';
import { virtualClock } from '../../../shared/adapters/memory/clock.ts';
import { faultyTable } from '../../../shared/adapters/memory/faults.ts';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import { hourMs } from '../../../shared/domain/durations.ts';
import { noFigures } from '../../../shared/domain/merchant.ts';
import { noTraffic, trafficFigures, withPayment } from '../../../shared/domain/merchantTraffic.ts';
import { figuresFromItem, merchantCacheMs, merchantFigures, trafficItem } from '../../../shared/ledger/merchants.ts';
import type { Consumed } from '../../../shared/ports/ports.ts';
import { merchantKey, merchantTrafficKey } from '../../../shared/store/names.ts';

const world = () => {
  const consumed: Consumed[] = [];
  const table = memoryTable({ onConsumed: (units) => consumed.push(units) });
  const clock = virtualClock(1_000_000);
  const label = (tenant: string, frauds: number) => table.put({ ...merchantKey(tenant, 'm_3'), labelled: 10, frauds });
  const read = merchantFigures(table, clock);
  const figures = (tenant: string, merchantId: string) => read(tenant, merchantId, clock.nowMs());
  return { table, clock, consumed, label, figures, read };
};

const reads = (consumed: readonly Consumed[]) => consumed.filter(({ operation }) => operation === 'query');

describe('figures of a merchant', () => {
  test('are none while nothing is labelled', async () => {
    expect(await world().figures('dev', 'm_3')).toEqual(noFigures);
  });

  test('are kept for 10 s and read again then', async () => {
    const { clock, label, figures, consumed } = world();
    await label('dev', 1);
    expect(await figures('dev', 'm_3')).toMatchObject({ labelled: 10, frauds: 1 });
    await label('dev', 2);
    clock.advance(merchantCacheMs - 1);
    expect(await figures('dev', 'm_3')).toMatchObject({ frauds: 1 });
    clock.advance(1);
    expect(await figures('dev', 'm_3')).toMatchObject({ frauds: 2 });
    expect(reads(consumed).map(({ readUnits }) => readUnits)).toEqual([0.5, 0.5]);
  });

  test('of a merchant nobody labelled are kept too', async () => {
    const { figures, consumed } = world();
    await figures('dev', 'm_9');
    await figures('dev', 'm_9');
    expect(reads(consumed).length).toBe(1);
  });

  test('have its traffic at the time of the payment beside the labels, by the same half read unit', async () => {
    const { table, label, read, consumed } = world();
    await label('dev', 1);
    const payment = { occurredAtMs: hourMs, transactionId: 't_1', account: 'a', newDevice: true, flagged: false };
    const traffic = withPayment(noTraffic, payment);
    await table.put(trafficItem('dev', 'm_3', { traffic, revision: 1, writtenAtMs: 0, seen: { firstMs: 0, lastMs: 0 } }));
    expect(await read('dev', 'm_3', hourMs)).toEqual({
      labelled: 10,
      frauds: 1,
      riskShort: null,
      riskLong: null,
      traffic: trafficFigures(traffic, hourMs),
    });
    expect(await read('dev', 'm_3', 3 * hourMs)).toMatchObject({ traffic: { payments1h: 0, usualNewDeviceShare: 1 } });
    expect(reads(consumed).map(({ readUnits }) => readUnits)).toEqual([0.5]);
  });

  test('are null where the row of its traffic is damaged', async () => {
    const { table, read } = world();
    await table.put({ ...merchantTrafficKey('dev', 'm_3'), traffic: Uint8Array.of(1) });
    expect(await read('dev', 'm_3', 0)).toBeNull();
  });

  test("are the tenant's own", async () => {
    const { label, figures } = world();
    await label('dev', 1);
    await label('other', 7);
    expect(await figures('dev', 'm_3')).toMatchObject({ frauds: 1 });
    expect(await figures('other', 'm_3')).toMatchObject({ frauds: 7 });
  });

  test.each(['unavailable', 'throttle'] as const)('are null when the read meets %s, and tried again at once', async (fault) => {
    const { table, clock, label } = world();
    await label('dev', 1);
    const figures = merchantFigures(
      faultyTable(table, ({ number }) => (number === 1 ? fault : 'none')),
      clock,
    );
    expect(await figures('dev', 'm_3', 0)).toBeNull();
    expect(await figures('dev', 'm_3', 0)).toMatchObject({ frauds: 1 });
  });

  test('an error that is no store error is not swallowed', async () => {
    const { table, clock } = world();
    const broken = { ...table, query: () => Promise.reject(new TypeError('a fault of the program')) };
    await expect(merchantFigures(broken, clock)('dev', 'm_3', 0)).rejects.toThrow('a fault of the program');
  });
});

describe('the item of a merchant', () => {
  test('gives decayed shares to 6 decimals, none where nothing weighs', () => {
    const item = { ...merchantKey('dev', 'm'), labelled: 3, frauds: 1, labelledShort: 3, fraudsShort: 1, labelledLong: 0 };
    expect(figuresFromItem(item)).toEqual({ labelled: 3, frauds: 1, riskShort: 0.333333, riskLong: null });
  });

  test('reads what is missing or no number as nothing', () => {
    expect(figuresFromItem({ ...merchantKey('dev', 'm'), labelled: '3' })).toEqual(noFigures);
  });
});
