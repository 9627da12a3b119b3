import { describe, expect, it } from 'vitest';
import { dayMs, hourMs } from '../../../shared/domain/durations.ts';
import {
  categoryTagOf,
  decayFactor,
  distances,
  emptyProfile,
  hash32,
  hourRarity,
  type Profile,
  type ProfileFacts,
  tagOf,
} from '../../../shared/domain/profile.ts';
import { decodeProfile, encodeProfile } from '../../../shared/domain/profileCodec.ts';
import { updateProfile } from '../../../shared/domain/profileUpdate.ts';
import { learned, payment, start } from './profileBuilders.ts';

describe('what a profile knows of identifiers', () => {
  it.each([
    ['', 0x811c9dc5],
    ['a', 0xe40c292c],
    ['foobar', 0xbf9cf968],
  ])('%j has the FNV-1a of its authors', (text, hash) => {
    expect(hash32(text)).toBe(hash);
  });

  it('folds a hash into 16 bits for merchants and devices, into 12 for categories', () => {
    expect(tagOf(0x12345678)).toBe(0x1234 ^ 0x5678);
    expect(categoryTagOf(0x12345678)).toBe(0x123 ^ 0x678);
  });

  it('ages merchants and devices by whole minutes of the clock, a known one is new again', () => {
    const profile = learned([
      payment({ merchantHash: 1, deviceHash: 1 }),
      payment({ merchantHash: 2, deviceHash: 2, occurredAtMs: start + 59_999 }),
      payment({ merchantHash: null, deviceHash: null, occurredAtMs: start + 60_000 }),
      payment({ merchantHash: 1, deviceHash: 1, occurredAtMs: start + 10 * 60_000 }),
      payment({ merchantHash: 3, deviceHash: 3, occurredAtMs: start + 12 * 60_000 }),
    ]);
    const sighted = [
      { tag: 3, ageMinutes: 0 },
      { tag: 1, ageMinutes: 2 },
      { tag: 2, ageMinutes: 12 },
    ];
    expect(profile.merchants).toEqual(sighted);
    expect(profile.devices).toEqual(sighted);
  });

  it('counts an age up to 65,535 minutes', () => {
    const history = [payment(), payment({ merchantHash: 5, occurredAtMs: start + 65_536 * 60_000 })];
    expect(learned(history).merchants[1]).toEqual({ tag: tagOf(hash32('merchant')), ageMinutes: 65_535 });
  });
});

