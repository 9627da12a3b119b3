import { minuteMs } from '../../shared/domain/durations.ts';
import type { Payment } from './population.ts';
import { type AttackScript, count, customersOfOneShop, online, type Scene } from './scene.ts';

/**
 * Attacks on many accounts, each of which pays once or twice, in ordinary amounts: what tells them is what the accounts share. In each attack
 * the accounts share one thing only, so that a rule on another thing does not help. Sources of the numbers: docs/simulation.md.
 */
const accountsPerFarmDevice = 35;
const credentialsTaken = 24;
const cardsTested = 12;
const mules = 4;
const victimsPerMule = 3;
const cardsCashedOut = 24;
/** A mule keeps the rest. */
const forwarded = [0.9, 0.95] as const;
/** In the order of a script. */
const proxiesFirst = 1;

/** The times of `length` payments, with a pause of `low` to `high` milliseconds before each but the first. */
const paced = (scene: Scene, length: number, low: number, high: number): number[] => {
  const times: number[] = [];
  for (let atMs = scene.nowMs; times.length < length; atMs += scene.random.integer(low, high)) times.push(atMs);
  return times;
};

export const networkAttackScripts = {
  'device-farm': {
    text: 'one device sends money from 35 accounts, each behind an address of its own',
    payments: (scene) => {
      const deviceId = scene.foreignDevice('farm');
      return paced(scene, accountsPerFarmDevice, 3 * minuteMs, 8 * minuteMs).map((atMs, i) => ({
        payer: scene.foreignPayer(`farmed${i}`),
        atMs,
        offsetMinutes: 0,
        amountMinor: scene.random.integer(6_000, 20_000),
        channel: 'transfer',
        merchant: null,
        deviceId,
        place: null,
        ipAddress: scene.foreignAddress(proxiesFirst + i),
        beneficiaryId: scene.foreignBeneficiary(`wallet${i}`),
        instrumentId: scene.foreignCard(`account${i}`),
      }));
    },
  },
  'address-rotation': {
    text: 'stolen passwords: 24 accounts pay from new devices, the address changes within one IPv6 network',
    payments: (scene) => {
      const merchant = online(scene);
      const victims = scene.people.slice(0, credentialsTaken);
      return paced(scene, victims.length, 0.75 * minuteMs, 2.5 * minuteMs).map((atMs, i) => ({
        payer: victims[i]!,
        atMs,
        offsetMinutes: victims[i]!.home.offsetMinutes,
        amountMinor: scene.random.integer(3_000, 12_000),
        channel: 'online',
        merchant,
        deviceId: scene.foreignDevice(`browser${i}`),
        place: null,
        ipAddress: scene.foreignNetworkAddress(i + 1),
        beneficiaryId: null,
        instrumentId: scene.card(victims[i]!),
      }));
    },
  },
  'shared-card-testing': {
    text: 'a bot tries stolen cards, each from several new accounts, devices and addresses',
    payments: (scene) => {
      const merchant = online(scene);
      const tries = count(cardsTested).flatMap((card) => count(scene.random.integer(3, 5)).map(() => card));
      return paced(scene, tries.length, 5_000, 30_000).map((atMs, i) => ({
        payer: scene.foreignPayer(`tester${i}`),
        atMs,
        offsetMinutes: 0,
        amountMinor: scene.random.integer(50, 299),
        channel: 'online',
        merchant,
        deviceId: scene.foreignDevice(`bot${i}`),
        place: null,
        ipAddress: scene.foreignAddress(proxiesFirst + i),
        beneficiaryId: null,
        instrumentId: scene.foreignCard(`card${tries[i]}`),
      }));
    },
  },
  'mule-network': {
    text: 'twelve people pay four mules, who send the money on to one account within minutes',
    payments: (scene) => {
      const victims = scene.people.slice(0, mules * victimsPerMule);
      const collector = scene.foreignBeneficiary('collector');
      return paced(scene, victims.length, 0.5 * minuteMs, 4 * minuteMs).flatMap((atMs, i): Payment[] => {
        const person = victims[i]!;
        const mule = i % mules;
        const amountMinor = scene.random.integer(20_000, 90_000);
        const transfer = { channel: 'transfer', merchant: null, place: null } as const;
        return [
          {
            ...transfer,
            payer: person,
            atMs,
            offsetMinutes: person.home.offsetMinutes,
            amountMinor,
            deviceId: scene.phone(person),
            ipAddress: scene.homeAddress(person),
            beneficiaryId: scene.foreignBeneficiary(`mule${mule}`),
            instrumentId: scene.bankAccount(person),
          },
          {
            ...transfer,
            payer: scene.foreignPayer(`mule${mule}`),
            atMs: atMs + scene.random.integer(4 * minuteMs, 15 * minuteMs),
            offsetMinutes: 0,
            amountMinor: Math.round(amountMinor * scene.random.between(...forwarded)),
            deviceId: scene.foreignDevice(`mule${mule}`),
            ipAddress: scene.foreignAddress(proxiesFirst + mule),
            beneficiaryId: collector,
            instrumentId: scene.foreignCard(`mule${mule}`),
          },
        ];
      });
    },
  },
  'merchant-skimming': {
    text: 'cards skimmed at one shop are cashed out at another, each from a device and an address of its own',
    payments: (scene) => {
      const merchant = online(scene);
      const skimmed = customersOfOneShop(scene).slice(0, cardsCashedOut);
      return paced(scene, skimmed.length, minuteMs, 4 * minuteMs).map((atMs, i) => ({
        payer: skimmed[i]!,
        atMs,
        offsetMinutes: skimmed[i]!.home.offsetMinutes,
        amountMinor: Math.round(merchant.usualMinor * scene.random.between(0.7, 2)),
        channel: 'online',
        merchant,
        deviceId: scene.foreignDevice(`buyer${i}`),
        place: null,
        ipAddress: scene.foreignAddress(proxiesFirst + i),
        beneficiaryId: null,
        instrumentId: scene.card(skimmed[i]!),
      }));
    },
  },
} as const satisfies Readonly<Record<string, AttackScript>>;

export type NetworkAttackName = keyof typeof networkAttackScripts;
