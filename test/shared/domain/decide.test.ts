import { describe, expect, test } from 'vitest';
import { personalInputs } from '../../../shared/domain/audit.ts';
import { decide } from '../../../shared/domain/decide.ts';
import { featureNames } from '../../../shared/domain/features.ts';
import type { Policy } from '../../../shared/domain/policy.ts';
import type { signalNames } from '../../../shared/domain/signals/names.ts';
import { devicesMax, newAccount } from '../../../shared/domain/state.ts';
import { compilePolicy } from '../../../shared/policy/compile.ts';
import { hashOf } from '../../../shared/secrets/sealer.ts';
import { seeded } from '../../support/windowRun.ts';
import { barePolicy, transaction } from '../policy/fixtures.ts';
import { DrivenAccount, sealer, t0 } from './driven.ts';

const minuteMs = 60_000;

const hourMs = 3_600_000;

const dayMs = 86_400_000;

/** Only this signal gives points: enough to BLOCK alone. */
const blockingOn = (name: (typeof signalNames)[number], threshold: number): Partial<Policy> => ({
  signals: { ...barePolicy.signals, [name]: { threshold, points: 100 } },
});

describe('windows of a decision', () => {
  test.each([
    ['a payment in flight, 59.999 s older, is counted with the newest', -59_999, { late: false, minute: 2, hour: 2 }],
    ['a payment 60 s older is late and does not see the newest', -60_000, { late: true, minute: 1, hour: 1 }],
    ['a payment at the same instant sees the one committed before', 0, { late: false, minute: 2, hour: 2 }],
    ['60 s after, the one before has left the minute', 60_000, { late: false, minute: 1, hour: 2 }],
    ['an hour after, it has left the hour', hourMs, { late: false, minute: 1, hour: 1 }],
  ])('%s', (_, offsetMs, expected) => {
    const account = new DrivenAccount();
    account.pay({ occurredAtMs: t0 });
    const { decision, named } = account.pay({ occurredAtMs: t0 + offsetMs });
    expect({ late: decision.late, minute: named.RAPID_BURST_1M, hour: named.TXN_VELOCITY_1H }).toEqual(expected);
  });

  test('of fifty payments stamped within 60 s of each other, in any order, exactly as many pass as the limit lets', () => {
    const random = seeded(3);
    for (let run = 0; run < 20; run++) {
      const account = new DrivenAccount(blockingOn('TXN_VELOCITY_1H', 6));
      const outcomes = Array.from({ length: 50 }, () => {
        return account.pay({ occurredAtMs: t0 + Math.floor(random() * 60_000) }).decision.outcome;
      });
      expect(outcomes.filter((outcome) => outcome === 'ALLOW').length).toBe(5);
    }
  });

  test('what a late payment needs from before the 48 h kept is null and named LATE, each window by itself', () => {
    const lateBy = (ms: number) => {
      const account = new DrivenAccount();
      account.pay({ occurredAtMs: t0 });
      return account.pay({ occurredAtMs: t0 - ms });
    };
    expect(lateBy(24 * hourMs).named).toMatchObject({ TOTAL_SPEND_24H: 129_900, TXN_VELOCITY_1H: 1, RAPID_BURST_1M: 1 });
    expect(lateBy(24 * hourMs + 1).named).toMatchObject({ TOTAL_SPEND_24H: null, TXN_VELOCITY_1H: 1, RAPID_BURST_1M: 1 });
    expect(lateBy(47 * hourMs + 1).named).toMatchObject({ TOTAL_SPEND_24H: null, TXN_VELOCITY_1H: null, RAPID_BURST_1M: 1 });
    const all = lateBy(48 * hourMs - minuteMs + 1);
    expect(all.named).toMatchObject({ TOTAL_SPEND_24H: null, TXN_VELOCITY_1H: null, RAPID_BURST_1M: null });
    expect(all.decision.degraded.filter(({ cause }) => cause === 'LATE').map(({ part }) => part)).toEqual([
      'TOTAL_SPEND_24H',
      'TXN_VELOCITY_1H',
      'RAPID_BURST_1M',
    ]);
  });

  test('more than 48 h late is REVIEWed at least, 48 h is not', () => {
    const lateBy = (ms: number) => {
      const account = new DrivenAccount();
      account.pay({ occurredAtMs: t0 });
      return account.pay({ occurredAtMs: t0 - ms }).decision.outcome;
    };
    expect(lateBy(48 * hourMs)).toBe('ALLOW');
    expect(lateBy(48 * hourMs + 1)).toBe('REVIEW');
  });

  test('a late payment is put in its place: a later one at its time counts it', () => {
    const account = new DrivenAccount();
    account.pay({ occurredAtMs: t0 });
    account.pay({ occurredAtMs: t0 - 2 * hourMs });
    expect(account.pay({ occurredAtMs: t0 - 2 * hourMs + 1 }).named.TXN_VELOCITY_1H).toBe(2);
    expect(account.pay({ occurredAtMs: t0 + 1 }).named).toMatchObject({ TXN_VELOCITY_1H: 2, TOTAL_SPEND_24H: 4 * 129_900 });
  });
});

