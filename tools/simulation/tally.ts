import type { AttackName } from './attacks.ts';
import type { SimulatedTransaction } from './traffic.ts';

export type SimulatedOutcome = 'ALLOW' | 'REVIEW' | 'BLOCK' | 'UNDECIDED';

export interface AttackTally {
  /** Attacks carried out, each of one payment or many. */
  readonly attacks: number;
  /** Of them, those with at least one payment that was not allowed. */
  readonly noticed: number;
  /** Payments. */
  readonly sent: number;
  /** Not allowed: REVIEW or BLOCK. */
  readonly caught: number;
  readonly missed: number;
  /** Payments caught over caught and missed; null when nothing was decided. */
  readonly recall: number | null;
}

export interface Tally {
  readonly sent: number;
  readonly outcomes: Readonly<Record<SimulatedOutcome, number>>;
  readonly honest: number;
  /** Honest payments that were not allowed. */
  readonly falseAlarms: number;
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
  #falseAlarms = 0;

  add(attack: SimulatedTransaction['attack'], outcome: SimulatedOutcome): void {
    this.#outcomes[outcome]++;
    const alarm = outcome === 'REVIEW' || outcome === 'BLOCK';
    if (attack === null) {
      this.#honest++;
      if (alarm) this.#falseAlarms++;
      return;
    }
    const counts = this.#attacks.get(attack.name) ?? { noticed: new Map(), sent: 0, caught: 0, missed: 0 };
    counts.noticed.set(attack.id, alarm || counts.noticed.get(attack.id) === true);
    counts.sent++;
    if (alarm) counts.caught++;
    else if (outcome === 'ALLOW') counts.missed++;
    this.#attacks.set(attack.name, counts);
  }

  tally(): Tally {
    const rows = [...this.#attacks].map(([name, counts]) => [name, totals(counts)] as const);
    const sum = (of: (row: Totals) => number) => rows.reduce((total, [, row]) => total + of(row), 0);
    const rated = (row: Totals): AttackTally => ({
      ...row,
      recall: share(row.caught, row.caught + row.missed),
    });
    const allAttacks = {
      attacks: sum((row) => row.attacks),
      noticed: sum((row) => row.noticed),
      sent: sum((row) => row.sent),
      caught: sum((row) => row.caught),
      missed: sum((row) => row.missed),
    };
    return {
      sent: this.#honest + allAttacks.sent,
      outcomes: { ...this.#outcomes },
      honest: this.#honest,
      falseAlarms: this.#falseAlarms,
      precision: share(allAttacks.caught, allAttacks.caught + this.#falseAlarms),
      attacks: Object.fromEntries(rows.map(([name, row]) => [name, rated(row)])),
      allAttacks: rated(allAttacks),
    };
  }
}

interface Counts {
  /** By attack: was any of its payments not allowed? */
  readonly noticed: Map<string, boolean>;
  sent: number;
  caught: number;
  missed: number;
}

type Totals = Omit<AttackTally, 'recall'>;

const totals = ({ noticed, sent, caught, missed }: Counts): Totals => ({
  attacks: noticed.size,
  noticed: [...noticed.values()].filter((isNoticed) => isNoticed).length,
  sent,
  caught,
  missed,
});

const share = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);
