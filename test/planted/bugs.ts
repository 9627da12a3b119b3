/** A change of the sources. */
export interface Edit {
  /** The code to change, as a pattern of `pattern.ts`: `$NAME` is any expression, `...$REST` the other properties of an object. */
  readonly find: string;
  /** Only inside a function, method or constant of this name, for a pattern that is also found elsewhere. */
  readonly within?: string;
  /** Only in this folder, for the same reason. */
  readonly folder?: string;
  /** The bug is made wherever the pattern is found; by default it must be found exactly once. */
  readonly isEverywhere?: boolean;
  readonly replace: string;
}

/** A bug that somebody could make: `edits` put it into the sources, `caughtBy` must fail for it. */
export interface Bug {
  readonly name: string;
  /** What it does to users. */
  readonly breaks: string;
  readonly edits: readonly Edit[];
  /** The same bug for code that is written in another way. Exactly one of the ways must be found. */
  readonly or?: readonly (readonly Edit[])[];
  /** A test file by the end of its path, or the simulation's first seeds. */
  readonly caughtBy: string;
}

export const simulation = 'simulation';

const poisonTest = 'score/poison.test.ts';
const settlingTest = 'ledger/settling.test.ts';
const decideTest = 'domain/decide.test.ts';
const windowTest = 'domain/window.test.ts';

/** The commit of a decision: `error` says which failures it ignores. */
const ignored = (error: string): readonly Edit[] => [
  {
    find: 'table.transact($WRITES, { once: true })',
    folder: 'shared/ledger',
    isEverywhere: true,
    replace: `table.transact($WRITES, { once: true }).catch((error) => { if (error.name !== '${error}') throw error; })`,
  },
];

