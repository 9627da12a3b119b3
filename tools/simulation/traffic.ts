import { dayMs, hourMs } from '../../shared/domain/durations.ts';
import { type SeededRandom, seededRandom } from '../../shared/store/random.ts';
import { accountAttackScripts } from './accountAttacks.ts';
import { ipv4Address, ipv6Address } from './addresses.ts';
import { type AttackName, attackNames, attackScripts } from './attacks.ts';
import { createCommunity } from './community.ts';
import { networkAttackScripts } from './networkAttacks.ts';
import {
  bankAccountOf,
  cardOf,
  createPopulation,
  homeAddress,
  honestDay,
  type Merchant,
  type Payment,
  type Person,
  phoneOf,
} from './population.ts';
import { foreignAddressesMax, type Scene } from './scene.ts';

/** No offset is further from UTC than this, so a later local day cannot put anything before it. */
const widestOffsetMs = 14 * hourMs;
/** Payments a person must have made before an attack picks that account: without a history nothing is unusual. */
const historyPayments = 3;

/** One transaction as the API takes it (contract, DESIGN section 3). */
interface TransactionBody {
  readonly transactionId: string;
  readonly userId: string;
  readonly accountId: string;
  readonly occurredAt: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly channel: string;
  readonly deviceId?: string;
  readonly merchantId?: string;
  readonly merchantCategory?: string;
  readonly location?: { readonly latitude: number; readonly longitude: number };
  readonly ipAddress?: string;
  readonly beneficiaryId?: string;
  readonly instrumentId?: string;
}

export interface SimulatedTransaction {
  readonly transaction: TransactionBody;
  /** Epoch milliseconds of `transaction.occurredAt`. */
  readonly occurredAtMs: number;
  /** The truth, never sent: null for an honest payment. */
  readonly attack: { readonly name: AttackName; readonly id: string } | null;
}

export interface TrafficOptions {
  readonly seed: number;
  /** Epoch milliseconds of the first simulated midnight UTC. */
  readonly startMs: number;
  /** Accounts, 1..100,000. */
  readonly people: number;
  readonly currency: string;
  /** Starts every id. */
  readonly tag: string;
  readonly attacks: readonly AttackName[];
  /** Honest payments of people between two attacks on an account, on average; an attack on many accounts comes after four times as many. */
  readonly attackEvery: number;
}

export const defaultTraffic = {
  /** Fixed, so that the same seed gives the same stream to the byte. */
  startMs: Date.UTC(2025, 10, 3),
  people: 50,
  currency: 'EUR',
  attacks: attackNames,
  attackEvery: 60,
} as const;

/** An attack on many accounts is long: it waits for so many times `attackEvery` honest payments. */
const networkAttackPauses = 4;

/**
 * An endless stream of payments in the order of their time, with attacks whose truth is known. The same options give the same stream;
 * another `startMs` of the same weekday and day of the month moves the times only. What people pay each by themselves and the attacks on
 * single accounts (ids with `-t`) do not depend on what they share and on the attacks on many accounts (ids with `-x`).
 */
export function* simulateTraffic(options: TrafficOptions): Generator<SimulatedTransaction, never, void> {
  const { seed, tag, startMs } = options;
  const population = createPopulation(seed, tag, options.people);
  const communityDay = createCommunity(seed, tag, population);
  const crowd = new Crowd();
  const onAccounts = new AttackPlan(options, accountAttackScripts, 'attacks', options.attackEvery);
  const onNetworks = new AttackPlan(options, networkAttackScripts, 'network attacks', networkAttackPauses * options.attackEvery);
  const waiting: Planned[] = [];
  const numbers = { t: 0, x: 0 };

  for (let dayStartMs = Math.floor(startMs / dayMs) * dayMs; ; dayStartMs += dayMs) {
    for (const person of population.people) {
      for (const payment of honestDay(seed, tag, population, person, dayStartMs)) {
        if (payment.atMs >= startMs) insert(waiting, { payment, series: 't', attack: null, person });
      }
    }
    for (const payment of communityDay(dayStartMs)) {
      if (payment.atMs >= startMs) insert(waiting, { payment, series: 'x', attack: null, person: null });
    }
    const horizonMs = dayStartMs + dayMs - widestOffsetMs;
    while (waiting.length > 0 && waiting.at(-1)!.payment.atMs < horizonMs) {
      const planned = waiting.pop()!;
      yield toSimulated(planned, `${tag}-${planned.series}${++numbers[planned.series]}`, options.currency);
      if (planned.attack !== null || planned.person === null) continue;
      crowd.saw(planned.person, planned.payment);
      for (const [plan, series] of [
        [onAccounts, 't'],
        [onNetworks, 'x'],
      ] as const) {
        const attack = plan.next();
        if (attack === null) continue;
        const scene = setScene(options, population, crowd, attack, planned.payment.atMs);
        for (const payment of attackScripts[attack.name].payments(scene)) {
          insert(waiting, { payment, series, attack: { name: attack.name, id: attack.id }, person: null });
        }
      }
    }
  }
}

interface Planned {
  readonly payment: Payment;
  readonly series: 't' | 'x';
  readonly attack: SimulatedTransaction['attack'];
  /** Whose history it is part of, which attacks build on. */
  readonly person: Person | null;
}

interface PlannedAttack {
  readonly name: AttackName;
  readonly id: string;
  /** Of the plan, from 1. */
  readonly number: number;
  readonly random: SeededRandom;
}

