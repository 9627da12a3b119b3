import type { AttackName } from './attacks.ts';
import type { SimulatedTransaction } from './traffic.ts';

/** By this payment an attack should have been noticed. */
export const noticedWithin = 6;

export type SimulatedOutcome = 'ALLOW' | 'REVIEW' | 'BLOCK' | 'UNDECIDED';

export interface AttackTally {
  /** Attacks carried out, each of one payment or many. */
  readonly attacks: number;
  /** Of them, those with at least one payment that was not allowed. */
  readonly noticed: number;
  /** Of them, those of which one of the first six payments was not allowed. */
  readonly noticedBySixth: number;
  /** Payments. */
  readonly sent: number;
  /** Not allowed: REVIEW or BLOCK. */
  readonly caught: number;
  readonly missed: number;
  /** Payments caught over caught and missed; null when nothing was decided. */
  readonly recall: number | null;
  /** Payments after the sixth of their attack that were decided. */
  readonly later: number;
  readonly laterCaught: number;
  /** Share of the later payments that were caught; null when there were none. */
  readonly stopped: number | null;
}

export interface Tally {
  readonly sent: number;
  readonly outcomes: Readonly<Record<SimulatedOutcome, number>>;
  readonly honest: number;
  /** Honest payments that were not allowed. */
  readonly falseAlarms: number;
  /** False alarms among honest payments that were decided; null when none was. */
  readonly falseAlarmShare: number | null;
  /**
   * Payments of attacks among all payments that were not allowed; null when all were allowed. It exists only for the whole run: a false alarm
   * is not caused by one attack or another, so no attack has a precision of its own.
   */
  readonly precision: number | null;
  readonly attacks: Readonly<Partial<Record<AttackName, AttackTally>>>;
  readonly allAttacks: AttackTally;
}

/** Counts decisions against the known truth, per payment; what stayed undecided is neither caught nor missed. */
export class Tallier {
  readonly #outcomes = { ALLOW: 0, REVIEW: 0, BLOCK: 0, UNDECIDED: 0 };
  readonly #attacks = new Map<AttackName, Counts>();
  #honest = 0;
  #honestDecided = 0;
  #falseAlarms = 0;

  /** Payments of an attack are added in their order. */
  add(attack: SimulatedTransaction['attack'], outcome: SimulatedOutcome): void {
    this.#outcomes[outcome]++;
    const alarm = outcome === 'REVIEW' || outcome === 'BLOCK';
    if (attack === null) {
      this.#honest++;
      if (outcome !== 'UNDECIDED') this.#honestDecided++;
      if (alarm) this.#falseAlarms++;
      return;
    }
    const counts = this.#attacks.get(attack.name) ?? { seen: new Map(), sent: 0, caught: 0, missed: 0, later: 0, laterCaught: 0 };
    const seen = counts.seen.get(attack.id) ?? { payments: 0, noticedAt: null };
    seen.payments++;
    if (alarm) seen.noticedAt ??= seen.payments;
    counts.seen.set(attack.id, seen);
    counts.sent++;
    if (alarm) counts.caught++;
    else if (outcome === 'ALLOW') counts.missed++;
    if (seen.payments > noticedWithin && outcome !== 'UNDECIDED') {
      counts.later++;
      if (alarm) counts.laterCaught++;
    }
    this.#attacks.set(attack.name, counts);
  }

  tally(): Tally {
    const rows = [...this.#attacks].map(([name, counts]) => [name, totals(counts)] as const);
    const sum = (of: (row: Totals) => number) => rows.reduce((total, [, row]) => total + of(row), 0);
    const rated = (row: Totals): AttackTally => ({
      ...row,
      recall: share(row.caught, row.caught + row.missed),
      stopped: share(row.laterCaught, row.later),
    });
    const allAttacks = {
      attacks: sum((row) => row.attacks),
      noticed: sum((row) => row.noticed),
      noticedBySixth: sum((row) => row.noticedBySixth),
      sent: sum((row) => row.sent),
      caught: sum((row) => row.caught),
      missed: sum((row) => row.missed),
      later: sum((row) => row.later),
      laterCaught: sum((row) => row.laterCaught),
    };
    return {
      sent: this.#honest + allAttacks.sent,
      outcomes: { ...this.#outcomes },
      honest: this.#honest,
      falseAlarms: this.#falseAlarms,
      falseAlarmShare: share(this.#falseAlarms, this.#honestDecided),
      precision: share(allAttacks.caught, allAttacks.caught + this.#falseAlarms),
      attacks: Object.fromEntries(rows.map(([name, row]) => [name, rated(row)])),
      allAttacks: rated(allAttacks),
    };
  }
}

interface Counts {
  /** By attack: its payments so far, and the number of the first that was not allowed. */
  readonly seen: Map<string, { payments: number; noticedAt: number | null }>;
  sent: number;
  caught: number;
  missed: number;
  later: number;
  laterCaught: number;
}

type Totals = Omit<AttackTally, 'recall' | 'stopped'>;

const totals = ({ seen, ...counts }: Counts): Totals => {
  const noticedAt = [...seen.values()].flatMap((attack) => attack.noticedAt ?? []);
  return {
    attacks: seen.size,
    noticed: noticedAt.length,
    noticedBySixth: noticedAt.filter((payment) => payment <= noticedWithin).length,
    ...counts,
  };
};

const share = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);
