import type { Bug } from './bug.ts';

const countingTest = 'entities/counting.test.ts';
const streamTest = 'entities/stream.test.ts';

/** Bugs of counting across accounts. */
export const entityBugs: readonly Bug[] = [
  {
    name: 'the figures of an entity lack the payment at hand',
    breaks: 'a limit of 5 lets 6 pass',
    edits: [{ find: '$WITHIN.length + 1', within: 'entityFigures', isEverywhere: true, replace: '$WITHIN.length' }],
    caughtBy: countingTest,
  },
  {
    name: 'the windows of an entity end at its newest attempt, however much newer',
    breaks: 'a late payment is counted with those that came after it',
    edits: [{ find: '$LATE ? $OWN.atMs : $NEWEST', within: 'entityFigures', replace: '$NEWEST' }],
    caughtBy: streamTest,
  },
  {
    name: 'the windows of an entity end at the time of the payment at hand',
    breaks: 'a limit is passed by sending the newest first',
    edits: [{ find: '$LATE ? $OWN.atMs : $NEWEST', within: 'entityFigures', replace: '$OWN.atMs' }],
    caughtBy: countingTest,
  },
  {
    name: 'a repeat is another attempt on an entity',
    breaks: 'a redelivery counts twice, and honest customers are reviewed',
    edits: [
      {
        find: '$HASHES.transaction($PARTITION, transactionId)',
        replace: '$HASHES.transaction($PARTITION, transactionId + Math.random())',
      },
    ],
    caughtBy: countingTest,
  },
  {
    name: 'a retry within a call reads the figures of its entities anew',
    breaks: 'a payment is decided by attempts that came after it',
    edits: [{ find: 'if (known !== undefined) return known;', within: 'entityCounter', replace: ';' }],
    caughtBy: countingTest,
  },
  {
    name: 'a kind of entity that is not tracked is counted',
    breaks: 'a tenant pays for figures that its policy does not ask for',
    edits: [{ find: "if (!$KINDS.has(kind)) return 'NOT_TRACKED';", within: 'entityCounter', replace: ';' }],
    caughtBy: countingTest,
  },
  {
    name: 'an entity is never saturated',
    breaks: 'lower bounds are taken for counts, and the attack on a busy entity passes',
    edits: [
      {
        find: '$DAY.day >= $FIRST && $DAY.day <= $LAST && ($DAY.isFull || $COUNTED >= attemptsKept)',
        within: 'isSaturated',
        replace: 'false',
      },
    ],
    caughtBy: 'entities/busyEntity.test.ts',
  },
  {
    name: 'the other days of an entity are read before the payment is counted',
    breaks: 'two payments on two sides of midnight miss each other',
    edits: [
      {
        find: 'const item = await again(() => table.update(key, $CHANGE));',
        within: 'entityCounter',
        replace:
          'const around = await again(() => recordsAround(table, place)); const item = await again(() => table.update(key, $CHANGE));',
      },
      { find: 'again(() => recordsAround(table, place))', within: 'entityCounter', replace: 'around' },
    ],
    caughtBy: countingTest,
  },
  {
    name: 'a repeat that was refused stays counted on its entities',
    breaks: 'anyone who knows a used id fills the records of others',
    edits: [{ find: 'await Promise.all(group.map((pending) => takeBack($DEPENDENCIES, pending)));', replace: '[]' }],
    caughtBy: 'flow/entities.test.ts',
  },
];