describe('what a payment leaves behind', () => {
  test('the amount of a BLOCKed payment is no spend, its attempt counts', () => {
    const account = new DrivenAccount(blockingOn('TOTAL_SPEND_24H', 1000));
    expect(account.pay({ amountMinor: 1000 }).decision.outcome).toBe('BLOCK');
    expect(account.pay({ amountMinor: 999 }).named).toMatchObject({ TOTAL_SPEND_24H: 999, TXN_VELOCITY_1H: 2 });
  });

  test('a BLOCKed payment teaches no device, place, amount or hour', () => {
    const account = new DrivenAccount(blockingOn('TOTAL_SPEND_24H', 1000));
    const before = account.state;
    account.pay({ amountMinor: 5000, deviceId: 'd1', location: { latitude: 1, longitude: 1 } });
    const { devices, places, amounts, nights, usual, profile } = account.state;
    expect({ devices, places, amounts, nights, usual, profile }).toEqual({
      devices: before.devices,
      places: before.places,
      amounts: before.amounts,
      nights: before.nights,
      usual: before.usual,
      profile: before.profile,
    });
    expect(account.state).toMatchObject({ sequence: 1, payments: 1, lastOutcome: 'BLOCK' });
  });

  test('a spend without a rate is null, named NO_RATE, calls failTo and is left out of later sums', () => {
    const account = new DrivenAccount({ rates: {} });
    const { decision, named } = account.pay({ currency: 'EUR' });
    expect(named).toMatchObject({ TOTAL_SPEND_24H: null, AMOUNT_ANOMALY: null, TXN_VELOCITY_1H: 1 });
    expect(decision.degraded).toEqual([
      { part: 'TOTAL_SPEND_24H', cause: 'NO_RATE' },
      { part: 'AMOUNT_ANOMALY', cause: 'NO_RATE' },
      { part: 'ANOMALY', cause: 'NO_MODEL' },
    ]);
    expect(decision.outcome).toBe('REVIEW');
    expect(account.pay({ amountMinor: 7 }).named).toMatchObject({ TOTAL_SPEND_24H: 7, TXN_VELOCITY_1H: 2 });
    expect(account.state.amounts.weight).toBe(1);
  });

  test('sums beyond 2^53-1 read 2^53-1', () => {
    const account = new DrivenAccount();
    account.pay({ amountMinor: Number.MAX_SAFE_INTEGER });
    expect(account.pay({ amountMinor: Number.MAX_SAFE_INTEGER }).named.TOTAL_SPEND_24H).toBe(Number.MAX_SAFE_INTEGER);
  });

  test('the 32 devices last seen are known, the one before them is new again', () => {
    const account = new DrivenAccount();
    for (let i = 0; i <= devicesMax; i++) account.pay({ deviceId: `d${i}`, occurredAtMs: t0 + i });
    expect(account.state.devices.length).toBe(32);
    expect(account.pay({ deviceId: 'd1', occurredAtMs: t0 + 50 }).named.NEW_DEVICE_USED).toBe(0);
    expect(account.pay({ deviceId: 'd0', occurredAtMs: t0 + 51 }).named.NEW_DEVICE_USED).toBe(1);
  });

  test('of devices seen at the same instant the first committed goes first', () => {
    const account = new DrivenAccount();
    for (let i = 0; i <= devicesMax; i++) account.pay({ deviceId: `d${i}`, occurredAtMs: t0 });
    expect(account.pay({ deviceId: 'd1', occurredAtMs: t0 + 50 }).named.NEW_DEVICE_USED).toBe(0);
    expect(account.pay({ deviceId: 'd0', occurredAtMs: t0 + 51 }).named.NEW_DEVICE_USED).toBe(1);
  });

  test('devices stand in the order in which they were last seen, a late sighting in its place', () => {
    const account = new DrivenAccount();
    const seen = (deviceId: string, agoMs: number) => account.pay({ deviceId, occurredAtMs: t0 - agoMs });
    seen('d1', 0);
    seen('d2', 2 * hourMs);
    seen('d3', hourMs);
    expect(account.state.devices.map(({ lastSeenMs }) => t0 - lastSeenMs)).toEqual([0, hourMs, 2 * hourMs]);
    seen('d4', 3 * hourMs);
    expect(account.state.devices.map(({ lastSeenMs }) => t0 - lastSeenMs)).toEqual([0, hourMs, 2 * hourMs, 3 * hourMs]);
  });

  test('a category, merchant and device are remembered for the model where given', () => {
    const account = new DrivenAccount();
    account.pay({ merchantCategory: null, merchantId: null, deviceId: null });
    const { categories, merchants, devices } = account.state.profile;
    expect([categories, merchants, devices]).toEqual([[], [], []]);
    account.pay({ deviceId: 'd1' });
    account.pay({ deviceId: 'd2', merchantCategory: '6011', merchantId: 'm_4' });
    const { profile } = account.state;
    expect([profile.categories, profile.merchants, profile.devices].map(({ length }) => length)).toEqual([2, 2, 2]);
  });

  test('a signal that is unknown leaves what is usual as it was', () => {
    const account = new DrivenAccount({ rates: {} });
    account.pay({ amountMinor: 1000 });
    account.pay({ currency: 'EUR' });
    expect(account.state.usual.spend24hMinor).toBe(1000);
  });

  test('the account it was given is left as it was', () => {
    const account = new DrivenAccount();
    account.pay({ deviceId: 'd1', location: { latitude: 1, longitude: 2 } });
    const given = account.state;
    const before = structuredClone(given);
    account.pay({ deviceId: 'd2', location: { latitude: 3, longitude: 4 } });
    expect(given).toEqual(before);
    expect(account.state.places.length).toBe(2);
  });

  test('a late sighting does not make a device older', () => {
    const account = new DrivenAccount();
    account.pay({ deviceId: 'd1', occurredAtMs: t0 });
    account.pay({ deviceId: 'd1', occurredAtMs: t0 - 30 * dayMs });
    expect(account.pay({ deviceId: 'd1', occurredAtMs: t0 + 90 * dayMs - 1 }).named.NEW_DEVICE_USED).toBe(0);
    const other = new DrivenAccount();
    other.pay({ deviceId: 'd1', occurredAtMs: t0 });
    expect(other.pay({ deviceId: 'd1', occurredAtMs: t0 + 90 * dayMs }).named.NEW_DEVICE_USED).toBe(1);
  });

  test('a place is remembered until a payment a minute newer has one of its own', () => {
    const account = new DrivenAccount();
    const delhi = { latitude: 28.61, longitude: 77.21 };
    const mumbai = { latitude: 19.08, longitude: 72.88 };
    account.pay({ location: delhi, occurredAtMs: t0 });
    account.pay({ location: null, occurredAtMs: t0 + 400 * dayMs });
    expect(account.state.places).toEqual([{ ...delhi, atMs: t0 }]);
    account.pay({ location: mumbai, occurredAtMs: t0 + 400 * dayMs });
    expect(account.state.places.length).toBe(2);
    account.pay({ location: null, occurredAtMs: t0 + 400 * dayMs + minuteMs - 1 });
    expect(account.state).toMatchObject({ placesForgotten: false, places: [{ ...delhi, atMs: t0 }, mumbai] });
    account.pay({ location: null, occurredAtMs: t0 + 400 * dayMs + minuteMs });
    expect(account.state).toMatchObject({ placesForgotten: true, places: [mumbai] });
  });

  test('what is usual moves by a 20th from the 20th payment on', () => {
    const account = new DrivenAccount();
    for (let i = 0; i < 30; i++) account.pay({ occurredAtMs: t0 + i * dayMs, amountMinor: 1000 });
    expect(account.state.usual).toEqual({ spend24hMinor: 1000, count1h: 1, count1m: 1 });
    account.pay({ occurredAtMs: t0 + 29 * dayMs, amountMinor: 1000 });
    expect(account.state.usual).toEqual({
      spend24hMinor: 1050,
      count1h: Math.fround(1.05),
      count1m: Math.fround(1.05),
    });
  });
});

