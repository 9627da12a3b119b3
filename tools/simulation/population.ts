import { dayMs, hourMs } from '../../shared/domain/durations.ts';
import { type SeededRandom, seededRandom } from '../../shared/store/random.ts';
import { ipv4Address, ipv6Address } from './addresses.ts';

export interface City {
  readonly name: string;
  readonly latitude: number;
  readonly longitude: number;
  /** Minutes east of UTC; the simulation has no summer time. */
  readonly offsetMinutes: number;
}

export interface Merchant {
  readonly merchantId: string;
  /** ISO 18245 merchant category code. */
  readonly category: string;
  /** Null for a shop that only exists online. */
  readonly city: City | null;
  readonly usualMinor: number;
}

/** An account that pays. */
export interface Payer {
  readonly userId: string;
  readonly accountId: string;
}

export interface Person extends Payer {
  readonly index: number;
  readonly home: City;
  readonly household: Household;
  /** Of the month, 1..28. */
  readonly salaryDay: number;
  readonly paymentsPerDay: number;
  /** Factor on every merchant's usual amount. */
  readonly wealth: number;
  /** Some people are up at night. */
  readonly nightOwl: boolean;
  readonly phoneLifeDays: number;
  readonly phonePhaseDays: number;
  readonly favourites: readonly Merchant[];
}

/** Who lives with whom; its members share an address on the Internet. */
export interface Household {
  readonly number: number;
  /** Of this member in the household, from 0. */
  readonly position: number;
}

export interface Population {
  readonly people: readonly Person[];
  readonly merchants: readonly Merchant[];
  readonly cities: readonly City[];
}

/** One payment before it has an id: who, when, where and how much. */
export interface Payment {
  readonly payer: Payer;
  /** Epoch milliseconds. */
  readonly atMs: number;
  readonly offsetMinutes: number;
  readonly amountMinor: number;
  readonly channel: string;
  /** Null for money sent to a person or a firm. */
  readonly merchant: Merchant | null;
  readonly deviceId: string | null;
  readonly place: { readonly latitude: number; readonly longitude: number } | null;
  /** Known of what is paid over the Internet, not of what is paid in a shop. */
  readonly ipAddress: string | null;
  /** The account of who is paid; null for a merchant. */
  readonly beneficiaryId: string | null;
  /** The card or bank account that pays. */
  readonly instrumentId: string | null;
}

const cities: readonly City[] = [
  { name: 'Dublin', latitude: 53.35, longitude: -6.26, offsetMinutes: 0 },
  { name: 'Lisbon', latitude: 38.72, longitude: -9.14, offsetMinutes: 0 },
  { name: 'Paris', latitude: 48.86, longitude: 2.35, offsetMinutes: 60 },
  { name: 'Berlin', latitude: 52.52, longitude: 13.4, offsetMinutes: 60 },
  { name: 'Rome', latitude: 41.9, longitude: 12.5, offsetMinutes: 60 },
  { name: 'Stockholm', latitude: 59.33, longitude: 18.07, offsetMinutes: 60 },
  { name: 'Vienna', latitude: 48.21, longitude: 16.37, offsetMinutes: 60 },
  { name: 'Athens', latitude: 37.98, longitude: 23.73, offsetMinutes: 120 },
  { name: 'Nairobi', latitude: -1.29, longitude: 36.82, offsetMinutes: 180 },
  { name: 'Bengaluru', latitude: 12.97, longitude: 77.59, offsetMinutes: 330 },
  { name: 'Singapore', latitude: 1.35, longitude: 103.82, offsetMinutes: 480 },
  { name: 'Sydney', latitude: -33.87, longitude: 151.21, offsetMinutes: 600 },
  { name: 'New York', latitude: 40.71, longitude: -74.01, offsetMinutes: -300 },
  { name: 'Lima', latitude: -12.05, longitude: -77.04, offsetMinutes: -300 },
];

