import { describe, expect, it } from 'vitest';
import { createCommunity } from '../../../tools/simulation/community.ts';
import { createPopulation, type Payment } from '../../../tools/simulation/population.ts';

const dayMs = 86_400_000;
/** A Monday. */
const startMs = Date.UTC(2025, 10, 3);

/** What the community of 50 people pays in four weeks, by day. */
const month = (seed: number): readonly (readonly Payment[])[] => {
  const population = createPopulation(seed, 's', 50);
  const community = createCommunity(seed, 's', population);
  return Array.from({ length: 31 }, (_, day) => community(startMs + day * dayMs));
};

const days = month(7);
const all = days.flat();
const accounts = (payments: readonly Payment[]) => new Set(payments.map(({ payer }) => payer.accountId));
const grouped = (payments: readonly Payment[], field: 'deviceId' | 'ipAddress' | 'beneficiaryId' | 'instrumentId') =>
  [...Map.groupBy(payments, (payment) => payment[field])].filter(([value]) => value !== null).map(([, group]) => group);
const most = (groups: readonly (readonly Payment[])[]) => Math.max(...groups.map((group) => accounts(group).size));

describe('what honest people share', () => {
  it('is the same for the same seed', () => {
    expect(month(8)).toEqual(month(8));
    expect(month(8)).not.toEqual(days);
  });

  it.each([
    ['a family shares a tablet', 's-tablet', 'deviceId', 2, 5],
    ['a family shares a card', 's-c', 'instrumentId', 2, 5],
    ['guests share the terminal of a shop', 's-shop0-terminal', 'deviceId', 30, 70],
    ['tenants share a landlord', 's-landlord', 'beneficiaryId', 10, 12],
    ['customers share a supplier', 's-utility', 'beneficiaryId', 25, 30],
  ] as const)('%s', (_, prefix, field, low, high) => {
    const shared = grouped(
      all.filter((payment) => payment[field]?.startsWith(prefix)),
      field,
    );
    expect(most(shared)).toBeGreaterThanOrEqual(low);
    expect(most(shared)).toBeLessThanOrEqual(high);
  });

  it('an office shares an address, and pays together on Fridays', () => {
    const friday = days[4]!.filter(({ merchant }) => merchant?.merchantId.endsWith('-lunch'));
    const offices = grouped(friday, 'ipAddress');
    expect(offices).toHaveLength(2);
    for (const lunch of offices) {
      expect(accounts(lunch).size).toBeGreaterThanOrEqual(8);
      const times = lunch.map(({ atMs }) => atMs);
      expect(Math.max(...times) - Math.min(...times)).toBeLessThan(30 * 60_000);
    }
    expect(days[5]!.some(({ merchant }) => merchant?.merchantId.endsWith('-lunch'))).toBe(false);
  });

  it('a firm pays its staff one after the other on one day of the month', () => {
    const wages = all.filter(({ payer, beneficiaryId }) => payer.accountId === 's-firm0-a' && beneficiaryId?.startsWith('s-b'));
    expect(wages.length).toBeGreaterThanOrEqual(4);
    expect(new Set(wages.map(({ beneficiaryId }) => beneficiaryId)).size).toBe(wages.length);
    expect(wages.at(-1)!.atMs - wages[0]!.atMs).toBe((wages.length - 1) * 120_000);
  });

  it('several people send a little to one of them on the evening of a collection', () => {
    const collected = grouped(
      all.filter(({ beneficiaryId, payer }) => beneficiaryId?.startsWith('s-b') && !payer.accountId.includes('firm')),
      'beneficiaryId',
    );
    expect(collected.length).toBeGreaterThan(1);
    for (const gifts of collected) {
      expect(accounts(gifts).size).toBeGreaterThanOrEqual(8);
      expect(Math.max(...gifts.map(({ amountMinor }) => amountMinor))).toBeLessThanOrEqual(2_500);
    }
  });

  it('is a small part of what people pay', () => {
    expect(all.length / days.length).toBeLessThan(70);
  });
});