describe('a decision', () => {
  test('names its event and what triggered', () => {
    const { body } = new DrivenAccount(blockingOn('TOTAL_SPEND_24H', 1e12)).pay().entry;
    expect(body.event).toBe('DECISION_MADE');
    expect(body.triggered).toEqual(['TXN_VELOCITY_1H', 'RAPID_BURST_1M']);
  });

  test('has one fingerprint whatever the order of its metadata, another for another value', () => {
    const fingerprint = (metadata: Record<string, string>) => new DrivenAccount().pay({ metadata }).entry.body.fingerprint;
    const one = fingerprint({ a: '1', b: '2', c: '3' });
    expect(fingerprint({ c: '3', a: '1', b: '2' })).toBe(one);
    expect(fingerprint({ b: '2', c: '3', a: '1' })).toBe(one);
    expect(fingerprint({ a: '1', b: '2', c: '4' })).not.toBe(one);
  });

  test('says with each reason what is usual for the account', () => {
    const account = new DrivenAccount();
    account.pay({ amountMinor: 400 });
    const { decision } = account.pay({ amountMinor: 600, occurredAtMs: t0 + 1 });
    expect(decision.reasons).toContainEqual({ signal: 'TOTAL_SPEND_24H', value: 1000, threshold: 1, points: 0, usual: 400 });
    expect(decision.reasons).toContainEqual({ signal: 'TXN_VELOCITY_1H', value: 2, threshold: 1, points: 0, usual: 1 });
  });

  test('chains to the one before, by sequence, hash and outcome', () => {
    const account = new DrivenAccount(blockingOn('TXN_VELOCITY_1H', 2));
    const first = account.pay();
    const second = account.pay();
    expect(first.entry.body).toMatchObject({ sequence: 1, previousHash: '0'.repeat(64), chain: 'c'.repeat(22) });
    expect(second.entry.body).toMatchObject({ sequence: 2, previousHash: first.entry.hash });
    expect(second.entry.hash).toBe(hashOf(second.entry.body));
    expect([first.decision.previousOutcome, second.decision.previousOutcome]).toEqual([null, 'ALLOW']);
    expect(account.state).toMatchObject({ head: second.entry.hash, sequence: 2, lastOutcome: 'BLOCK' });
    expect(second.decision.hash).toBe(second.entry.hash);
  });

  test("seals the personal inputs under the account's salt and says the rest in clear", () => {
    const account = new DrivenAccount();
    const paid = { deviceId: 'device-x', location: { latitude: 1.5, longitude: -2.25 }, metadata: { b: '2', a: '1' } };
    const { entry } = account.pay(paid, { lists: { watched: true, trusted: false } });
    const { body } = entry;
    expect(JSON.stringify(body)).not.toContain('device-x');
    expect(personalInputs(sealer.open(account.state.salt, body.sealed, body.fingerprint))).toEqual({
      userId: 'u_42',
      accountId: 'a_7',
      channel: 'upi',
      deviceId: 'device-x',
      merchantId: 'm_3',
      merchantCategory: '5411',
      ipAddress: null,
      beneficiaryId: null,
      instrumentId: null,
      location: { latitude: 1.5, longitude: -2.25 },
      metadata: { a: '1', b: '2' },
    });
    expect(body).toMatchObject({
      lists: ['watched'],
      occurredAt: '2026-11-20T13:45:00.000+05:30',
      receivedAt: '2026-11-20T08:15:00.000Z',
      at: '2026-11-20T08:15:00.005Z',
      spendMinor: 129_900,
      policyVersion: 1,
      modelVersion: null,
      modelHash: null,
      secretVersion: 1,
    });
  });

  test('is about its own account: rules read how many payments it has and how old it is', () => {
    const rules = [{ id: 'seasoned', when: 'account.transactionCount == 2 && account.ageDays == 1.5', points: 5, text: 'x' }];
    const account = new DrivenAccount({ rules });
    account.pay();
    account.pay();
    expect(account.pay({}, { receivedAtMs: t0 + 1.5 * dayMs }).decision.score).toBe(5);
    expect(account.pay({}, { receivedAtMs: t0 + 1.5 * dayMs }).decision.score).toBe(0);
  });

  test('keeps the figures of its merchant, and none without a merchant', () => {
    const merchant = { labelled: 10, frauds: 4, riskShort: 0.25, riskLong: 0.5 };
    expect(new DrivenAccount().pay({}, { merchant }).entry.body.merchant).toEqual(merchant);
    const without = new DrivenAccount().pay({ merchantId: null }, { merchant: null });
    expect(without.entry.body.merchant).toBeNull();
    expect(without.named.MERCHANT_RISK).toBe(0);
    expect(new DrivenAccount().pay({ merchantId: null }, { merchant }).entry.body.merchant).toBeNull();
    expect(new DrivenAccount().pay({}, { merchant: null }).named.MERCHANT_RISK).toBeNull();
  });

  test('shows the model no risk of a merchant that it does not have', () => {
    const merchant = { labelled: 10, frauds: 4, riskShort: 0.25, riskLong: 0.5 };
    const riskOf = (merchantId: string | null): number =>
      new DrivenAccount().pay({ merchantId }, { merchant }).decision.features![featureNames.indexOf('merchantRiskShort')]!;
    expect(riskOf('m_3')).toBe(0.25);
    expect(riskOf(null)).toBe(0);
  });

  test('of an account without a past is made in one step, without rows', () => {
    const arrival = { transaction, receivedAtMs: t0, decidedAtMs: t0, merchant: null, lists: {}, entities: [] };
    const judgement = { policy: compilePolicy(barePolicy, 1), model: { model: null, degraded: 'NO_MODEL' } as const, sealer };
    const step = decide(newAccount('c'.repeat(22), new Uint8Array(16), t0), arrival, judgement);
    expect(step).toMatchObject({ kind: 'decided', decision: { sequence: 1, previousOutcome: null } });
  });
});
