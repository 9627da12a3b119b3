import { dayMs, hourMs, minuteMs } from '../../shared/domain/durations.ts';
import { type City, type Merchant, near } from './population.ts';
import { type AttackScript, count, customersOfOneShop, online, type Scene } from './scene.ts';

const secondMs = 1_000;

const shopIn = (scene: Scene, city: City): Merchant => {
  const shops = scene.merchants.filter((merchant) => merchant.city === city);
  return shops.length > 0 ? scene.random.pick(shops) : scene.foreignMerchant('5732');
};

/** The cities a quarter of the world away or more. */
const farFrom = (scene: Scene, home: City): City =>
  scene.random.pick(
    scene.cities.filter((city) => Math.abs(city.latitude - home.latitude) + Math.abs(city.longitude - home.longitude) > 60),
  );

/** The attacks on one account at a time, and two on several, by name. */
export const accountAttackScripts = {
  'card-testing': {
    text: 'a stolen card is tried with more than fifty tiny payments within seconds',
    payments: (scene) => {
      const [person] = scene.people;
      if (person === undefined) return [];
      const merchant = online(scene);
      const deviceId = scene.foreignDevice('bot');
      return count(scene.random.integer(52, 64)).map((i) => ({
        payer: person,
        atMs: scene.nowMs + i * 350,
        offsetMinutes: person.home.offsetMinutes,
        amountMinor: scene.random.integer(50, 299),
        channel: 'online',
        merchant,
        deviceId,
        place: null,
        ipAddress: scene.foreignAddress(0),
        beneficiaryId: null,
        instrumentId: scene.card(person),
      }));
    },
  },
  'account-takeover': {
    text: 'a new device, far away, spends more and more',
    payments: (scene) => {
      const [person] = scene.people;
      if (person === undefined) return [];
      const city = farFrom(scene, person.home);
      const place = near(scene.random, city);
      const deviceId = scene.foreignDevice('thief');
      return count(scene.random.integer(4, 6)).map((i) => ({
        payer: person,
        atMs: scene.nowMs + i * 3 * minuteMs,
        offsetMinutes: city.offsetMinutes,
        amountMinor: Math.round(50_000 * (i + 1) * person.wealth * scene.random.between(0.9, 1.1)),
        channel: 'wallet',
        merchant: shopIn(scene, city),
        deviceId,
        place,
        ipAddress: null,
        beneficiaryId: null,
        instrumentId: scene.card(person),
      }));
    },
  },
  'impossible-travel': {
    text: 'a copied card pays a continent away minutes after it paid at home',
    payments: (scene) => {
      const person = scene.justSeen;
      if (person === null) return [];
      const city = farFrom(scene, person.home);
      return count(2).map((i) => ({
        payer: person,
        atMs: scene.nowMs + (20 + 15 * i) * minuteMs,
        offsetMinutes: city.offsetMinutes,
        amountMinor: scene.random.integer(8_000, 30_000),
        channel: 'card',
        merchant: shopIn(scene, city),
        deviceId: null,
        place: near(scene.random, city),
        ipAddress: null,
        beneficiaryId: null,
        instrumentId: scene.card(person),
      }));
    },
  },
  'night-spree': {
    text: 'one purchase after another between two and four at night',
    payments: (scene) => {
      const person = scene.people.find((candidate) => !candidate.nightOwl);
      if (person === undefined) return [];
      const offsetMs = person.home.offsetMinutes * minuteMs;
      const localMidnight = Math.floor((scene.nowMs + offsetMs) / dayMs) * dayMs - offsetMs;
      const today = localMidnight + 2 * hourMs;
      const start = today >= scene.nowMs ? today : today + dayMs;
      return count(scene.random.integer(7, 10)).map((i) => ({
        payer: person,
        atMs: start + i * 11 * minuteMs,
        offsetMinutes: person.home.offsetMinutes,
        amountMinor: scene.random.integer(6_000, 25_000),
        channel: 'online',
        merchant: online(scene),
        deviceId: scene.phone(person),
        place: null,
        ipAddress: scene.homeAddress(person),
        beneficiaryId: null,
        instrumentId: scene.card(person),
      }));
    },
  },
  'huge-amount': {
    text: 'one payment of a hundred times what is usual',
    payments: (scene) => {
      const [person] = scene.people;
      if (person === undefined) return [];
      return [
        {
          payer: person,
          atMs: scene.nowMs + minuteMs,
          offsetMinutes: person.home.offsetMinutes,
          amountMinor: Math.round(350_000 * person.wealth * scene.random.between(0.9, 1.5)),
          channel: 'online',
          merchant: online(scene),
          deviceId: scene.phone(person),
          place: null,
          ipAddress: scene.homeAddress(person),
          beneficiaryId: null,
          instrumentId: scene.card(person),
        },
      ];
    },
  },
  'slow-boil': {
    text: 'amounts that grow by a quarter every two hours, for a day',
    payments: (scene) => {
      const [person] = scene.people;
      if (person === undefined) return [];
      const merchant = online(scene);
      return count(12).map((i) => ({
        payer: person,
        atMs: scene.nowMs + i * 2 * hourMs,
        offsetMinutes: person.home.offsetMinutes,
        amountMinor: Math.round(3_000 * person.wealth * 1.25 ** i),
        channel: 'online',
        merchant,
        deviceId: scene.phone(person),
        place: null,
        ipAddress: scene.homeAddress(person),
        beneficiaryId: null,
        instrumentId: scene.card(person),
      }));
    },
  },
  'mule-fan-in': {
    text: 'many accounts pay one new payee within minutes',
    payments: (scene) => {
      const payee = scene.foreignMerchant('4829');
      const beneficiaryId = scene.foreignBeneficiary('mule');
      return scene.people.slice(0, 10).map((person, i) => ({
        payer: person,
        atMs: scene.nowMs + i * 40 * secondMs,
        offsetMinutes: person.home.offsetMinutes,
        amountMinor: scene.random.integer(45_000, 95_000),
        channel: 'transfer',
        merchant: payee,
        deviceId: scene.phone(person),
        place: null,
        ipAddress: scene.homeAddress(person),
        beneficiaryId,
        instrumentId: scene.bankAccount(person),
      }));
    },
  },
  'merchant-compromise': {
    text: 'cards seen at one shop are used online by one device',
    payments: (scene) => {
      const deviceId = scene.foreignDevice('farm');
      return customersOfOneShop(scene)
        .slice(0, 6)
        .flatMap((person, i) =>
          [1_500, 30_000].map((amountMinor, step) => ({
            payer: person,
            atMs: scene.nowMs + (i * 5 + step * 2) * minuteMs,
            offsetMinutes: person.home.offsetMinutes,
            amountMinor: Math.round(amountMinor * scene.random.between(0.8, 1.2)),
            channel: 'online',
            merchant: online(scene),
            deviceId,
            place: null,
            ipAddress: scene.foreignAddress(0),
            beneficiaryId: null,
            instrumentId: scene.card(person),
          })),
        );
    },
  },
} as const satisfies Readonly<Record<string, AttackScript>>;

export type AccountAttackName = keyof typeof accountAttackScripts;
