import type { AttackName } from './attacks.ts';

export type SimulatedOutcome = 'ALLOW' | 'REVIEW' | 'BLOCK' | 'UNDECIDED';

export interface AttackTally {
  readonly sent: number;
  /** Not allowed: REVIEW or BLOCK. */
  readonly caught: number;
  readonly missed: number;
  /** Caught over caught and all false alarms; null when there was neither. */
  readonly precision: number | null;
  /** Caught over caught and missed; null when nothing was decided. */
  readonly recall: number | null;
}

export interface Tally {
  readonly sent: number;
  readonly outcomes: Readonly<Record<SimulatedOutcome, number>>;
  readonly honest: number;
  /** Honest payments that were not allowed. */
  readonly falseAlarms: number;
  readonly attacks: Readonly<Partial<Record<AttackName, AttackTally>>>;
  readonly allAttacks: AttackTally;
}

/** Counts decisions against the known truth, per payment; what stayed undecided is neither caught nor missed. */
export class Tallier {
  readonly #outcomes = { ALLOW: 0, REVIEW: 0, BLOCK: 0, UNDECIDED: 0 };
  readonly #attacks = new Map<AttackName, { sent: number; caught: number; missed: number }>();
  #honest = 0;
  #falseAlarms = 0;

  add(attack: AttackName | null, outcome: SimulatedOutcome): void {
    this.#outcomes[outcome]++;
    const alarm = outcome === 'REVIEW' || outcome === 'BLOCK';
    if (attack === null) {
      this.#honest++;
      if (alarm) this.#falseAlarms++;
      return;
    }
    const counts = this.#attacks.get(attack) ?? { sent: 0, caught: 0, missed: 0 };
    counts.sent++;
    if (alarm) counts.caught++;
    else if (outcome === 'ALLOW') counts.missed++;
    this.#attacks.set(attack, counts);
  }

  tally(): Tally {
    const rows = [...this.#attacks.values()];
    const sum = (of: (row: { sent: number; caught: number; missed: number }) => number) =>
      rows.reduce((total, row) => total + of(row), 0);
    const rated = (row: { sent: number; caught: number; missed: number }): AttackTally => ({
      ...row,
      precision: share(row.caught, row.caught + this.#falseAlarms),
      recall: share(row.caught, row.caught + row.missed),
    });
    return {
      sent: this.#honest + sum((row) => row.sent),
      outcomes: { ...this.#outcomes },
      honest: this.#honest,
      falseAlarms: this.#falseAlarms,
      attacks: Object.fromEntries([...this.#attacks].map(([name, row]) => [name, rated(row)])),
      allAttacks: rated({ sent: sum((row) => row.sent), caught: sum((row) => row.caught), missed: sum((row) => row.missed) }),
    };
  }
}

const share = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);
