import { describe, expect, it } from 'vitest';
import type { Policy } from '../../../shared/domain/policy.ts';
import { compilePolicy } from '../../../shared/policy/compile.ts';
import { defaultPolicy } from '../../../shared/policy/default.ts';
import { SimulatedEngine } from '../../../tools/simulation/engine.ts';
import { Tallier } from '../../../tools/simulation/tally.ts';
import { defaultTraffic, simulateTraffic } from '../../../tools/simulation/traffic.ts';

const stream = (count: number) =>
  simulateTraffic({ ...defaultTraffic, seed: 4, tag: 's4' })
    .take(count)
    .toArray();

const payments = stream(2_000);

/** Who has been seen on an entity within 24 hours, counted by brute force. */
const accountsBefore = (at: number, field: 'deviceId' | 'beneficiaryId' | 'instrumentId'): number => {
  const { transaction, occurredAtMs } = payments[at]!;
  if (transaction[field] === undefined) return 0;
  const same = payments
    .slice(0, at + 1)
    .filter((one) => one.transaction[field] === transaction[field] && one.occurredAtMs > occurredAtMs - 86_400_000);
  return new Set(same.map((one) => one.transaction.accountId)).size;
};

const falseAlarms = (policy: Policy): number => {
  const engine = new SimulatedEngine(compilePolicy(policy, 1));
  const tallier = new Tallier();
  for (const simulated of payments) tallier.add(simulated.attack, engine.decide(simulated).outcome);
  return tallier.tally().falseAlarmShare!;
};

describe('the engine of the simulator', () => {
  it('counts entities as brute force does, and merchants some seconds late', () => {
    const engine = new SimulatedEngine(compilePolicy(defaultPolicy, 1));
    let shared = 0;
    for (const [i, simulated] of payments.entries()) {
      const { entities } = engine.decide(simulated);
      for (const [kind, field] of [
        ['device', 'deviceId'],
        ['beneficiary', 'beneficiaryId'],
        ['instrument', 'instrumentId'],
      ] as const) {
        const figures = entities?.[kind];
        if (figures?.saturated) continue;
        expect(figures?.accounts24h ?? 0).toBe(accountsBefore(i, field));
        if ((figures?.accounts24h ?? 0) > 1) shared += 1;
      }
    }
    expect(shared).toBeGreaterThan(100);
  });

  it('makes a policy that only counts pay for it in false alarms', () => {
    const counting = { points: 40 } as const;
    const onlyCounts: Policy = {
      ...defaultPolicy,
      rules: defaultPolicy.rules.filter(({ id }) => !/-farm|fan-in|passed-around/.test(id)),
      signals: {
        ...defaultPolicy.signals,
        DEVICE_ACCOUNTS_24H: { threshold: 3, ...counting },
        IP_ACCOUNTS_1H: { threshold: 5, ...counting },
        BENEFICIARY_PAYERS_24H: { threshold: 3, ...counting },
        INSTRUMENT_ACCOUNTS_24H: { threshold: 3, ...counting },
      },
    };
    expect(falseAlarms(onlyCounts)).toBeGreaterThan(4 * falseAlarms(defaultPolicy));
  });
});
