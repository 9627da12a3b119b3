import { dayMs, hourMs, minuteMs } from '../../shared/domain/durations.ts';
import { type SeededRandom, seededRandom } from '../../shared/store/random.ts';
import { ipv4Address } from './addresses.ts';
import {
  bankAccountOf,
  type City,
  cardOf,
  homeAddress,
  type Merchant,
  near,
  type Payer,
  type Payment,
  type Person,
  type Population,
  phoneOf,
} from './population.ts';

/**
 * What honest people share: a family's tablet and card, the address of an office, the terminal of a shop, a landlord, a firm that pays wages,
 * a collection for a present. It looks like the network attacks to a rule that only counts. Sources of the numbers: docs/simulation.md.
 */
const peoplePerGroup = { office: 25, shop: 50, landlord: 50, firm: 50, utility: 50, collection: 50 } as const;
const tabletPaymentsPerDay = 0.35;
const familyCardShare = 0.3;
const officeStaff = 12;
const officePaymentsPerDay = 0.4;
/** On this day of the week the office eats together; 0 is Sunday. */
const teamLunchDay = 5;
const terminalPaymentsPerDay = 24;
const terminalGuests = 60;
const terminalRegularShare = 0.2;
const tenants = 12;
const rentDueDay = 3;
const customers = 30;
const billDueDay = 15;
const billDays = 4;
const wagesLow = 4;
const wagesHigh = 9;
const collectionEveryDays = 9;
const collectionLow = 8;
const collectionHigh = 12;

/** Returns everything that the community pays on one local day, in no order; `dayStartMs` is the UTC midnight of that date. */
export type CommunityDay = (dayStartMs: number) => Payment[];

/** The groups that the people of a population belong to. The same arguments give the same payments. */
export const createCommunity = (seed: number, tag: string, population: Population): CommunityDay => {
  const { people } = population;
  const groups = [...households(seed, tag, population)];
  for (const [name, size] of Object.entries(peoplePerGroup) as [keyof typeof makers, number][]) {
    for (let number = 0; number < Math.max(1, Math.floor(people.length / size)); number++) {
      const members = seededRandom(seed, name, number).shuffled(people.slice(number * size, (number + 1) * size));
      groups.push(makers[name]({ name: `${tag}-${name}${number}`, seed, tag, number, members }));
    }
  }
  return (dayStartMs) => groups.flatMap((group) => group(dayStartMs));
};

interface Group {
  /** Starts the ids of what belongs to the group. */
  readonly name: string;
  readonly seed: number;
  readonly tag: string;
  readonly number: number;
  /** Whom it is made of, in random order; a group may need fewer. */
  readonly members: readonly Person[];
}

/** Some hours of a local day, as epoch milliseconds. */
const at = (random: SeededRandom, dayStartMs: number, city: City, fromHour: number, toHour: number): number =>
  Math.round(dayStartMs + random.between(fromHour, toHour) * hourMs - city.offsetMinutes * minuteMs);

const dayOf = (dayStartMs: number): number => Math.floor(dayStartMs / dayMs);
const dateOf = (dayStartMs: number): number => new Date(dayStartMs).getUTCDate();

/** A payment of a person over the Internet from home, unless `change` says otherwise. */
const fromHome = (tag: string, person: Person, atMs: number, change: Partial<Payment>): Payment => ({
  payer: person,
  atMs,
  offsetMinutes: person.home.offsetMinutes,
  amountMinor: 0,
  channel: 'online',
  merchant: null,
  deviceId: phoneOf(tag, person, dayOf(atMs)),
  place: null,
  ipAddress: homeAddress(person),
  beneficiaryId: null,
  instrumentId: cardOf(tag, person),
  ...change,
});

const transferOf = (tag: string, person: Person, atMs: number, beneficiaryId: string, amountMinor: number): Payment =>
  fromHome(tag, person, atMs, {
    channel: 'transfer',
    amountMinor,
    beneficiaryId,
    instrumentId: bankAccountOf(tag, person),
  });

