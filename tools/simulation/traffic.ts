import { type AttackName, attackNames, attackScripts, type Scene } from './attacks.ts';
import { createPopulation, honestDay, type Merchant, type Payment, type Person, phoneOf } from './population.ts';
import { type SeededRandom, seededRandom } from './random.ts';

const dayMs = 86_400_000;
/** No offset is further from UTC than this, so a later local day cannot put anything before it. */
const widestOffsetMs = 14 * 3_600_000;
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
  readonly merchantId: string;
  readonly merchantCategory: string;
  readonly location?: { readonly latitude: number; readonly longitude: number };
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
  /** Honest payments between two attacks, on average. */
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

/**
 * An endless stream of payments in the order of their time, with attacks whose truth is known. The same options give the same stream;
 * another `startMs` of the same weekday and day of the month moves the times only.
 */
export function* simulateTraffic(options: TrafficOptions): Generator<SimulatedTransaction, never, void> {
  const { seed, tag, startMs } = options;
  const population = createPopulation(seed, tag, options.people);
  const crowd = new Crowd();
  const random = seededRandom(seed, 'attacks');
  const waiting: Planned[] = [];
  let deck: AttackName[] = [];
  let number = 0;
  let attacks = 0;
  let honestUntilAttack = pause(random, options);

  for (let dayStartMs = Math.floor(startMs / dayMs) * dayMs; ; dayStartMs += dayMs) {
    for (const person of population.people) {
      for (const payment of honestDay(seed, tag, population, person, dayStartMs)) {
        if (payment.atMs >= startMs) insert(waiting, { payment, attack: null });
      }
    }
    const horizonMs = dayStartMs + dayMs - widestOffsetMs;
    while (waiting.length > 0 && waiting.at(-1)!.payment.atMs < horizonMs) {
      const planned = waiting.pop()!;
      yield { ...toSimulated(planned, `${tag}-t${++number}`, options.currency) };
      if (planned.attack !== null) continue;
      crowd.saw(planned.payment);
      if (options.attacks.length === 0 || --honestUntilAttack > 0) continue;
      honestUntilAttack = pause(random, options);
      if (deck.length === 0) deck = shuffled(random, options.attacks);
      const name = deck.pop()!;
      const id = `${name}-${++attacks}`;
      const scene = setScene(options, population, crowd, random, planned.payment.atMs, id);
      for (const payment of attackScripts[name].payments(scene)) insert(waiting, { payment, attack: { name, id } });
    }
  }
}

interface Planned {
  readonly payment: Payment;
  readonly attack: SimulatedTransaction['attack'];
}

/** Who has paid how often, and where. */
class Crowd {
  readonly #payments = new Map<Person, number>();
  readonly #visitors = new Map<Merchant, Set<Person>>();
  #lastPlaced: Person | null = null;

  saw({ person, merchant, place }: Payment): void {
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
  options: TrafficOptions,
  population: ReturnType<typeof createPopulation>,
  crowd: Crowd,
  random: SeededRandom,
  nowMs: number,
  id: string,
): Scene => ({
  nowMs,
  random,
  people: shuffled(random, crowd.people()),
  justSeen: crowd.justSeen(),
  visitors: (merchant) => crowd.visitors(merchant),
  merchants: population.merchants,
  cities: population.cities,
  phone: (person) => phoneOf(options.tag, person, Math.floor(nowMs / dayMs)),
  foreignDevice: (name) => `${options.tag}-${id}-${name}`,
  foreignMerchant: (category) => ({
    merchantId: `${options.tag}-${id}-shop-${category}`,
    category,
    city: null,
    usualMinor: 10_000,
  }),
});

const pause = (random: SeededRandom, { attackEvery }: TrafficOptions): number =>
  Math.max(1, Math.round(attackEvery * random.between(0.6, 1.4)));

const shuffled = <T>(random: SeededRandom, from: readonly T[]): T[] => {
  const to = [...from];
  for (let i = to.length - 1; i > 0; i--) {
    const j = random.integer(0, i);
    [to[i], to[j]] = [to[j]!, to[i]!];
  }
  return to;
};

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
    userId: payment.person.userId,
    accountId: payment.person.accountId,
    occurredAt: withOffset(payment.atMs, payment.offsetMinutes),
    amountMinor: payment.amountMinor,
    currency,
    channel: payment.channel,
    ...(payment.deviceId === null ? {} : { deviceId: payment.deviceId }),
    merchantId: payment.merchant.merchantId,
    merchantCategory: payment.merchant.category,
    ...(payment.place === null ? {} : { location: payment.place }),
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
