import type { Bug } from './bug.ts';

const decideTest = 'domain/decide.test.ts';
const windowTest = 'domain/window.test.ts';

/** Bugs of what is decided: windows, signals, money, verdicts and the state of an account. */
export const domainBugs: readonly Bug[] = [
  {
    name: 'the sequence is not incremented',
    breaks: 'entries fall on each other, the account stands still',
    edits: [{ find: '$ACCOUNT.sequence + 1', within: 'decide', replace: '$ACCOUNT.sequence' }],
    caughtBy: decideTest,
  },
  {
    name: 'the hour includes its far edge',
    breaks: 'a payment exactly an hour old is counted',
    edits: [{ find: '$SPAN.newestMs <= $END - hourMs', replace: '$SPAN.newestMs < $END - hourMs' }],
    caughtBy: windowTest,
  },
  {
    name: 'the minute includes its far edge',
    breaks: 'a payment exactly 60 s old is counted',
    edits: [{ find: '$SPAN.newestMs > $END - minuteMs', replace: '$SPAN.newestMs >= $END - minuteMs' }],
    caughtBy: windowTest,
  },
  {
    name: 'an edge that touches a span does not open it',
    breaks: 'a window is guessed',
    edits: [
      {
        find: '$SPAN.oldestMs <= $EDGE && $SPAN.newestMs > $EDGE',
        replace: '$SPAN.oldestMs < $EDGE && $SPAN.newestMs > $EDGE',
      },
    ],
    caughtBy: windowTest,
  },
  {
    name: 'sums are kept in single precision',
    breaks: 'amounts above 16,777,216 minor units lose their last digits',
    edits: [
      {
        find: 'spend24hMinor = addMinor(spend24hMinor, $AMOUNT)',
        replace: 'spend24hMinor = Math.fround(addMinor(spend24hMinor, $AMOUNT))',
      },
    ],
    caughtBy: windowTest,
  },
  {
    name: 'sums do not saturate',
    breaks: 'sums beyond 2^53-1 are inexact',
    edits: [{ find: 'Math.min($A + $B, amountMax)', replace: '$A + $B' }],
    caughtBy: windowTest,
  },
  {
    name: 'a saturated sum is subtracted from',
    breaks: 'what is left of it is wrong when the large amount has left the window',
    edits: [
      {
        find: '$SPAN.spendMinor === amountMax ? amountMax : $LEFT',
        replace: '$LEFT',
      },
      { find: '$A || $SPAN.spendMinor === amountMax', replace: '$A' },
    ],
    caughtBy: windowTest,
  },
  {
    name: 'windows of payments in flight end at their own time',
    breaks: 'a limit is passed by racing',
    edits: [
      {
        find: '$LATE ? $TRANSACTION.occurredAtMs : Math.max($ACCOUNT.newestMs, $TRANSACTION.occurredAtMs)',
        replace: '$TRANSACTION.occurredAtMs',
      },
    ],
    caughtBy: decideTest,
  },
  {
    name: 'a payment exactly 60 s behind is not late',
    breaks: 'it is counted with payments it must not see',
    edits: [{ find: '$BY >= lateMs', within: 'decide', replace: '$BY > lateMs' }],
    caughtBy: decideTest,
  },
  {
    name: 'the amount of a BLOCKed payment is spend',
    breaks: 'one blocked attempt blocks the rest of the day',
    edits: [
      {
        find: "$OUTCOME === 'BLOCK' || $SPEND === null ? 0 : $SPEND",
        replace: '$SPEND === null ? 0 : $SPEND',
      },
    ],
    caughtBy: decideTest,
  },
  {
    name: 'a BLOCKed payment makes its device known',
    breaks: 'a thief registers his device by being blocked',
    edits: [{ find: 'if (blocked) return $COMMITTED;', replace: ';' }],
    caughtBy: decideTest,
  },
  {
    name: 'triggers of the payment itself are not in its counts',
    breaks: 'the explanation lacks what has just happened',
    edits: [
      {
        find: '$SUMS.triggers24h.slice(0, $NAMES.length).map(($TIMES, $I) => $TIMES + (($TRIGGERED >> $I) & 1))',
        replace: '$SUMS.triggers24h.slice(0, $NAMES.length)',
      },
    ],
    caughtBy: 'domain/decideStreams.test.ts',
  },
  {
    name: 'of devices seen at one instant the wrong one is forgotten',
    breaks: 'a known device is called new',
    edits: [{ find: '$DEVICE.lastSeenMs <= $SEEN', replace: '$DEVICE.lastSeenMs < $SEEN' }],
    caughtBy: decideTest,
  },
  {
    name: 'a missing rate reads as no spend',
    breaks: 'payments in an unknown currency pass every spending limit',
    edits: [{ find: "missing('NO_RATE')", within: 'totalSpend24h', replace: 'reading(0)' }],
    caughtBy: 'signals/totalSpend24h.test.ts',
  },
  {
    name: 'a device unseen for exactly 90 days is known',
    breaks: 'the boundary of the contract',
    edits: [{ find: '$AGE >= forgottenMs', within: 'newDeviceUsed', replace: '$AGE > forgottenMs' }],
    caughtBy: 'signals/newDeviceUsed.test.ts',
  },
  {
    name: 'night ends at 05:00 included',
    breaks: 'the boundary of the contract',
    edits: [{ find: '$TIME < 5 * hourMs', replace: '$TIME <= 5 * hourMs' }],
    caughtBy: 'signals/unusualHour.test.ts',
  },
  {
    name: 'two places at one instant divide by zero',
    breaks: 'an infinite speed cannot be stored or compared',
    edits: [{ find: 'Math.max(gapMinMs, $GAP)', replace: '$GAP' }],
    caughtBy: 'signals/impossibleTravel.test.ts',
  },
  {
    name: 'conversion rounds halves up',
    breaks: 'sums drift upwards against every other system',
    edits: [
      {
        find: '$REST > $DIVISOR || ($REST === $DIVISOR && $QUOTIENT % 2n === 1n)',
        replace: '$REST >= $DIVISOR',
      },
    ],
    caughtBy: 'domain/money.test.ts',
  },
  {
    name: 'failTo lowers an outcome',
    breaks: 'a BLOCK becomes a REVIEW because something else is missing',
    edits: [{ find: 'graver($OUTCOME, $POLICY.failTo)', replace: '$POLICY.failTo' }],
    caughtBy: 'domain/verdict.test.ts',
  },
  {
    name: 'the cut-offs are exclusive',
    breaks: 'a score of exactly 70 is not BLOCKed',
    edits: [{ find: '$SCORE >= toHundredths($CUTOFFS.block)', replace: '$SCORE > toHundredths($CUTOFFS.block)' }],
    caughtBy: 'domain/verdict.test.ts',
  },
  {
    name: 'the packed state forgets that a place was forgotten',
    breaks: 'a late payment reads 0 km/h where nothing is known',
    edits: [{ find: "flag('placesForgotten')", replace: "{ ...flag('placesForgotten'), get: () => 0 }" }],
    caughtBy: 'domain/state.test.ts',
  },
];
