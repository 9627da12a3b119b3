import { describe, expect, test } from 'vitest';
import type { Policy } from '../../../shared/domain/policy.ts';
import { signalNames } from '../../../shared/domain/signals/names.ts';
import { defaultPolicy } from '../../../shared/policy/default.ts';
import { oracle } from '../../support/oracle.ts';
import { seeded } from '../../support/windowRun.ts';
import { barePolicy } from '../policy/fixtures.ts';
import { DrivenAccount, t0 } from './driven.ts';

const minuteMs = 60_000;

const hourMs = 3_600_000;

const dayMs = 86_400_000;

/** Only this signal gives points: enough to BLOCK alone. */
const blockingOn = (name: (typeof signalNames)[number], threshold: number): Partial<Policy> => ({
  signals: { ...barePolicy.signals, [name]: { threshold, points: 100 } },
});

describe('random streams of one account against the definitions, packed between any two steps', () => {
  const cities = [
    { latitude: 12.97, longitude: 77.59 },
    { latitude: 13.4, longitude: 77.7 },
    { latitude: 19.0760001, longitude: 72.8777 },
    { latitude: 51.507222222222, longitude: -0.1275 },
  ];

  test.each(Array.from({ length: process.env.AEGIS_FEWER_SEEDS ? 6 : 40 }, (_, seed) => seed))('seed %d', (seed) => {
    const random = seeded(seed * 7919 + 1);
    const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)]!;
    const policy: Policy = pick([
      defaultPolicy,
      { ...barePolicy, ...blockingOn('TXN_VELOCITY_1H', 4) },
      {
        ...barePolicy,
        signals: {
          ...barePolicy.signals,
          NEW_DEVICE_USED: { threshold: 1, points: 45 },
          UNUSUAL_HOUR: { threshold: 1, points: 45 },
          AMOUNT_ANOMALY: { threshold: 2, points: 70 },
          IMPOSSIBLE_TRAVEL: { threshold: 900, points: 70 },
        },
      },
    ]);
    const account = new DrivenAccount(policy);
    const meanGapMs = pick([2_000, 40_000, 600_000, 5 * hourMs, 3 * dayMs]);
    const deviceCount = pick([2, 40]);
    const isOften = pick([0.1, 0.6]);
    let nowMs = t0;
    for (let step = 0; step < 150; step++) {
      nowMs += random() < 0.15 ? 0 : Math.floor(-Math.log(1 - random()) * meanGapMs);
      if (random() < 0.01) nowMs += pick([89, 90, 91]) * dayMs;
      const behindMs = random() < 0.2 ? Math.floor(random() * pick([59_999, 2 * minuteMs, 25 * hourMs, 49 * hourMs])) : 0;
      const { decision, named } = account.pay({
        occurredAtMs: nowMs - behindMs,
        offsetMinutes: pick([0, 330, -480]),
        amountMinor: 1 + Math.floor(random() ** 4 * pick([1_000, 300_000, 30_000_000])),
        currency: pick(['INR', 'INR', 'EUR', 'JPY', 'KWD']),
        deviceId: random() < 0.5 ? null : `d${Math.floor(random() * deviceCount)}`,
        location: random() < isOften ? pick(cities) : null,
      });
      const { transaction, spendMinor } = account.committed.at(-1)!;
      const wanted = oracle(account.committed.slice(0, -1), transaction, spendMinor, policy);
      for (const name of ['TOTAL_SPEND_24H', 'TXN_VELOCITY_1H', 'RAPID_BURST_1M', 'NEW_DEVICE_USED', 'UNUSUAL_HOUR'] as const)
        expect.soft(named[name], `${name} at step ${step}`).toBe(wanted[name]);
      for (const name of ['AMOUNT_ANOMALY', 'IMPOSSIBLE_TRAVEL'] as const) {
        const expected = wanted[name];
        if (expected === undefined) continue;
        if (expected === null) expect.soft(named[name], `${name} at step ${step}`).toBeNull();
        else
          expect
            .soft(Math.abs(named[name]! - expected), `${name} at step ${step}: ${named[name]}, by definition ${expected}`)
            .toBeLessThan(1e-4 * Math.max(1, Math.abs(expected)));
      }
      expect.soft(decision.late, `late at step ${step}`).toBe(wanted.late);
      if (wanted.triggers24h) {
        const own = account.committed.at(-1)!.triggered;
        const counts = signalNames.map((name) => (wanted.triggers24h![name] ?? 0) + (own.includes(name) ? 1 : 0));
        expect.soft(decision.triggers24h, `triggers at step ${step}`).toEqual(counts);
      }
    }
  });
});
