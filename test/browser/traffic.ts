import { distanceKm } from '../../shared/domain/geo.ts';
import { type SimulatedTransaction, simulateTraffic } from '../../tools/simulation/traffic.ts';

type Payment = SimulatedTransaction['transaction'];

/** One simulated account takeover, whole, and what its victim paid before, in the order of their times. */
export interface Takeover {
  readonly history: readonly Payment[];
  readonly attack: readonly Payment[];
}

const paymentsMax = 5_000;
const historyMin = 10;
const kmhMin = 1_200;

/** The first takeover of a seeded stream whose thief is further away than the victim can have travelled since the payment before. */
export const takeover = (seed: number): Takeover => {
  const attacks = new Map<string, Payment[]>();
  const honest = new Map<string, Payment[]>();
  let seen = 0;
  for (const { transaction, attack } of simulateTraffic(optionsOf(seed))) {
    seen += 1;
    if (seen > paymentsMax) break;
    const [payments, name] = attack === null ? [honest, transaction.accountId] : [attacks, attack.id];
    payments.set(name, [...(payments.get(name) ?? []), transaction]);
  }
  for (const attack of [...attacks.values()].slice(0, -1)) {
    const first = attack[0]!;
    const history = (honest.get(first.accountId) ?? []).filter(
      ({ occurredAt }) => Date.parse(occurredAt) < Date.parse(first.occurredAt),
    );
    const isFirst = [...attacks.values()].find(([payment]) => payment!.accountId === first.accountId) === attack;
    if (isFirst && history.length >= historyMin && kmhBetween(history.at(-1)!, first) >= kmhMin) return { history, attack };
  }
  throw new Error(`no such takeover within ${paymentsMax} payments of seed ${seed}`);
};

const optionsOf = (seed: number) =>
  ({
    seed,
    startMs: Date.UTC(2025, 10, 3),
    people: 12,
    currency: 'EUR',
    tag: `v${seed}`,
    attacks: ['account-takeover'],
    attackEvery: 90,
  }) as const;

const kmhBetween = (before: Payment, after: Payment): number => {
  if (before.location === undefined || after.location === undefined) return 0;
  const hours = (Date.parse(after.occurredAt) - Date.parse(before.occurredAt)) / 3_600_000;
  return distanceKm(before.location, after.location) / hours;
};
