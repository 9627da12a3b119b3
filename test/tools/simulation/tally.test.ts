import { describe, expect, it } from 'vitest';
import type { AttackName } from '../../../tools/simulation/attacks.ts';
import { Tallier } from '../../../tools/simulation/tally.ts';

describe('the tally', () => {
  it('counts caught and missed per attack, and has one precision for the whole run', () => {
    const tallier = new Tallier();
    const of = (name: AttackName, number: number) => ({ name, id: `${name}-${number}` });
    for (const outcome of ['ALLOW', 'BLOCK', 'ALLOW', 'UNDECIDED'] as const) tallier.add(of('card-testing', 1), outcome);
    tallier.add(of('card-testing', 2), 'REVIEW');
    tallier.add(of('card-testing', 3), 'ALLOW');
    tallier.add(of('huge-amount', 4), 'ALLOW');
    for (const outcome of ['ALLOW', 'ALLOW', 'REVIEW', 'BLOCK'] as const) tallier.add(null, outcome);
    expect(tallier.tally()).toEqual({
      sent: 11,
      outcomes: { ALLOW: 6, REVIEW: 2, BLOCK: 2, UNDECIDED: 1 },
      honest: 4,
      falseAlarms: 2,
      precision: 2 / 4,
      attacks: {
        'card-testing': { attacks: 3, noticed: 2, sent: 6, caught: 2, missed: 3, recall: 2 / 5 },
        'huge-amount': { attacks: 1, noticed: 0, sent: 1, caught: 0, missed: 1, recall: 0 },
      },
      allAttacks: { attacks: 4, noticed: 2, sent: 7, caught: 2, missed: 4, recall: 2 / 6 },
    });
  });

  it('has no precision and no recall when nothing is decided', () => {
    const tallier = new Tallier();
    tallier.add({ name: 'slow-boil', id: 'slow-boil-1' }, 'UNDECIDED');
    expect(tallier.tally().precision).toBeNull();
    expect(tallier.tally().allAttacks).toEqual({
      attacks: 1,
      noticed: 0,
      sent: 1,
      caught: 0,
      missed: 0,
      recall: null,
    });
  });
});
