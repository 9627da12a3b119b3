import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FeatureInput, type FeatureName, featureNames, features } from '../../../shared/domain/features.ts';
import { categoryTagOf, emptyProfile, hash32, type Profile, type ProfileFacts, tagOf } from '../../../shared/domain/profile.ts';
import { decodeProfile, encodeProfile } from '../../../shared/domain/profileCodec.ts';
import { updateProfile } from '../../../shared/domain/profileUpdate.ts';
import type { Transaction } from '../../../shared/domain/transaction.ts';
import { compilePolicy } from '../../../shared/policy/compile.ts';
import { defaultPolicy } from '../../../shared/policy/default.ts';
import { EngineStream } from '../../../tools/evaluation/stream.ts';
import { figuresOf } from '../entities/figures.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const start = Date.UTC(2026, 10, 1, 12);

const facts = (change: Partial<ProfileFacts> = {}): ProfileFacts => ({
  occurredAtMs: start,
  offsetMinutes: 0,
  spendMinor: 1000,
  deviceHash: hash32('d'),
  merchantHash: hash32('m'),
  categoryHash: hash32('c'),
  location: null,
  blocked: false,
  ...change,
});

const input = (change: Partial<FeatureInput> = {}): FeatureInput => ({
  ...facts(),
  profile: emptyProfile,
  counts: { last10m: 1, last1h: 1, last24h: 1 },
  spend24hMinor: 1000,
  amountProfile: { mean: Math.log(1000), sd: 0.5 },
  gapMs: null,
  speedKmh: 0,
  isNewDevice: false,
  merchantRisk: { short: 0, long: 0 },
  entities: [],
  ...change,
});

const entities: FeatureInput['entities'] = [
  { kind: 'device', figures: null, cause: 'STORE_UNAVAILABLE' },
  { kind: 'beneficiary', figures: figuresOf({ accounts24h: 6, payments24h: 9, frauds: 1 }), cause: null },
  { kind: 'email', figures: figuresOf({ frauds: 3 }), cause: null },
];

const feature = (name: FeatureName, given: FeatureInput): number => features(given)[featureNames.indexOf(name)]!;

/** A month of one payment of 10.00 a day at noon, all alike. */
const regular = (days = 30): Profile =>
  Array.from({ length: days }, (_, day) => facts({ occurredAtMs: start - (days - day) * dayMs })).reduce(
    updateProfile,
    emptyProfile,
  );

describe('a payment of an account with a regular month behind it', () => {
  it.each<[string, FeatureName, Partial<FeatureInput>, number, number]>([
    ['of the usual amount has a ratio of 1', 'amountOverUsual', {}, 1, 2],
    ['five times as large has a ratio of 5', 'amountOverUsual', { spendMinor: 5000 }, 5, 2],
    ['five times as large lifts the mean of the day', 'dayLevel', { spendMinor: 5000 }, 3, 0],
    ['the only one of its day is about one a day', 'countOverUsualDay', {}, 1, 0],
    ['the third of its day is about three a day', 'countOverUsualDay', { counts: { last10m: 1, last1h: 1, last24h: 3 } }, 3, 0],
    ['one standard deviation up has a z of 1', 'amountZ', { spendMinor: Math.round(1000 * Math.exp(0.5)) }, 1, 2],
    ['at the usual hour is not rare', 'hourRarity', {}, -1.6, 0],
    ['at the known merchant is at no new one', 'newMerchant', {}, 0, 9],
    ['at another merchant is at a new one', 'newMerchant', { merchantHash: hash32('other') }, 1, 9],
    ['without merchant is at no new one', 'newMerchant', { merchantHash: null }, 0, 9],
    ['in another category is in a new one', 'newCategory', { categoryHash: hash32('other') }, 1, 9],
    ['twelve hours after the last counts the merchant of today', 'merchants24h', { occurredAtMs: start - 12 * hourMs }, 1, 9],
    ['a day after the last at another merchant counts that one alone', 'merchants24h', { merchantHash: 7 }, 1, 9],
    ['with a gap of two hours says so', 'gapHours', { gapMs: 2 * hourMs }, 2, 9],
    ['to a payee of many accounts passes their number on', 'beneficiaryAccounts24h', { entities }, 6, 9],
    ['to a payee of many payments passes their number on', 'beneficiaryPayments24h', { entities }, 9, 9],
    ['on a device without figures counts as on none', 'deviceAccounts24h', { entities }, 0, 9],
    ['linked to fraud passes the most on', 'linkedFrauds', { entities }, 3, 9],
    [
      'with a merchant of known fraud passes its share on',
      'merchantRiskLong',
      { merchantRisk: { short: 0.5, long: 0.25 } },
      0.25,
      9,
    ],
    [
      'at half past three local time is in hour 3',
      'localHour',
      { occurredAtMs: Date.UTC(2026, 10, 2, 22), offsetMinutes: 330 },
      3,
      9,
    ],
  ])('%s', (_, name, change, expected, digits) => {
    expect(feature(name, input({ profile: regular(), ...change }))).toBeCloseTo(expected, digits);
  });

  it('is rarer in the night than at noon', () => {
    const profile = regular();
    expect(feature('hourRarity', input({ profile, occurredAtMs: start + 14 * hourMs }))).toBeGreaterThan(1);
  });

  it('remembers a surprise for a day and forgets it in a week', () => {
    const surprised = updateProfile(regular(), facts({ spendMinor: 500_000 }));
    const left = (ms: number): number => feature('recentSurprise', input({ profile: surprised, occurredAtMs: start + ms }));
    expect(left(0)).toBeGreaterThan(4);
    expect(left(dayMs)).toBeCloseTo(left(0) / 2, 2);
    expect(left(7 * dayMs)).toBeLessThan(0.1);
  });

  it('knows how far it is from the places before, and 0 without any', () => {
    const paris = { latitude: 48.8566, longitude: 2.3522 };
    const london = { latitude: 51.5074, longitude: -0.1278 };
    const profile = [facts({ location: paris }), facts({ location: paris })].reduce(updateProfile, emptyProfile);
    expect(feature('kmFromHome', input({ profile, location: london }))).toBeCloseTo(344, -1);
    expect(feature('kmFromLast', input({ profile, location: london }))).toBeCloseTo(344, -1);
    expect(feature('kmFromLast', input({ profile, location: null }))).toBe(0);
    expect(feature('kmFromHome', input({ location: london }))).toBe(0);
  });

  it('has a mean place across the date line, not on the other side of the world', () => {
    const profile = [179, -179, 179, -179]
      .map((longitude) => facts({ location: { latitude: 0, longitude } }))
      .reduce(updateProfile, emptyProfile);
    expect(feature('kmFromHome', input({ profile, location: { latitude: 0, longitude: 180 } }))).toBeLessThan(120);
  });
});