describe('what a profile knows of times and amounts', () => {
  const midnight = Date.UTC(2026, 10, 1);

  it('knows nothing before the first payment, and is worth no more at a time before its newest', () => {
    expect(decayFactor(emptyProfile, 30, start)).toBe(0);
    const profile = learned([payment({ occurredAtMs: midnight + 6 * hourMs })]);
    expect(decayFactor(profile, 1, midnight)).toBe(2 ** -0.25);
    expect(decayFactor(profile, 1, midnight + 12 * hourMs)).toBe(2 ** -0.5);
  });

  it('keeps the day of its first payment, and counts payments without a rate nowhere', () => {
    const profile = learned([
      payment({ occurredAtMs: midnight }),
      payment({ occurredAtMs: midnight + 2 * dayMs, spendMinor: null }),
    ]);
    expect(profile.firstDay).toBe(midnight / dayMs);
    expect(profile.counts[0]).toBe(0.25);
    expect(profile.sums[0]).toBe(250);
    expect(profile.categories[0]!.weight).toBe(1);
  });

  it('finds no hour rare without payments; one payment makes its own bin less rare, its neighbours half as much', () => {
    for (let bin = 0; bin < 12; bin++) expect(hourRarity(emptyProfile, bin)).toBeCloseTo(0, 12);
    const profile = learned([payment({ occurredAtMs: midnight })]);
    expect(hourRarity(profile, 0)).toBeCloseTo(-Math.log((12 * 0.5 + 3) / (1 + 3)), 12);
    expect(hourRarity(profile, 1)).toBeCloseTo(-Math.log((12 * 0.25 + 3) / (1 + 3)), 12);
    expect(hourRarity(profile, 11)).toBeCloseTo(-Math.log((12 * 0.25 + 3) / (1 + 3)), 12);
    expect(hourRarity(profile, 2)).toBeCloseTo(-Math.log(3 / (1 + 3)), 12);
  });

  it.each([
    ['45 days halve what is kept', { occurredAtMs: midnight + 45 * dayMs }, [101, 3], [50 + 256, 1]],
    ['the same day leaves it', { occurredAtMs: midnight }, [101, 3], [101 + 256, 3]],
    ['later in the day a payment weighs more', { occurredAtMs: midnight + 23 * hourMs }, [0, 0], [0, 0, 260]],
    ['65,535 units of a bin still fit', { occurredAtMs: midnight }, [65_279, 3], [65_535, 3]],
    ['one more halves every bin', { occurredAtMs: midnight }, [65_280, 3], [32_768, 1]],
  ])('of hours: %s', (_, change, [first, second], [firstAfter, secondAfter, lastAfter = 0]) => {
    const hours = [first!, second!, ...new Array<number>(10).fill(0)];
    const after = updateProfile({ ...emptyProfile, lastAtMs: midnight, hours }, payment(change));
    expect(after.hours).toEqual([firstAfter, secondAfter, ...new Array<number>(9).fill(0), lastAfter]);
  });

  const tag = categoryTagOf(hash32('category'));
  it.each([
    ['an amount 5 deviations from the usual counts 3.5', { mean: 5, sd: 1 }, { spendMinor: 1 }, 3.5],
    ['an amount near the usual counts nothing', { mean: 7, sd: 1 }, { spendMinor: 1000 }, 0],
    ['an amount of zero is taken for one', { mean: 5, sd: 1 }, { spendMinor: 0 }, 3.5],
    ['2.5 deviations count 1', { mean: 5, sd: 2 }, { spendMinor: 1 }, 1],
    ['within 1.5 deviations nothing is surprising', { mean: 5, sd: 4 }, { spendMinor: 1 }, 0],
    ['a deviation under 0.25 is taken for 0.25', { mean: 1, sd: 0.125 }, { spendMinor: 1 }, 2.5],
    ['nothing counts more than 5', { mean: 5, sd: 0.5 }, { spendMinor: 1 }, 5],
    ['a category known from 2 payments says nothing', { mean: 5, sd: 1, weight: 2 }, { spendMinor: 1 }, 0],
    ['nor does another category', { mean: 5, sd: 1, tag: tag + 1 }, { spendMinor: 1 }, 0],
    ['nor a payment without category', { mean: 5, sd: 1 }, { spendMinor: 1, categoryHash: null }, 0],
    ['nor one whose tag is that of no category', { mean: 5, sd: 1, tag: 0 }, { spendMinor: 1, categoryHash: null }, 0],
    ['nor one without a rate', { mean: 5, sd: 1 }, { spendMinor: null }, 0],
  ])('of surprise: %s', (_, category, change, surprise) => {
    const profile = { ...emptyProfile, lastAtMs: midnight, categories: [{ tag, weight: 3, ...category }] };
    expect(updateProfile(profile, payment({ occurredAtMs: midnight, ...change })).surprise).toBe(surprise);
  });

  it('of surprise: an hour without payments beside 97 others counts its nats beyond 0.5', () => {
    const hours = [97 * 256, ...new Array<number>(11).fill(0)];
    const profile = { ...emptyProfile, lastAtMs: midnight, hours };
    const noon = updateProfile(profile, payment({ occurredAtMs: midnight + 12 * hourMs }));
    expect(noon.surprise).toBeCloseTo((Math.log(100 / 3) - 0.5) * 2 ** 0.5, 3);
    expect(updateProfile(profile, payment({ occurredAtMs: midnight })).surprise).toBe(0);
  });

  it.each([
    ['the same day', 0, 4],
    ['the next day', 1, 2],
    ['after three days', 3, 0.5],
  ])('of surprise: what was is kept as of the start of the day, %s', (_, days, left) => {
    const profile = { ...emptyProfile, lastAtMs: midnight, surprise: 4 };
    expect(updateProfile(profile, payment({ occurredAtMs: midnight + days * dayMs })).surprise).toBe(left);
  });

  it('weighs a category up to 15 payments, and its deviation up to what 12 bits hold', () => {
    const { categories } = learned(Array.from({ length: 17 }, () => payment()));
    expect(categories).toEqual([{ tag, weight: 15, mean: Math.round(Math.log(1000) * 110) / 110, sd: 0 }]);
    const wide = learned([payment({ spendMinor: 1 }), payment({ spendMinor: Number.MAX_SAFE_INTEGER })]);
    expect(wide.categories[0]!.sd).toBe(4095 / 512);
  });

  it('keeps the figures of each category apart, and learns none without one', () => {
    const amounts: [string | null, number][] = [
      ['a', 1000],
      ['b', 20],
      [null, 5],
      ['a', 1000],
    ];
    const profile = learned(
      amounts.map(([name, spendMinor]) => payment({ spendMinor, categoryHash: name === null ? null : hash32(name) })),
    );
    const meanOf = (amount: number): number => Math.round(Math.log(amount) * 110) / 110;
    expect(profile.categories).toEqual([
      { tag: categoryTagOf(hash32('a')), weight: 2, mean: meanOf(1000), sd: 0 },
      { tag: categoryTagOf(hash32('b')), weight: 1, mean: meanOf(20), sd: 0 },
    ]);
  });

  it('comes back from its bytes with the deviations of its categories', () => {
    const profile = learned([payment({ spendMinor: 1000 }), payment({ spendMinor: 5000 })]);
    expect(profile.categories[0]!.sd).toBeCloseTo(Math.log(5) / 2, 2);
    expect(decodeProfile(encodeProfile(profile))).toEqual(profile);
  });

  it('takes an amount of zero for one in its category', () => {
    expect(learned([payment({ spendMinor: 0 })]).categories[0]).toEqual({ tag, weight: 1, mean: 0, sd: 0 });
  });
});

