import { describe, expect, it } from 'vitest';
import type { AttackName } from '../../../tools/simulation/attacks.ts';
import { Tallier } from '../../../tools/simulation/tally.ts';

const noLater = { later: 0, laterCaught: 0, stopped: null } as const;

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
      falseAlarmShare: 2 / 4,
      precision: 2 / 4,
      attacks: {
        'card-testing': { ...noLater, attacks: 3, noticed: 2, noticedBySixth: 2, sent: 6, caught: 2, missed: 3, recall: 2 / 5 },
        'huge-amount': { ...noLater, attacks: 1, noticed: 0, noticedBySixth: 0, sent: 1, caught: 0, missed: 1, recall: 0 },
      },
      allAttacks: { ...noLater, attacks: 4, noticed: 2, noticedBySixth: 2, sent: 7, caught: 2, missed: 4, recall: 2 / 6 },
    });
  });

  it.each([
    ['the sixth payment', 6, 1],
    ['the seventh payment', 7, 0],
  ])('tells an attack that is noticed by %s', (_, noticedAt, bySixth) => {
    const tallier = new Tallier();
    for (let payment = 1; payment <= 10; payment++) {
      tallier.add(
        { name: 'slow-boil', id: 'slow-boil-1' },
        payment === 9 ? 'UNDECIDED' : payment >= noticedAt ? 'REVIEW' : 'ALLOW',
      );
    }
    const { noticed, noticedBySixth, later, laterCaught, stopped } = tallier.tally().attacks['slow-boil']!;
    expect({ noticed, noticedBySixth, later, laterCaught, stopped }).toEqual({
      noticed: 1,
      noticedBySixth: bySixth,
      later: 3,
      laterCaught: 3,
      stopped: 1,
    });
  });

  it('has no precision and no recall when nothing is decided', () => {
    const tallier = new Tallier();
    tallier.add({ name: 'slow-boil', id: 'slow-boil-1' }, 'UNDECIDED');
    expect(tallier.tally().precision).toBeNull();
    expect(tallier.tally().falseAlarmShare).toBeNull();
    expect(tallier.tally().allAttacks).toEqual({
      attacks: 1,
      ...noLater,
      noticed: 0,
      noticedBySixth: 0,
      sent: 1,
      caught: 0,
      missed: 0,
      recall: null,
    });
  });
});
