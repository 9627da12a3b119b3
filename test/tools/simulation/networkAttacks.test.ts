import { describe, expect, it } from 'vitest';
import { ipNetwork } from '../../../shared/domain/ipAddress.ts';
import type { NetworkAttackName } from '../../../tools/simulation/networkAttacks.ts';
import { defaultTraffic, type SimulatedTransaction, simulateTraffic } from '../../../tools/simulation/traffic.ts';

type Field = 'accountId' | 'deviceId' | 'ipAddress' | 'beneficiaryId' | 'instrumentId' | 'merchantId';

/** The first attack of that name, whole, and everything honest before it. */
const sceneOf = (name: NetworkAttackName) => {
  const stream = simulateTraffic({ ...defaultTraffic, seed: 7, tag: 's7', attacks: [name], attackEvery: 100 })
    .take(3_000)
    .toArray();
  const attack = stream.filter((simulated) => simulated.attack?.id === `${name}-1`);
  const before = stream.slice(0, stream.indexOf(attack[0]!)).filter((simulated) => simulated.attack === null);
  return { attack, before };
};

const different = (payments: readonly SimulatedTransaction[], field: Field): ReadonlySet<string> =>
  new Set(payments.flatMap(({ transaction }) => transaction[field] ?? []));

const minutes = (payments: readonly SimulatedTransaction[]) =>
  (payments.at(-1)!.occurredAtMs - payments[0]!.occurredAtMs) / 60_000;

describe('an attack on many accounts', () => {
  it('device farm: one new device sends money from 35 new accounts, with nothing else in common', () => {
    const { attack, before } = sceneOf('device-farm');
    expect(attack).toHaveLength(35);
    expect(different(attack, 'deviceId').size).toBe(1);
    for (const field of ['accountId', 'ipAddress', 'beneficiaryId', 'instrumentId'] as const) {
      expect(different(attack, field).size).toBe(35);
      expect(different(attack, field).isDisjointFrom(different(before, field))).toBe(true);
    }
    expect(minutes(attack)).toBeLessThan(24 * 60);
  });

  it('address rotation: known accounts pay from new devices, each from another address of one network', () => {
    const { attack, before } = sceneOf('address-rotation');
    const accounts = different(attack, 'accountId');
    expect(accounts.size).toBe(24);
    expect(accounts.isSubsetOf(different(before, 'accountId'))).toBe(true);
    expect(different(attack, 'ipAddress').size).toBe(24);
    expect(new Set([...different(attack, 'ipAddress')].map(ipNetwork)).size).toBe(1);
    expect(different(attack, 'deviceId').size).toBe(24);
    expect(minutes(attack)).toBeLessThan(60);
  });

  it('shared card testing: each stolen card is tried from three accounts or more, for small change', () => {
    const { attack } = sceneOf('shared-card-testing');
    const cards = Map.groupBy(attack, ({ transaction }) => transaction.instrumentId);
    expect(cards.size).toBe(12);
    for (const tries of cards.values()) expect(different(tries, 'accountId').size).toBeGreaterThanOrEqual(3);
    expect(different(attack, 'deviceId').size).toBe(attack.length);
    expect(different(attack, 'ipAddress').size).toBe(attack.length);
    expect(attack.every(({ transaction }) => transaction.amountMinor < 300)).toBe(true);
  });

  it('mule network: what twelve people pay four mules goes on to one account, less a commission', () => {
    const { attack, before } = sceneOf('mule-network');
    const byPayee = [...Map.groupBy(attack, ({ transaction }) => transaction.beneficiaryId).values()].toSorted(
      (a, b) => a.length - b.length,
    );
    expect(byPayee.map((payments) => payments.length)).toEqual([3, 3, 3, 3, 12]);
    const sum = (payments: readonly SimulatedTransaction[]) =>
      payments.reduce((total, { transaction }) => total + transaction.amountMinor, 0);
    const victims = byPayee.slice(0, 4).flat();
    const forwarded = byPayee[4]!;
    expect(different(victims, 'accountId').isSubsetOf(different(before, 'accountId'))).toBe(true);
    expect(different(forwarded, 'accountId').size).toBe(4);
    expect(sum(forwarded) / sum(victims)).toBeGreaterThan(0.89);
    expect(sum(forwarded) / sum(victims)).toBeLessThan(0.96);
  });

  it('merchant skimming: cards of one shop are used at one other, each from a device of its own', () => {
    const { attack, before } = sceneOf('merchant-skimming');
    expect(attack.length).toBeGreaterThan(6);
    expect(different(attack, 'merchantId').size).toBe(1);
    expect(different(attack, 'deviceId').size).toBe(attack.length);
    expect(different(attack, 'ipAddress').size).toBe(attack.length);
    const shops = attack.map(({ transaction: { accountId } }) =>
      different(
        before.filter(({ transaction }) => transaction.accountId === accountId),
        'merchantId',
      ),
    );
    expect(shops.reduce((shared, visited) => shared.intersection(visited)).size).toBeGreaterThan(0);
  });
});