describe('a payment of an account of which everything is known', () => {
  const midnight = Date.UTC(2026, 10, 1);
  const seen = (...ages: number[]) => ages.map((ageMinutes, i) => ({ tag: tagOf(i + 1), ageMinutes }));
  /** Halved after 1, 7 and 30 days; at midnight all of it is worth what it says. */
  const profile: Profile = {
    ...emptyProfile,
    lastAtMs: midnight,
    firstDay: midnight / dayMs - 30,
    counts: [2, 4, 10],
    sums: [2_000, 8_000, 40_000],
    surprise: 4,
    home: { latitude: 0, longitude: 0, weight: 9 },
    lastPlace: { latitude: 0, longitude: 90 },
    categories: [{ tag: categoryTagOf(hash32('c')), weight: 2, mean: 8, sd: 1 }],
    merchants: seen(0, 1_439, 1_440),
    devices: seen(0, 10, 1_439, 1_440),
  };
  const young = { ...profile, firstDay: midnight / dayMs };
  const ln = Math.log;
  /** Days that weigh whole in 30 days of history, half-life 30 days; and in one. */
  const days30 = 15 / Math.LN2;
  const days1 = (30 / Math.LN2) * (1 - 2 ** (-1 / 30));
  const quarterKm = (6371 * Math.PI) / 2;

  it.each<[string, FeatureName, Partial<FeatureInput>, number]>([
    ['has its amount', 'amount', {}, 1_000],
    ['without a rate has the usual amount', 'amount', { spendMinor: null }, 1_000],
    ['compares with the mean of the month', 'amountOverUsual', {}, 1_000 / 4_000],
    ['is never more than a million times the usual', 'amountOverUsual', { spendMinor: 2 ** 53 - 1 }, 1e6],
    ['is as usual where nothing is known', 'amountOverUsual', { profile: emptyProfile }, 1],
    ['of nothing is taken for one minor unit', 'amountZ', { spendMinor: 0 }, -ln(1_000) / 0.5],
    [
      'is measured by no less than 0.25',
      'amountZ',
      { spendMinor: 2_000, amountProfile: { mean: ln(1_000), sd: 0.1 } },
      ln(2) * 4,
    ],
    ['is measured by its category and by the account', 'amountZInCategory', {}, (ln(1_000) - 8) / 2 / 0.625 ** 0.5],
    ['in a new category is measured by the account', 'amountZInCategory', { categoryHash: 7, spendMinor: 2_000 }, ln(2) / 0.5],
    ['without category too', 'amountZInCategory', { categoryHash: null, spendMinor: 2_000 }, ln(2) / 0.5],
    [
      'without category is in none, whatever its tag',
      'amountZInCategory',
      { categoryHash: null, spendMinor: 2_000, profile: { ...profile, categories: [{ tag: 0, weight: 2, mean: 8, sd: 1 }] } },
      ln(2) / 0.5,
    ],
    [
      'in a new category is measured by no less than 0.25',
      'amountZInCategory',
      { categoryHash: 7, spendMinor: 2_000, amountProfile: { mean: ln(1_000), sd: 0.1 } },
      ln(2) * 4,
    ],
    ['enters the mean of the day', 'dayLevel', { spendMinor: 4_000 }, 6_000 / 3 / 4_000],
    ['a day later the day is worth half', 'dayLevel', { spendMinor: 4_000, occurredAtMs: midnight + dayMs }, 5_000 / 2 / 4_000],
    ['enters the mean of the week', 'weekLevel', {}, 9_000 / 5 / 4_000],
    ['compares the day with the usual day', 'spendOverUsualDay', { spend24hMinor: 5_000 }, (5_000 * days30) / 40_000],
    ['without a known sum the day is as usual', 'spendOverUsualDay', { spend24hMinor: null }, 1],
    ['of a young account compares with one day', 'spendOverUsualDay', { profile: young }, (1_000 * days1) / 40_000],
    ['counts the day against the usual day', 'countOverUsualDay', {}, (4 * days30) / 10],
    ['of a young account counts against one day', 'countOverUsualDay', { profile: young }, (4 * days1) / 10],
    ['counts ten minutes', 'count10m', {}, 2],
    ['counts an hour', 'count1h', {}, 3],
    ['counts a day', 'count24h', {}, 4],
    ['as the first has the longest gap', 'gapHours', { gapMs: null }, 2_160],
    ['after 90 days has the longest gap', 'gapHours', { gapMs: 91 * dayMs }, 2_160],
    ['before the newest has none', 'gapHours', { gapMs: -1 }, 0],
    ['at midnight is in hour 0', 'localHour', {}, 0],
    ['a minute west of midnight is in hour 23', 'localHour', { offsetMinutes: -1 }, 23],
    ['before 1970 has an hour too', 'localHour', { occurredAtMs: -1 }, 23],
    ['remembers surprise', 'recentSurprise', {}, 4],
    ['remembers half of it a day later', 'recentSurprise', { occurredAtMs: midnight + dayMs }, 2],
    ['passes the speed on', 'speedKmh', { speedKmh: 50 }, 50],
    ['without a speed stands still', 'speedKmh', { speedKmh: null }, 0],
    ['is measured from home', 'kmFromHome', { location: { latitude: 0, longitude: -90 } }, quarterKm],
    ['is measured from the last place', 'kmFromLast', { location: { latitude: 0, longitude: -90 } }, 2 * quarterKm],
    ['from a new device', 'newDevice', { isNewDevice: true }, 1],
    ['from a known device', 'newDevice', {}, 0],
    ['of an account without history is at no new merchant', 'newMerchant', { profile: emptyProfile }, 0],
    ['of an account without history is in no new category', 'newCategory', { profile: emptyProfile }, 0],
    ['in a known category is in no new one', 'newCategory', {}, 0],
    ['without category is in no new one', 'newCategory', { categoryHash: null }, 0],
    ['counts devices seen within the day', 'devices24h', { deviceHash: null }, 3],
    ['counts a known one among them once', 'devices24h', { deviceHash: 2 }, 3],
    ['counts one that was seen a day ago', 'devices24h', { deviceHash: 4 }, 4],
    ['counts one that is new', 'devices24h', { deviceHash: 77 }, 4],
    ['a minute later counts one less', 'devices24h', { deviceHash: null, occurredAtMs: midnight + 60_000 }, 2],
    ['dated before the newest counts as of the newest', 'devices24h', { deviceHash: null, occurredAtMs: midnight - hourMs }, 3],
    ['counts the merchants of the day', 'merchants24h', { merchantHash: null }, 2],
    ['without history counts itself', 'merchants24h', { profile: emptyProfile }, 1],
    ['has the fraud share of the days', 'merchantRiskShort', { merchantRisk: { short: 0.5, long: 0.25 } }, 0.5],
  ])('%s', (_, name, change, expected) => {
    const counts = { last10m: 2, last1h: 3, last24h: 4 };
    expect(feature(name, input({ profile, occurredAtMs: midnight, counts, ...change }))).toBeCloseTo(expected, 9);
  });
});