/** Says after which honest payment an attack begins; each name comes once before any comes again. */
class AttackPlan {
  readonly #names: readonly AttackName[];
  readonly #every: number;
  readonly #random: SeededRandom;
  #deck: AttackName[] = [];
  #number = 0;
  #left: number;

  constructor({ seed, attacks }: TrafficOptions, scripts: Readonly<Record<string, unknown>>, stream: string, every: number) {
    this.#names = attacks.filter((name) => Object.hasOwn(scripts, name));
    this.#every = every;
    this.#random = seededRandom(seed, stream);
    this.#left = this.#pause();
  }

  /** Counts one honest payment; the attack that begins with it, or null. */
  next(): PlannedAttack | null {
    if (this.#names.length === 0 || --this.#left > 0) return null;
    this.#left = this.#pause();
    if (this.#deck.length === 0) this.#deck = this.#random.shuffled(this.#names);
    const name = this.#deck.pop()!;
    const number = ++this.#number;
    return { name, id: `${name}-${number}`, number, random: this.#random };
  }

  #pause(): number {
    return Math.max(1, Math.round(this.#every * this.#random.between(0.6, 1.4)));
  }
}

/** Who has paid how often, and where. */
class Crowd {
  readonly #payments = new Map<Person, number>();
  readonly #visitors = new Map<Merchant, Set<Person>>();
  #lastPlaced: Person | null = null;

  saw(person: Person, { merchant, place }: Payment): void {
    if (merchant === null) return;
    if (place !== null) this.#lastPlaced = person;
    this.#payments.set(person, (this.#payments.get(person) ?? 0) + 1);
    const visitors = this.#visitors.get(merchant) ?? new Set();
    this.#visitors.set(merchant, visitors.add(person));
  }

  known(person: Person): boolean {
    return (this.#payments.get(person) ?? 0) >= historyPayments;
  }

  people(): Person[] {
    return [...this.#payments.keys()].filter((person) => this.known(person));
  }

  justSeen(): Person | null {
    return this.#lastPlaced !== null && this.known(this.#lastPlaced) ? this.#lastPlaced : null;
  }

  visitors(merchant: Merchant): Person[] {
    return [...(this.#visitors.get(merchant) ?? [])].filter((person) => this.known(person));
  }
}

const setScene = (
  { tag }: TrafficOptions,
  population: ReturnType<typeof createPopulation>,
  crowd: Crowd,
  { id, number, random }: PlannedAttack,
  nowMs: number,
): Scene => ({
  nowMs,
  random,
  people: random.shuffled(crowd.people()),
  justSeen: crowd.justSeen(),
  visitors: (merchant) => crowd.visitors(merchant),
  merchants: population.merchants,
  cities: population.cities,
  phone: (person) => phoneOf(tag, person, Math.floor(nowMs / dayMs)),
  card: (person) => cardOf(tag, person),
  bankAccount: (person) => bankAccountOf(tag, person),
  homeAddress,
  foreignDevice: (name) => `${tag}-${id}-${name}`,
  foreignMerchant: (category) => ({
    merchantId: `${tag}-${id}-shop-${category}`,
    category,
    city: null,
    usualMinor: 10_000,
  }),
  foreignBeneficiary: (name) => `${tag}-${id}-${name}@bank`,
  foreignCard: (name) => `${tag}-${id}-${name}`,
  foreignPayer: (name) => ({ userId: `${tag}-${id}-${name}-u`, accountId: `${tag}-${id}-${name}-a` }),
  foreignAddress: (index) => ipv4Address('proxies', number * foreignAddressesMax + index),
  foreignNetworkAddress: (host) => ipv6Address('rented', number, host),
});

/** Keeps the latest first; of equal times, what was planned first comes out first. */
const insert = (waiting: Planned[], planned: Planned): void => {
  let low = 0;
  let high = waiting.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (waiting[middle]!.payment.atMs > planned.payment.atMs) low = middle + 1;
    else high = middle;
  }
  waiting.splice(low, 0, planned);
};

const toSimulated = ({ payment, attack }: Planned, transactionId: string, currency: string): SimulatedTransaction => ({
  transaction: {
    transactionId,
    userId: payment.payer.userId,
    accountId: payment.payer.accountId,
    occurredAt: withOffset(payment.atMs, payment.offsetMinutes),
    amountMinor: payment.amountMinor,
    currency,
    channel: payment.channel,
    ...(payment.deviceId === null ? {} : { deviceId: payment.deviceId }),
    ...(payment.merchant === null
      ? {}
      : { merchantId: payment.merchant.merchantId, merchantCategory: payment.merchant.category }),
    ...(payment.place === null ? {} : { location: payment.place }),
    ...(payment.ipAddress === null ? {} : { ipAddress: payment.ipAddress }),
    ...(payment.beneficiaryId === null ? {} : { beneficiaryId: payment.beneficiaryId }),
    ...(payment.instrumentId === null ? {} : { instrumentId: payment.instrumentId }),
  },
  occurredAtMs: payment.atMs,
  attack,
});

/** RFC 3339 with 3 decimals and the offset written out. */
const withOffset = (atMs: number, offsetMinutes: number): string => {
  const local = new Date(atMs + offsetMinutes * 60_000).toISOString().slice(0, -1);
  const minutes = Math.abs(offsetMinutes);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${local}${offsetMinutes < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
};