/** Families of two and more: one tablet, and now and then one card for all. */
const households = (seed: number, tag: string, { people, merchants }: Population): CommunityDay[] => {
  const media = merchants.filter(({ category }) => category === '5815' || category === '5942');
  return [...Map.groupBy(people, ({ household }) => household.number).values()]
    .filter((members) => members.length > 1)
    .map((members) => (dayStartMs) => {
      const { number } = members[0]!.household;
      const random = seededRandom(seed, 'household', number, dayOf(dayStartMs));
      return Array.from({ length: random.poisson(tabletPaymentsPerDay) }, () => {
        const person = random.pick(members);
        const merchant = random.pick(media);
        return fromHome(tag, person, at(random, dayStartMs, person.home, 17, 22), {
          amountMinor: priceAt(random, merchant),
          merchant,
          deviceId: `${tag}-tablet${number}`,
          instrumentId: cardOf(tag, random.chance(familyCardShare) ? members[0]! : person),
        });
      });
    });
};

const priceAt = (random: SeededRandom, merchant: Merchant): number =>
  Math.max(50, Math.round(merchant.usualMinor * Math.exp(0.4 * random.normal())));

/** Each kind of group, made from its own stream of random numbers. */
const makers = {
  /** Staff behind one address who order lunch online, each from an own phone; once a week all together. */
  office: ({ name, seed, tag, number, members }: Group): CommunityDay => {
    const staff = members.slice(0, officeStaff);
    const ipAddress = ipv4Address('offices', number);
    const canteen: Merchant = { merchantId: `${name}-lunch`, category: '5812', city: null, usualMinor: 1_400 };
    return (dayStartMs) => {
      const today = seededRandom(seed, 'office', number, dayOf(dayStartMs));
      const weekday = new Date(dayStartMs).getUTCDay();
      if (weekday % 6 === 0) return [];
      const together = weekday === teamLunchDay;
      return staff
        .filter(() => today.chance(together ? 0.9 : officePaymentsPerDay))
        .map((person) =>
          fromHome(tag, person, at(today, dayStartMs, staff[0]!.home, together ? 12 : 11.5, together ? 12.4 : 13.5), {
            amountMinor: priceAt(today, canteen),
            merchant: canteen,
            ipAddress,
          }),
        );
    };
  },
  /** A fast-food shop where guests pay at one terminal: many accounts, and most of them new. */
  shop: ({ name, seed, tag, number, members }: Group): CommunityDay => {
    const city = members[0]!.home;
    const regulars = members.filter(({ home }) => home === city);
    const merchant: Merchant = { merchantId: `${name}`, category: '5814', city, usualMinor: 1_100 };
    return (dayStartMs) => {
      const today = seededRandom(seed, 'shop', number, dayOf(dayStartMs));
      return Array.from({ length: today.poisson(terminalPaymentsPerDay) }, (): Payment => {
        const guest = today.below(terminalGuests);
        const regular = today.chance(terminalRegularShare) ? today.pick(regulars) : null;
        const payer: Payer = regular ?? { userId: `${name}-u${guest}`, accountId: `${name}-a${guest}` };
        return {
          payer,
          atMs: today.chance(0.55) ? at(today, dayStartMs, city, 11.5, 14) : at(today, dayStartMs, city, 17, 21),
          offsetMinutes: city.offsetMinutes,
          amountMinor: priceAt(today, merchant),
          channel: 'card',
          merchant,
          deviceId: `${name}-terminal`,
          place: near(today, city),
          ipAddress: ipv4Address('shops', number),
          beneficiaryId: null,
          instrumentId: regular === null ? `${name}-c${guest}` : cardOf(tag, regular),
        };
      });
    };
  },
  /** Tenants who pay their rent on the days until it is due. */
  landlord: ({ name, seed, tag, number, members }: Group): CommunityDay => {
    const homes = members
      .slice(0, tenants)
      .map((person) => ({ person, rentMinor: 1_000 * Math.round(70 * person.wealth ** 0.5) }));
    return (dayStartMs) => {
      const date = dateOf(dayStartMs);
      if (date > rentDueDay) return [];
      const month = new Date(dayStartMs).getUTCMonth();
      return homes
        .filter(({ person }) => seededRandom(seed, 'rent', number, person.index, month).integer(1, rentDueDay) === date)
        .map(({ person, rentMinor }) => {
          const today = seededRandom(seed, 'rent', number, person.index, dayOf(dayStartMs));
          return transferOf(tag, person, at(today, dayStartMs, person.home, 7, 22), `${name}@bank`, rentMinor);
        });
    };
  },
  /** Customers of one supplier of power, who pay their bill in the days before it is due. */
  utility: ({ name, seed, tag, number, members }: Group): CommunityDay => {
    const billed = members.slice(0, customers);
    return (dayStartMs) => {
      const daysLeft = billDueDay - dateOf(dayStartMs);
      if (daysLeft < 0 || daysLeft >= billDays) return [];
      const month = new Date(dayStartMs).getUTCMonth();
      return billed
        .filter((person) => seededRandom(seed, 'bill', number, person.index, month).below(billDays) === daysLeft)
        .map((person) => {
          const today = seededRandom(seed, 'bill', number, person.index, dayOf(dayStartMs));
          return transferOf(
            tag,
            person,
            at(today, dayStartMs, person.home, 7, 22),
            `${name}@bank`,
            Math.round(6_500 * Math.exp(0.3 * today.normal())),
          );
        });
    };
  },
  /** A small firm: it pays a supplier on most working days, and wages to its staff one after the other once a month. */
  firm: ({ name, seed, tag, number, members }: Group): CommunityDay => {
    const random = seededRandom(seed, 'wages', number);
    const { home } = members[0]!;
    const payer: Payer = { userId: `${name}-u`, accountId: `${name}-a` };
    const payday = random.integer(1, 28);
    const staff = members
      .slice(0, random.integer(wagesLow, wagesHigh))
      .map((person) => ({ beneficiaryId: bankAccountOf(tag, person), wageMinor: 1_000 * random.integer(140, 260) }));
    const pays = (atMs: number, beneficiaryId: string, amountMinor: number): Payment => ({
      payer,
      atMs,
      offsetMinutes: home.offsetMinutes,
      amountMinor,
      channel: 'transfer',
      merchant: null,
      deviceId: `${name}-desk`,
      place: null,
      ipAddress: ipv4Address('offices', (1 << 12) + number),
      beneficiaryId,
      instrumentId: `${name}-b`,
    });
    return (dayStartMs) => {
      const today = seededRandom(seed, 'firm', number, dayOf(dayStartMs));
      const isWorkday = new Date(dayStartMs).getUTCDay() % 6 !== 0;
      const bills = isWorkday && today.chance(0.8) ? [at(today, dayStartMs, home, 9, 17)] : [];
      const wagesFromMs = at(today, dayStartMs, home, 9, 16);
      return [
        ...bills.map((atMs) => pays(atMs, `${name}-supplier${today.below(6)}`, today.integer(20_000, 150_000))),
        ...(dateOf(dayStartMs) === payday ? staff : []).map(({ beneficiaryId, wageMinor }, i) =>
          pays(wagesFromMs + i * 2 * minuteMs, beneficiaryId, wageMinor),
        ),
      ];
    };
  },
  /** A present for a colleague: several people send a small sum to the one who buys it, on one evening. */
  collection: ({ seed, tag, number, members }: Group): CommunityDay => {
    return (dayStartMs) => {
      const day = dayOf(dayStartMs);
      if ((day + number) % collectionEveryDays !== 0) return [];
      const today = seededRandom(seed, 'collection', number, day);
      const [buyer, ...givers] = today.shuffled(members).slice(0, 1 + today.integer(collectionLow, collectionHigh)) as [
        Person,
        ...Person[],
      ];
      return givers.map((person) =>
        transferOf(tag, person, at(today, dayStartMs, buyer.home, 18, 20), bankAccountOf(tag, buyer), 500 * today.integer(2, 5)),
      );
    };
  },
} as const;
