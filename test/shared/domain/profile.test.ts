import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dayMs, hourMs } from '../../../shared/domain/durations.ts';
import { decayFactor, emptyProfile, hash32, hourBin } from '../../../shared/domain/profile.ts';
import { decodeProfile, encodeProfile } from '../../../shared/domain/profileCodec.ts';
import { updateProfile } from '../../../shared/domain/profileUpdate.ts';
import { learned, payment, start } from './profileBuilders.ts';

const payments = fc.array(
  fc.record({
    occurredAtMs: fc.integer({ min: start, max: start + 400 * dayMs }),
    offsetMinutes: fc.integer({ min: -840, max: 840 }),
    spendMinor: fc.option(fc.maxSafeInteger().map((amount) => Math.abs(amount))),
    deviceHash: fc.option(fc.nat({ max: 0xffffffff })),
    merchantHash: fc.option(fc.nat({ max: 0xffffffff })),
    categoryHash: fc.option(fc.nat({ max: 0xffffffff })),
    location: fc.option(
      fc.record({
        latitude: fc.double({ min: -90, max: 90, noNaN: true }),
        longitude: fc.double({ min: -180, max: 180, noNaN: true }),
      }),
    ),
    blocked: fc.boolean(),
  }),
  { maxLength: 80 },
);