describe('what a profile knows of places', () => {
  const at = (latitude: number, longitude: number): Partial<ProfileFacts> => ({ location: { latitude, longitude } });
  const stepDegrees = 360 / 65_535;
  const near = (place: { latitude: number; longitude: number }, latitude: number, longitude: number): void => {
    expect(Math.abs(place.latitude - latitude)).toBeLessThan(stepDegrees);
    expect(Math.abs(place.longitude - longitude)).toBeLessThan(stepDegrees);
  };

  it.each([
    ['the first place is home', [[12, 77]], [12, 77], 1],
    [
      'of two places home is the middle',
      [
        [10, 70],
        [20, 80],
      ],
      [15, 75],
      2,
    ],
    [
      'the third moves it by a third',
      [
        [10, 70],
        [20, 80],
        [0, 90],
      ],
      [10, 80],
      3,
    ],
    [
      'eastwards across the date line',
      [
        [0, 178],
        [0, -176],
      ],
      [0, -179],
      2,
    ],
    [
      'westwards across the date line',
      [
        [0, -178],
        [0, 176],
      ],
      [0, 179],
      2,
    ],
  ] as [string, [number, number][], [number, number], number][])('%s', (_, places, [latitude, longitude], weight) => {
    const { home, lastPlace } = learned(places.map((place) => payment(at(...place))));
    expect(home!.weight).toBe(weight);
    near(home!, latitude, longitude);
    near(lastPlace!, ...places.at(-1)!);
  });

  it('moves home by a fortieth once 40 places are known', () => {
    const { home } = learned([...Array.from({ length: 45 }, () => payment(at(0, 0))), payment(at(40, 80))]);
    expect(home!.weight).toBe(40);
    near(home!, 1, 2);
  });

  it('keeps home and the last place through payments without one', () => {
    const profile = learned([payment(at(12, 77)), payment()]);
    near(profile.home!, 12, 77);
    near(profile.lastPlace!, 12, 77);
  });

  it('tells the way from home and from the last place, 0 where one is unknown', () => {
    const profile: Profile = {
      ...emptyProfile,
      home: { latitude: 0, longitude: 0, weight: 1 },
      lastPlace: { latitude: 0, longitude: 90 },
    };
    const quarterKm = (6371 * Math.PI) / 2;
    const place = { latitude: 0, longitude: -90 };
    expect(distances(profile, place).home).toBeCloseTo(quarterKm, 6);
    expect(distances(profile, place).last).toBeCloseTo(2 * quarterKm, 6);
    expect(distances(profile, null)).toEqual({ home: 0, last: 0 });
    expect(distances(emptyProfile, place)).toEqual({ home: 0, last: 0 });
  });
});