describe('features', () => {
  it('are finite for whatever an account may see', () => {
    const money = fc.option(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }));
    const hash = fc.option(fc.nat({ max: 0xffffffff }));
    const place = fc.option(
      fc.record({
        latitude: fc.double({ min: -90, max: 90, noNaN: true }),
        longitude: fc.double({ min: -180, max: 180, noNaN: true }),
      }),
    );
    const payment = fc.record({
      occurredAtMs: fc.integer({ min: Date.UTC(2000, 0), max: Date.UTC(2100, 0) }),
      offsetMinutes: fc.integer({ min: -840, max: 840 }),
      spendMinor: money,
      deviceHash: hash,
      merchantHash: hash,
      categoryHash: hash,
      location: place,
      blocked: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(payment, { minLength: 1, maxLength: 30 }), money, (history, spend24hMinor) => {
        const profile = history.slice(1).reduce(updateProfile, emptyProfile);
        const row = features(input({ ...history[0]!, profile, spend24hMinor }));
        expect(row.every(Number.isFinite)).toBe(true);
      }),
    );
  });

  it('are refused when an input is not finite, with its name', () => {
    expect(() => features(input({ speedKmh: Number.NaN }))).toThrow(
      new RangeError('feature speedKmh: NaN, a finite number expected'),
    );
  });

  it('are the same for an account that lived in its packed form', () => {
    const amounts = Array.from({ length: 300 }, (_, i) => 100 + ((i * 7919) % 9000));
    let kept = emptyProfile;
    let packed = emptyProfile;
    for (const [i, spendMinor] of amounts.entries()) {
      const change = {
        occurredAtMs: start + i * 5 * hourMs,
        spendMinor,
        merchantHash: hash32(`m${i % 9}`),
        categoryHash: hash32(`c${i % 5}`),
        location: { latitude: (i % 7) * 3, longitude: (i % 5) * 4 },
      };
      expect(features(input({ ...change, profile: packed }))).toEqual(features(input({ ...change, profile: kept })));
      kept = updateProfile(kept, facts(change));
      packed = decodeProfile(encodeProfile(updateProfile(packed, facts(change))));
    }
  });
});

