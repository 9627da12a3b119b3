import { describe, expect, it } from 'vitest';
import { Tallier } from '../../../shared/simulation/tally.ts';

describe('the tally', () => {
  it('counts caught and missed per attack, and charges every attack with all false alarms', () => {
    const tallier = new Tallier();
    for (const outcome of ['BLOCK', 'REVIEW', 'ALLOW', 'UNDECIDED'] as const) tallier.add('card-testing', outcome);
    tallier.add('huge-amount', 'ALLOW');
    for (const outcome of ['ALLOW', 'ALLOW', 'REVIEW', 'BLOCK'] as const) tallier.add(null, outcome);
    expect(tallier.tally()).toEqual({
      sent: 9,
      outcomes: { ALLOW: 4, REVIEW: 2, BLOCK: 2, UNDECIDED: 1 },
      honest: 4,
      falseAlarms: 2,
      attacks: {
        'card-testing': { sent: 4, caught: 2, missed: 1, precision: 2 / 4, recall: 2 / 3 },
        'huge-amount': { sent: 1, caught: 0, missed: 1, precision: 0, recall: 0 },
      },
      allAttacks: { sent: 5, caught: 2, missed: 2, precision: 2 / 4, recall: 2 / 4 },
    });
  });

  it('has no precision and no recall where nothing was decided', () => {
    const tallier = new Tallier();
    tallier.add('slow-boil', 'UNDECIDED');
    expect(tallier.tally().allAttacks).toEqual({ sent: 1, caught: 0, missed: 0, precision: null, recall: null });
  });
});
