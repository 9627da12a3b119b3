import { describe, expect, test } from 'vitest';
import { featureNames } from '../../../shared/domain/features.ts';
import type { CompiledModel } from '../../../shared/domain/model.ts';
import { DrivenAccount, t0 } from './driven.ts';

const hourMs = 3_600_000;

describe('the model', () => {
  const model: CompiledModel = {
    version: 7,
    hash: 'ab'.repeat(32),
    score: () => ({
      score: 0.123456,
      percentile: 99.00004,
      contributions: [
        { feature: 'baseline', points: 0.1 },
        { feature: 'amount', points: 0.01234 },
        { feature: 'gapHours', points: 0.011116 },
      ],
    }),
    learned: { score: ({ percentile, signals }) => ({ points: percentile > 99 && signals[8] === 99 ? 10.255 : 0, reasons: [] }) },
  };

  test('is scored to 4 decimals, its shares adding up to the score still', () => {
    const { decision, named, entry } = new DrivenAccount({}, { model, degraded: null }).pay();
    expect(decision.anomaly).toEqual({
      score: 0.1235,
      percentile: 99,
      contributions: [
        { feature: 'baseline', points: 0.1001 },
        { feature: 'amount', points: 0.0123 },
        { feature: 'gapHours', points: 0.0111 },
      ],
    });
    expect(named.ANOMALY).toBe(99);
    expect(decision.modelVersion).toBe(7);
    expect(entry.body).toMatchObject({ modelVersion: 7, modelHash: 'ab'.repeat(32) });
    expect(decision.reasons.map(({ signal }) => signal)).not.toContain('MODEL');
  });

  test("gives its learned points by the policy's weight, to whole hundredths", () => {
    const { decision } = new DrivenAccount({ learnedWeight: 0.5 }, { model, degraded: null }).pay();
    expect(decision.reasons.at(-1)).toEqual({ signal: 'MODEL', value: 10.255, threshold: null, points: 5.13, usual: 0 });
  });

  test('its largest share takes up what rounding left, wherever it stands and whatever its sign', () => {
    const shares = (...points: number[]) => {
      const contributions = points.map((share, i) => ({ feature: `f${i}`, points: share }));
      const given = { ...model, score: () => ({ score: 0.5, percentile: 50, contributions }) };
      const { decision } = new DrivenAccount({}, { model: given, degraded: null }).pay();
      return decision.anomaly!.contributions.map((share) => share.points);
    };
    expect(shares(0.10004, 0.3, 0.20004)).toEqual([0.1, 0.3001, 0.2]);
    expect(shares(0.10004, -0.3, 0.20004)).toEqual([0.1, -0.2999, 0.2]);
    expect(shares()).toEqual([]);
  });

  test('sees the payment among those before it, and the learned layer what the signals read', () => {
    const seen: Record<string, number>[] = [];
    const learned: unknown[] = [];
    const watching: CompiledModel = {
      ...model,
      score: (vector) => {
        seen.push(Object.fromEntries(featureNames.map((name, i) => [name, vector[i]!])));
        return model.score(vector);
      },
      learned: {
        score: (facts) => {
          learned.push(facts);
          return { points: 0, reasons: [] };
        },
      },
    };
    const account = new DrivenAccount({ learnedWeight: 1 }, { model: watching, degraded: null });
    const place = (longitude: number) => ({ latitude: 0, longitude });
    account.pay({ occurredAtMs: t0, amountMinor: 5000, deviceId: 'd1', location: place(0) });
    account.pay({ occurredAtMs: t0 + 12 * hourMs, amountMinor: 7000, deviceId: 'd1', merchantId: null });
    const merchant = { labelled: 4, frauds: 1, riskShort: 0.25, riskLong: 0.5 };
    account.pay({ occurredAtMs: t0 + 12.5 * hourMs, amountMinor: 9000, deviceId: 'd2', location: place(10) }, { merchant });
    const kmh = (10 * 6371 * Math.PI) / 180 / 12.5;
    expect(seen[0]).toMatchObject({
      amount: 5000,
      count10m: 1,
      count1h: 1,
      count24h: 1,
      gapHours: 24 * 90,
      newDevice: 0,
      devices24h: 1,
    });
    expect(seen[1]).toMatchObject({ count1h: 1, count24h: 2, gapHours: 12, merchantRiskShort: 0, merchantRiskLong: 0 });
    expect(seen[2]).toMatchObject({
      count10m: 1,
      count1h: 2,
      count24h: 3,
      gapHours: 0.5,
      newDevice: 1,
      devices24h: 2,
      merchants24h: 1,
    });
    expect(seen[2]).toMatchObject({ merchantRiskShort: 0.25, merchantRiskLong: 0.5 });
    expect(seen[2]!.speedKmh).toBeCloseTo(kmh, 3);
    expect(learned[2]).toMatchObject({
      signals: [21_000, 2, 1, 1, expect.any(Number), expect.any(Number), 0, expect.any(Number), 99, 0, 0, 0, 0, 0],
      percentile: 99.00004,
    });
  });

  test('reads no risk where the figures of the merchant cannot be read', () => {
    const { named } = new DrivenAccount({}, { model, degraded: null }).pay({}, { merchant: null });
    expect(named).toMatchObject({ MERCHANT_RISK: null, ANOMALY: 99 });
  });

  test('that is the last good one is used without a word while the store is away', () => {
    const { decision } = new DrivenAccount({ learnedWeight: 1 }, { model, degraded: 'STORE_UNAVAILABLE' }).pay();
    expect(decision.degraded).toEqual([]);
  });

  const failing: CompiledModel = {
    ...model,
    score: () => {
      throw new RangeError('feature amount: NaN');
    },
  };

  test.each([
    ['none published', null, 'NO_MODEL', [{ part: 'ANOMALY', cause: 'NO_MODEL' }]],
    [
      'one that cannot be read',
      null,
      'STORE_UNAVAILABLE',
      [
        { part: 'ANOMALY', cause: 'STORE_UNAVAILABLE' },
        { part: 'MODEL', cause: 'STORE_UNAVAILABLE' },
      ],
    ],
    [
      'one that fails on the payment',
      failing,
      null,
      [
        { part: 'ANOMALY', cause: 'MODEL_INVALID' },
        { part: 'MODEL', cause: 'MODEL_INVALID' },
      ],
    ],
  ] as const)('%s is named in degraded, the signal null', (_, given, degraded, expected) => {
    const inForce = given ? { model: given, degraded: null } : { model: null, degraded: degraded ?? ('NO_MODEL' as const) };
    const { decision, named } = new DrivenAccount({ learnedWeight: 1 }, inForce).pay();
    expect(decision.degraded).toEqual(expected);
    expect(decision.anomaly).toBeNull();
    expect(named.ANOMALY).toBeNull();
  });

  test('without a learned layer gives no learned points, whatever the weight', () => {
    const { decision, named } = new DrivenAccount(
      { learnedWeight: 1 },
      { model: { ...model, learned: null }, degraded: null },
    ).pay();
    expect(decision.degraded).toEqual([]);
    expect(named.ANOMALY).toBe(99);
    expect(decision.reasons.map(({ signal }) => signal)).not.toContain('MODEL');
  });

  test('whose learned layer fails on the payment is left out whole, and only where the layer has weight', () => {
    const learned = {
      score: () => {
        throw new RangeError('signal 3: NaN');
      },
    };
    const pay = (learnedWeight: number) =>
      new DrivenAccount({ learnedWeight }, { model: { ...model, learned }, degraded: null }).pay();
    expect(pay(0).named.ANOMALY).toBe(99);
    const { decision, named } = pay(1);
    expect(decision.degraded).toEqual([
      { part: 'ANOMALY', cause: 'MODEL_INVALID' },
      { part: 'MODEL', cause: 'MODEL_INVALID' },
    ]);
    expect([decision.anomaly, named.ANOMALY]).toEqual([null, null]);
    expect(decision.reasons.map(({ signal }) => signal)).not.toContain('MODEL');
  });

  test('without weight for the learned layer its absence is no loss of a part', () => {
    const { decision } = new DrivenAccount({}, { model: null, degraded: 'STORE_UNAVAILABLE' }).pay();
    expect(decision.degraded).toEqual([{ part: 'ANOMALY', cause: 'STORE_UNAVAILABLE' }]);
  });

  test('an error of another kind is not taken for a bad model', () => {
    const broken: CompiledModel = {
      ...model,
      score: () => {
        throw new TypeError('a fault of the program');
      },
    };
    expect(() => new DrivenAccount({}, { model: broken, degraded: null }).pay()).toThrow('a fault of the program');
  });
});