export const bugs: readonly Bug[] = [
  {
    name: 'the condition on the STATE put is dropped',
    breaks: 'two payments at once both miss each other',
    edits: [{ find: '{ condition: unmoved($SEQUENCE), ...$REST }', within: 'fold', replace: '{ $REST }' }],
    caughtBy: simulation,
  },
  {
    name: 'the condition on the STATE put is dropped, seen by the request',
    breaks: 'two payments at once both miss each other',
    edits: [{ find: '{ condition: unmoved($SEQUENCE), ...$REST }', within: 'fold', replace: '{ $REST }' }],
    caughtBy: settlingTest,
  },
  {
    name: 'the condition on the DECISION put is dropped',
    breaks: 'a redelivered payment is decided twice',
    edits: [
      {
        find: "{ item: decisionItem($DECISION), condition: { kind: 'absent' }, ...$REST }",
        replace: '{ item: decisionItem($DECISION), $REST }',
      },
    ],
    caughtBy: simulation,
  },
  {
    name: 'the condition on the AUDIT put is dropped',
    breaks: 'an entry can be written over',
    edits: [
      {
        find: "{ item: auditItem($ENTRY, $DECISION), condition: { kind: 'absent' }, ...$REST }",
        replace: '{ item: auditItem($ENTRY, $DECISION), $REST }',
      },
    ],
    caughtBy: settlingTest,
  },
  {
    name: 'conditions are lost on the way to DynamoDB',
    breaks: 'every guarantee of the write',
    edits: [{ find: '$CONDITION === undefined ? {} : requiredGuard($CONDITION)', replace: '{}' }],
    caughtBy: 'aws/tableRequests.test.ts',
  },
  {
    name: 'any sequence is good enough for a STATE that exists',
    breaks: 'a stale writer overwrites a newer state',
    edits: [
      {
        find: "{ kind: 'equals', attribute: $ATTRIBUTE, value: $SEQUENCE }",
        within: 'unmoved',
        folder: 'shared/ledger',
        replace: "{ kind: 'present' }",
      },
    ],
    caughtBy: settlingTest,
  },
  {
    name: 'the sequence is not incremented',
    breaks: 'entries fall on each other, the account stands still',
    edits: [{ find: '$ACCOUNT.sequence + 1', within: 'decide', replace: '$ACCOUNT.sequence' }],
    caughtBy: decideTest,
  },
  {
    name: 'the previous hash is that of no entry',
    breaks: 'the chain does not verify',
    edits: [
      { find: '{ previousHash: $ACCOUNT.head, ...$REST }', within: 'decide', replace: "{ previousHash: '0'.repeat(64), $REST }" },
    ],
    caughtBy: simulation,
  },
  {
    name: 'the head of the chain does not move',
    breaks: 'every entry names the same one before it',
    edits: [
      {
        find: '$LEARN({ ...account, spans: $SPANS }, decision, $SPEND, entry.hash)',
        replace: '$LEARN({ ...account, spans: $SPANS }, decision, $SPEND, account.head)',
      },
    ],
    caughtBy: simulation,
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
        find: '$SUMS.triggers24h.map(($TIMES, $I) => $TIMES + (($TRIGGERED >> $I) & 1))',
        replace: '$SUMS.triggers24h',
      },
    ],
    caughtBy: decideTest,
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
    edits: [{ find: '$STATE.placesForgotten ? 4 : 0', replace: '0' }],
    or: [[{ find: "flag('placesForgotten')", replace: "{ ...flag('placesForgotten'), get: () => 0 }" }]],
    caughtBy: 'domain/state.test.ts',
  },
  {
    name: 'the packed entry forgets that it was late',
    breaks: 'the entry no longer hashes to its hash',
    edits: [{ find: '(body.merchant ? 1 : 0) | (body.late ? 2 : 0)', replace: '(body.merchant ? 1 : 0)' }],
    or: [[{ find: "ofEntry.flag('late')", replace: "{ ...ofEntry.flag('late'), get: () => 0 }" }]],
    caughtBy: 'ledger/items.test.ts',
  },
  {
    name: 'the key of an account does not depend on its salt',
    breaks: 'destroying the salt erases nothing',
    edits: [
      {
        find: "hkdfSync('sha256', $SECRET, salt, $INFO, $LENGTH)",
        replace: "hkdfSync('sha256', $SECRET, new Uint8Array(16), $INFO, $LENGTH)",
      },
    ],
    caughtBy: 'secrets/sealer.test.ts',
  },
  {
    name: "merchants' figures are kept for ever",
    breaks: 'labels never reach a warm process',
    edits: [{ find: '$AGE < merchantCacheMs', replace: 'true' }],
    or: [[{ find: '{ ttlMs: merchantCacheMs, ...$REST }', replace: '{ ttlMs: null, $REST }' }]],
    caughtBy: 'ledger/merchants.test.ts',
  },
  {
    name: "merchants' figures that cannot be read are none",
    breaks: 'a failing store makes every merchant harmless',
    edits: [{ find: 'return null;', within: 'merchantFigures', replace: 'return noFigures;' }],
    caughtBy: 'ledger/merchants.test.ts',
  },
  {
    name: 'a record that is not settled is not reported',
    breaks: 'a payment is lost under load',
    edits: [{ find: 'failed.add(record.messageId)', within: 'scoreBatch', replace: 'undefined' }],
    caughtBy: simulation,
  },
  {
    name: 'the failure of an account is swallowed',
    breaks: 'payments of a damaged account vanish',
    edits: [{ find: "{ kind: 'unsettled', cause: 'ACCOUNT_FAILED' }", replace: "{ kind: 'duplicate', stored: null }" }],
    caughtBy: poisonTest,
  },
  {
    name: 'accounts that lost a transaction together are taken for committed',
    breaks: 'payments are acknowledged and not stored',
    edits: [{ find: 'lost.size === 0', within: 'settleTogether', replace: 'true' }],
    or: [[{ find: "$RESULT.kind === 'committed'", within: 'settleTogether', replace: 'true' }]],
    caughtBy: simulation,
  },
  {
    name: 'a try of several accounts together that failed is taken for success',
    breaks: 'payments are acknowledged and not stored',
    edits: [
      {
        find: 'return tried(unknown ? together : []);',
        replace: "return folded.map((one) => one?.stored.map((stored) => ({ kind: 'decided', stored }) as const));",
      },
    ],
    or: [
      [
        {
          find: 'return commits.map((_, i) => open(i, unknown && together.includes(i)));',
          replace: 'return commits.map((one, i) => (one ? settledBy(one) : open(i, false)));',
        },
      ],
    ],
    caughtBy: simulation,
  },
  {
    name: 'poison is not buried',
    breaks: 'nobody learns of what could not be read',
    edits: [{ find: 'await bury($POISON, $DEPENDENCIES, $FAILED)', replace: '[]' }],
    caughtBy: poisonTest,
  },
  {
    name: 'poison that could not be buried is taken off the queue',
    breaks: 'it is lost',
    edits: [{ find: 'failed.add(record.messageId)', within: 'bury', replace: 'undefined' }],
    caughtBy: poisonTest,
  },
  {
    name: 'dead letters are not masked',
    breaks: 'card numbers are stored',
    edits: [{ find: 'buriedText($BODY)', replace: 'queueSafe($BODY)' }],
    caughtBy: poisonTest,
  },
  {
    name: 'a repeat is answered without comparing',
    breaks: 'another payment under a used id is taken for decided',
    edits: [
      {
        find: "field === null ? { kind: 'duplicate', stored } : { kind: 'conflict', field, stored }",
        replace: "{ kind: 'duplicate', stored }",
      },
    ],
    caughtBy: settlingTest,
  },
  {
    name: 'a retry does not read the state again',
    breaks: 'an account with two writers never gets on, and its payments end among the dead letters',
    edits: [
      { find: "let cause = 'DEADLINE';", within: 'settleGroup', replace: "let cause = 'DEADLINE'; let once = null;" },
      {
        find: 'const folded = await fold($A, $B, $C);',
        within: 'settleGroup',
        replace: 'const folded = (once ??= await fold($A, $B, $C));',
      },
    ],
    caughtBy: simulation,
  },
  {
    name: 'a conflict is taken for success',
    breaks: 'a payment is acknowledged and not stored',
    edits: ignored('TransactionCancelled'),
    caughtBy: simulation,
  },
  {
    name: 'a lost reply is taken for success',
    breaks: 'a payment is acknowledged and not stored',
    edits: ignored('OutcomeUnknown'),
    caughtBy: simulation,
  },
  {
    name: 'rows of a group being committed are shifted by one',
    breaks: 'windows of several payments in one commit read the wrong ones',
    edits: [{ find: 'pending[$SEQUENCE - $BEFORE.sequence - 1]', replace: 'pending[$SEQUENCE - $BEFORE.sequence]' }],
    caughtBy: settlingTest,
  },
];