/** Households of 1, 2, 3, 4 and 5 people, in percent (docs/simulation.md). */
const householdShares = [34, 32, 16, 13, 5] as const;
/** Share of payments over the Internet that use a mobile network, and how many people one of its addresses serves. */
const mobileShare = 0.3;
const peoplePerMobileAddress = 100;

/** Code, usual amount in minor units, online only. */
const shops: readonly (readonly [string, number, boolean])[] = [
  ['5411', 3_200, false],
  ['5812', 2_400, false],
  ['5814', 900, false],
  ['5541', 5_500, false],
  ['5912', 1_500, false],
  ['5651', 6_500, false],
  ['4111', 320, false],
  ['7832', 1_400, false],
  ['5732', 14_000, true],
  ['5815', 999, true],
  ['4816', 2_999, true],
  ['5942', 1_800, true],
];

/** People, their homes and habits, and the merchants they use. `tag` starts every id; the same arguments give the same population. */
export const createPopulation = (seed: number, tag: string, size: number): Population => {
  const homes = cities.slice(0, 10);
  const merchants = [
    ...homes.flatMap((city) => shops.filter(([, , online]) => !online).map((shop) => ({ shop, city: city as City | null }))),
    ...shops.filter(([, , online]) => online).flatMap((shop) => [1, 2, 3].map(() => ({ shop, city: null }))),
  ].map(
    ({ shop: [category, usualMinor], city }, index): Merchant => ({
      merchantId: `${tag}-m${index}`,
      category,
      city,
      usualMinor,
    }),
  );
  const online = merchants.filter((merchant) => merchant.city === null);
  const household = householdsOf(seed);
  const people = Array.from({ length: size }, (_, index): Person => {
    const random = seededRandom(seed, 'person', index);
    const home = random.pick(homes);
    const near = merchants.filter((merchant) => merchant.city === home);
    return {
      index,
      userId: `${tag}-u${index}`,
      accountId: `${tag}-a${index}`,
      home,
      household: household(home),
      salaryDay: random.integer(1, 28),
      paymentsPerDay: random.between(2, 6),
      wealth: Math.exp(0.4 * random.normal()),
      nightOwl: random.chance(0.06),
      phoneLifeDays: random.integer(300, 900),
      phonePhaseDays: random.integer(0, 899),
      favourites: [...near, random.pick(online), random.pick(online), random.pick(online)],
    };
  });
  return { people, merchants, cities };
};

/** Moves people into households of their city, in the order of their index. */
const householdsOf = (seed: number) => {
  const random = seededRandom(seed, 'households');
  const open = new Map<City, { readonly number: number; taken: number; readonly size: number }>();
  let count = 0;
  return (city: City): Household => {
    let home = open.get(city);
    if (home === undefined || home.taken === home.size) {
      home = { number: count++, taken: 0, size: householdSize(random.between(0, 100)) };
      open.set(city, home);
    }
    return { number: home.number, position: home.taken++ };
  };
};

const householdSize = (percent: number): number => {
  let size = 0;
  for (let left = percent; left >= 0 && size < householdShares.length; size++) left -= householdShares[size]!;
  return size;
};

/** Every second household has IPv4 only; in the others each member has an address of the household's /64. */
export const homeAddress = ({ household: { number, position } }: Person): string =>
  number % 2 === 0 ? ipv4Address('homes', number / 2) : ipv6Address('homes', number, position + 1);

/** The card that the person pays with. */
export const cardOf = (tag: string, person: Person): string => `${tag}-c${person.index}`;

/** The bank account that the person sends money from, and is paid to. */
export const bankAccountOf = (tag: string, person: Person): string => `${tag}-b${person.index}`;

/** The phone the person carries on that day of the simulation. */
export const phoneOf = (tag: string, person: Person, day: number): string =>
  `${tag}-d${person.index}-${Math.floor((day + person.phonePhaseDays) / person.phoneLifeDays)}`;