describe('a profile', () => {
  it('comes back from its bytes exactly as it was, whatever it has learned, in at most 182 bytes', () => {
    fc.assert(
      fc.property(payments, (history) => {
        const profile = learned(history);
        const bytes = encodeProfile(profile);
        expect(bytes.length).toBeLessThanOrEqual(182);
        expect(decodeProfile(bytes)).toEqual(profile);
      }),
    );
  });

  it('takes fewer than 120 bytes for a person with three categories, five merchants and one device', () => {
    const history = Array.from({ length: 300 }, (_, i) =>
      payment({
        occurredAtMs: start + i * 7 * hourMs,
        merchantHash: hash32(`m${i % 5}`),
        categoryHash: hash32(`c${i % 3}`),
      }),
    );
    expect(encodeProfile(learned(history)).length).toBeLessThan(120);
  });

  it('learns nothing from a blocked payment', () => {
    const profile = learned([payment()]);
    expect(updateProfile(profile, payment({ blocked: true, occurredAtMs: start + hourMs }))).toBe(profile);
  });

  it('halves its memory of amounts once per half-life', () => {
    const profile = learned([payment({ spendMinor: 1000 })]);
    const left = profile.sums.map((sum, i) => sum * decayFactor(profile, [1, 7, 30][i]!, start + 7 * dayMs));
    expect(left[0]).toBeCloseTo(1000 / 128, 3);
    expect(left[1]).toBeCloseTo(500, 1);
    expect(left[2]).toBeCloseTo(1000 * 2 ** (-7 / 30), 1);
  });

  it('stays within 0.1 % of exactly decayed sums over a year of payments', () => {
    const history = Array.from({ length: 3000 }, (_, i) =>
      payment({ occurredAtMs: start + Math.floor(i * 2.9 * hourMs), spendMinor: 100 + ((i * 7919) % 5000) }),
    );
    const profile = learned(history);
    const end = history.at(-1)!.occurredAtMs;
    for (const [i, halfLifeDays] of [1, 7, 30].entries()) {
      const exact = history.reduce((sum, p) => sum + p.spendMinor! * 2 ** (-(end - p.occurredAtMs) / dayMs / halfLifeDays), 0);
      const kept = profile.sums[i]! * decayFactor(profile, halfLifeDays, end);
      expect(Math.abs(kept / exact - 1)).toBeLessThan(0.001);
    }
  });

  it('keeps mean and deviation of a category within 1 % of the exact figures', () => {
    const amounts = Array.from({ length: 15 }, (_, i) => 500 + ((i * 7919) % 4000));
    const { categories } = learned(amounts.map((spendMinor) => payment({ spendMinor })));
    const logs = amounts.map(Math.log);
    const mean = logs.reduce((sum, x) => sum + x, 0) / logs.length;
    const sd = Math.sqrt(logs.reduce((sum, x) => sum + (x - mean) ** 2, 0) / logs.length);
    expect(Math.abs(categories[0]!.mean / mean - 1)).toBeLessThan(0.01);
    expect(Math.abs(categories[0]!.sd / sd - 1)).toBeLessThan(0.01);
  });

  it('forgets the category, merchant and device seen longest ago when there are too many', () => {
    const history = Array.from({ length: 16 }, (_, i) =>
      payment({ deviceHash: i + 1, merchantHash: i + 1, categoryHash: i + 1 }),
    );
    const profile = learned(history);
    expect(profile.categories.map(({ tag }) => tag)).toEqual([16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3]);
    expect(profile.merchants.map(({ tag }) => tag)).toEqual([16, 15, 14, 13, 12, 11, 10]);
    expect(profile.devices.map(({ tag }) => tag)).toEqual([16, 15, 14, 13]);
  });

  it('counts a payment older than the newest as of the newest, in its own hour of day', () => {
    const profile = learned([payment(), payment({ occurredAtMs: start - 5 * hourMs })]);
    expect(profile.lastAtMs).toBe(start);
    expect(profile.hours[2]).toBeGreaterThan(0);
    expect(profile.hours[4]).toBeGreaterThan(0);
  });

  it.each([
    ['the first minute of a UTC day is the first bin', Date.UTC(2026, 0, 1), 0, 0],
    ['the last millisecond of a UTC day is the last bin', Date.UTC(2026, 0, 2) - 1, 0, 11],
    ['an offset to the east moves into the next day', Date.UTC(2026, 0, 1, 23), 330, 2],
    ['an offset to the west moves into the day before', Date.UTC(2026, 0, 1, 1), -240, 10],
  ])('%s', (_, atMs, offsetMinutes, bin) => {
    expect(hourBin(atMs, offsetMinutes)).toBe(bin);
  });

  it.each([
    ['no byte at all', () => Uint8Array.of(), 'the profile of an account is damaged: the bytes end too early'],
    [
      'a format of the future',
      () => Uint8Array.of(9),
      'the profile of an account is in format 9; this version reads formats up to 2',
    ],
    ['a format that never was', () => Uint8Array.of(0), 'the profile of an account is damaged: there is no format 0'],
    ['a time cut off', () => Uint8Array.of(1, 1, 155, 0), 'is damaged: the bytes end too early'],
    ['a cut tail', () => encodeProfile(learned([payment()])).slice(0, -1), 'is damaged: the bytes end too early'],
    ['a byte too many', () => Uint8Array.of(...encodeProfile(learned([payment()])), 0), 'is damaged: it is longer than it says'],
  ])('refuses %s', (_, bytesOf, message) => {
    expect(() => decodeProfile(bytesOf())).toThrow(message);
  });

  it.each([
    ['categories', { categories: Array.from({ length: 15 }, () => ({ tag: 1, weight: 1, mean: 1, sd: 1 })) }, 15, 14],
    ['merchants', { merchants: Array.from({ length: 8 }, () => ({ tag: 1, ageMinutes: 0 })) }, 8, 7],
    ['devices', { devices: Array.from({ length: 5 }, () => ({ tag: 1, ageMinutes: 0 })) }, 5, 4],
  ])('refuses more %s than are ever kept', (_, change, given, allowed) => {
    const bytes = encodeProfile({ ...emptyProfile, lastAtMs: start, ...change });
    expect(() => decodeProfile(bytes)).toThrow(
      `the profile of an account is damaged: a list of ${given}, at most ${allowed} allowed`,
    );
  });

  it('is read from the middle of a larger buffer', () => {
    const profile = learned([payment()]);
    expect(decodeProfile(Uint8Array.of(7, 7, 7, ...encodeProfile(profile), 7).subarray(3, -1))).toEqual(profile);
  });
});