describe('no feature of a payment changes', () => {
  const payments = fc.array(
    fc.record({
      afterMs: fc.integer({ min: 1000, max: 20 * hourMs }),
      amountMinor: fc.integer({ min: 1, max: 1_000_000 }),
      merchant: fc.integer({ min: 0, max: 3 }),
      account: fc.integer({ min: 0, max: 2 }),
      fraud: fc.boolean(),
    }),
    { minLength: 10, maxLength: 60 },
  );
  type Made = ReturnType<typeof payments.generate>['value'];
  const delayMs = 2 * dayMs;

  const rowsOf = (made: Made): readonly string[] => {
    const engine = new EngineStream(compilePolicy(defaultPolicy, 1), delayMs);
    let atMs = start;
    return made.map((payment, i) => {
      atMs += payment.afterMs;
      const { features: row, signals } = engine.step(transaction(payment, i, atMs), payment.fraud);
      return JSON.stringify([Array.from(row), signals]);
    });
  };
  const transaction = (payment: Made[number], i: number, occurredAtMs: number): Transaction => ({
    transactionId: `t${i}`,
    userId: 'u',
    accountId: `a${payment.account}`,
    occurredAtMs,
    offsetMinutes: 0,
    amountMinor: payment.amountMinor,
    currency: 'INR',
    channel: null,
    deviceId: null,
    merchantId: `m${payment.merchant}`,
    merchantCategory: 'c',
    ipAddress: null,
    beneficiaryId: null,
    instrumentId: null,
    location: null,
    metadata: null,
  });

  it('when later payments are altered', () => {
    fc.assert(
      fc.property(payments, fc.nat({ max: 9 }), (made, at) => {
        const altered = made.map((payment, i) =>
          i > at ? { ...payment, amountMinor: 77, merchant: 0, account: 0, fraud: true } : payment,
        );
        expect(rowsOf(altered).slice(0, at + 1)).toEqual(rowsOf(made).slice(0, at + 1));
      }),
      { numRuns: 40 },
    );
  });

  it('when labels that are not yet known are altered', () => {
    fc.assert(
      fc.property(payments, (made) => {
        const last = made.length - 1;
        const times = made.map((_, i) => made.slice(0, i + 1).reduce((sum, { afterMs }) => sum + afterMs, 0));
        const altered = made.map((payment, i) =>
          times[i]! + delayMs > times[last]! ? { ...payment, fraud: !payment.fraud } : payment,
        );
        expect(rowsOf(altered)[last]).toEqual(rowsOf(made)[last]);
      }),
      { numRuns: 40 },
    );
  });

  it('but a label that has become known does change the merchant risk', () => {
    const one = { afterMs: 1000, amountMinor: 500, merchant: 1, account: 0, fraud: true };
    const later = { ...one, afterMs: delayMs + 1000, fraud: false };
    expect(rowsOf([one, later])[1]).not.toEqual(rowsOf([{ ...one, fraud: false }, later])[1]);
  });
});