/** Everything one person honestly pays on one local day; `dayStartMs` is the UTC midnight of that date. */
export const honestDay = (seed: number, tag: string, population: Population, person: Person, dayStartMs: number): Payment[] => {
  const day = Math.floor(dayStartMs / dayMs);
  const random = seededRandom(seed, 'day', person.index, day);
  const city = cityOfDay(seed, population, person, day);
  const localMerchants = population.merchants.filter((merchant) => merchant.city === city);
  const address = addressesOfDay(seed, population, person, city, day);
  return Array.from({ length: random.poisson(person.paymentsPerDay * appetite(person, dayStartMs)) }, (): Payment => {
    const hour = localHour(random, person);
    const favourite = person.favourites[Math.floor(random.fraction() ** 1.6 * person.favourites.length)]!;
    const merchant = favourite.city === null || city === person.home ? favourite : random.pick(localMerchants);
    const splurge = random.chance(0.004) ? 8 : 1;
    const wallet = merchant.city === null || random.chance(0.6);
    return {
      payer: person,
      atMs: Math.round(dayStartMs + hour * hourMs - city.offsetMinutes * 60_000),
      offsetMinutes: city.offsetMinutes,
      amountMinor: Math.max(50, Math.round(merchant.usualMinor * person.wealth * splurge * Math.exp(0.45 * random.normal()))),
      channel: merchant.city === null ? 'online' : wallet ? 'wallet' : 'card',
      merchant,
      deviceId: wallet ? phoneOf(tag, person, day) : null,
      place: merchant.city === null ? null : near(random, city),
      ipAddress: merchant.city === null ? address() : null,
      beneficiaryId: null,
      instrumentId: cardOf(tag, person),
    };
  });
};

/** Where the person is on the Internet, for one payment after the other of a day: at home, or on a mobile network; only that when travelling. */
const addressesOfDay = (seed: number, population: Population, person: Person, city: City, day: number) => {
  const random = seededRandom(seed, 'address', person.index, day);
  const perCity = Math.ceil(population.people.length / peoplePerMobileAddress);
  return (): string =>
    city === person.home && !random.chance(mobileShare)
      ? homeAddress(person)
      : ipv4Address('mobile', population.cities.indexOf(city) * perCity + random.below(perCity));
};

/** A point within about 5 km of the centre, to 4 decimals. */
export const near = (random: SeededRandom, city: City) => ({
  latitude: round4(city.latitude + random.between(-0.045, 0.045)),
  longitude: round4(city.longitude + random.between(-0.045, 0.045)),
});

const round4 = (value: number): number => Math.round(value * 1e4) / 1e4;

/** More at the weekend and on the three days from the salary on. */
const appetite = (person: Person, dayStartMs: number): number => {
  const date = new Date(dayStartMs);
  const weekend = date.getUTCDay() % 6 === 0 ? 1.25 : 1;
  const sinceSalary = date.getUTCDate() - person.salaryDay;
  return weekend * (sinceSalary >= 0 && sinceSalary < 3 ? 1.6 : 1);
};

/** Breakfast, lunch and evening peaks, 06:00 to 23:30; night owls also buy between 0 and 5. */
const localHour = (random: SeededRandom, person: Person): number => {
  if (person.nightOwl && random.chance(0.35)) return random.between(0, 5);
  const [mean, sd] = random.pick([
    [8.5, 1],
    [12.8, 1.4],
    [18.3, 2],
    [18.3, 2],
  ] as const);
  return Math.min(23.5, Math.max(6, mean + sd * random.normal()));
};

/** In about one week of twelve a person spends four days in a city that a night's travel reaches. */
const cityOfDay = (seed: number, population: Population, person: Person, day: number): City => {
  const random = seededRandom(seed, 'trip', person.index, Math.floor(day / 7));
  if (!random.chance(1 / 12) || day % 7 < 2 || day % 7 > 5) return person.home;
  const reachable = population.cities
    .slice(0, 10)
    .filter((city) => Math.abs(city.latitude - person.home.latitude) + Math.abs(city.longitude - person.home.longitude) < 25);
  return random.pick(reachable);
};
