/** A bug that somebody could make: `edits` put it into the sources, `caughtBy` must fail for it. */
export interface Bug {
  readonly name: string;
  /** What it does to users. */
  readonly breaks: string;
  /** `search` occurs exactly once in the file. */
  readonly edits: readonly { readonly file: string; readonly search: string; readonly replace: string }[];
  /** A test file, or the simulation's first seeds. */
  readonly caughtBy: string;
}

export const simulation = 'simulation';

const ledger = 'shared/ledger/ledger.ts';
const decide = 'shared/domain/decide.ts';
const window = 'shared/domain/window.ts';
const score = 'functions/score/score.ts';
const poisonTest = 'test/functions/score/poison.test.ts';
const settlingTest = 'test/shared/ledger/settling.test.ts';
const decideTest = 'test/shared/domain/decide.test.ts';
const windowTest = 'test/shared/domain/window.test.ts';

/** Treats what the last commit tried as done, where `at` stands in the loop of retries. */
const takenForDone = (at: string): Bug['edits'] => [
  {
    file: ledger,
    search: '    try {\n      for (const i of readFirst) {',
    replace: '    let tried = null;\n    try {\n      for (const i of readFirst) {',
  },
  {
    file: ledger,
    search: '      await table.transact(folded.writes, { once: true });',
    replace: '      tried = folded;\n      await table.transact(folded.writes, { once: true });',
  },
  {
    file: ledger,
    search: at,
    replace: `${at}\n        for (const [k, i] of open.entries()) settled[i] = { kind: 'decided', stored: tried.stored[k] };\n        return settled;`,
  },
];

export const bugs: readonly Bug[] = [
  {
    name: 'the condition on the STATE put is dropped',
    breaks: 'two payments at once both miss each other',
    edits: [{ file: ledger, search: ', condition: unmoved(before.sequence) };', replace: ' };' }],
    caughtBy: simulation,
  },
  {
    name: 'the condition on the STATE put is dropped, seen by the request',
    breaks: 'two payments at once both miss each other',
    edits: [{ file: ledger, search: ', condition: unmoved(before.sequence) };', replace: ' };' }],
    caughtBy: settlingTest,
  },
  {
    name: 'the condition on the DECISION put is dropped',
    breaks: 'a redelivered payment is decided twice',
    edits: [
      {
        file: ledger,
        search: "item: decisionItem(kept), condition: { kind: 'absent' } }",
        replace: 'item: decisionItem(kept) }',
      },
    ],
    caughtBy: simulation,
  },
  {
    name: 'the condition on the AUDIT put is dropped',
    breaks: 'an entry can be written over',
    edits: [
      {
        file: ledger,
        search: "item: auditItem(step.entry, step.decision), condition: { kind: 'absent' } }",
        replace: 'item: auditItem(step.entry, step.decision) }',
      },
    ],
    caughtBy: settlingTest,
  },
  {
    name: 'conditions are lost on the way to DynamoDB',
    breaks: 'every guarantee of the write',
    edits: [
      {
        file: 'shared/adapters/aws/tableRequests.ts',
        search: 'condition === undefined ? {} : requiredGuard(condition)',
        replace: 'condition === undefined || true ? {} : requiredGuard(condition)',
      },
    ],
    caughtBy: 'test/shared/adapters/aws/tableRequests.test.ts',
  },
  {
    name: 'any sequence is good enough for a STATE that exists',
    breaks: 'a stale writer overwrites a newer state',
    edits: [
      {
        file: 'shared/ledger/state.ts',
        search: "{ kind: 'equals', attribute: 'n', value: sequence }",
        replace: "{ kind: 'present' }",
      },
    ],
    caughtBy: settlingTest,
  },
  {
    name: 'the sequence is not incremented',
    breaks: 'entries fall on each other, the account stands still',
    edits: [{ file: decide, search: 'sequence: account.sequence + 1,', replace: 'sequence: account.sequence,' }],
    caughtBy: decideTest,
  },
  {
    name: 'the previous hash is that of no entry',
    breaks: 'the chain does not verify',
    edits: [{ file: decide, search: 'previousHash: account.head,', replace: "previousHash: '0'.repeat(64)," }],
    caughtBy: simulation,
  },
  {
    name: 'the head of the chain does not move',
    breaks: 'every entry names the same one before it',
    edits: [{ file: decide, search: 'decision, spendMinor, entry.hash);', replace: 'decision, spendMinor, account.head);' }],
    caughtBy: simulation,
  },
  {
    name: 'the hour includes its far edge',
    breaks: 'a payment exactly an hour old is counted',
    edits: [
      {
        file: window,
        search: 'if (span.newestMs <= endMs - hourMs) continue;',
        replace: 'if (span.newestMs < endMs - hourMs) continue;',
      },
    ],
    caughtBy: windowTest,
  },
  {
    name: 'the minute includes its far edge',
    breaks: 'a payment exactly 60 s old is counted',
    edits: [
      {
        file: window,
        search: 'if (span.newestMs > endMs - minuteMs) count1m',
        replace: 'if (span.newestMs >= endMs - minuteMs) count1m',
      },
    ],
    caughtBy: windowTest,
  },
  {
    name: 'an edge that touches a span does not open it',
    breaks: 'a window is guessed',
    edits: [
      {
        file: window,
        search: 'span.oldestMs <= edgeMs && span.newestMs > edgeMs',
        replace: 'span.oldestMs < edgeMs && span.newestMs > edgeMs',
      },
    ],
    caughtBy: windowTest,
  },
  {
    name: 'sums are kept in single precision',
    breaks: 'amounts above 16,777,216 minor units lose their last digits',
    edits: [
      {
        file: window,
        search: '    spend24hMinor = addMinor(spend24hMinor, span.spendMinor);',
        replace: '    spend24hMinor = Math.fround(addMinor(spend24hMinor, span.spendMinor));',
      },
    ],
    caughtBy: windowTest,
  },
  {
    name: 'sums do not saturate',
    breaks: 'sums beyond 2^53-1 are inexact',
    edits: [{ file: window, search: 'Math.min(a + b, amountMax)', replace: 'a + b' }],
    caughtBy: windowTest,
  },
  {
    name: 'a saturated sum is subtracted from',
    breaks: 'what is left of it is wrong when the large amount has left the window',
    edits: [
      {
        file: window,
        search: 'span.spendMinor === amountMax ? amountMax : span.spendMinor - spendMinor',
        replace: 'span.spendMinor - spendMinor',
      },
      { file: window, search: ' || span.spendMinor === amountMax || ', replace: ' || ' },
    ],
    caughtBy: windowTest,
  },
  {
    name: 'windows of payments in flight end at their own time',
    breaks: 'a limit is passed by racing',
    edits: [
      {
        file: decide,
        search: 'endMs: late ? transaction.occurredAtMs : Math.max(account.newestMs, transaction.occurredAtMs),',
        replace: 'endMs: transaction.occurredAtMs,',
      },
    ],
    caughtBy: decideTest,
  },
  {
    name: 'a payment exactly 60 s behind is not late',
    breaks: 'it is counted with payments it must not see',
    edits: [{ file: decide, search: 'const late = lateByMs >= lateMs;', replace: 'const late = lateByMs > lateMs;' }],
    caughtBy: decideTest,
  },
  {
    name: 'the amount of a BLOCKed payment is spend',
    breaks: 'one blocked attempt blocks the rest of the day',
    edits: [
      {
        file: decide,
        search: "outcome === 'BLOCK' || spendMinor === null ? 0 : spendMinor",
        replace: 'spendMinor === null ? 0 : spendMinor',
      },
    ],
    caughtBy: decideTest,
  },
  {
    name: 'a BLOCKed payment makes its device known',
    breaks: 'a thief registers his device by being blocked',
    edits: [{ file: decide, search: '  if (blocked) return committed;', replace: '' }],
    caughtBy: decideTest,
  },
  {
    name: 'triggers of the payment itself are not in its counts',
    breaks: 'the explanation lacks what has just happened',
    edits: [
      {
        file: decide,
        search: 'sums.triggers24h.map((times, i) => times + ((result.triggered >> i) & 1))',
        replace: 'sums.triggers24h',
      },
    ],
    caughtBy: decideTest,
  },
  {
    name: 'of devices seen at one instant the wrong one is forgotten',
    breaks: 'a known device is called new',
    edits: [{ file: decide, search: 'device.lastSeenMs <= lastSeenMs)', replace: 'device.lastSeenMs < lastSeenMs)' }],
    caughtBy: decideTest,
  },
  {
    name: 'a missing rate reads as no spend',
    breaks: 'payments in an unknown currency pass every spending limit',
    edits: [
      {
        file: 'shared/domain/signals/totalSpend24h.ts',
        search: "return missing('NO_RATE');",
        replace: 'return reading(sums.spend24hMinor ?? 0);',
      },
    ],
    caughtBy: 'test/shared/domain/signals/totalSpend24h.test.ts',
  },
  {
    name: 'a device unseen for exactly 90 days is known',
    breaks: 'the boundary of the contract',
    edits: [{ file: 'shared/domain/signals/newDeviceUsed.ts', search: '>= forgottenMs', replace: '> forgottenMs' }],
    caughtBy: 'test/shared/domain/signals/newDeviceUsed.test.ts',
  },
  {
    name: 'night ends at 05:00 included',
    breaks: 'the boundary of the contract',
    edits: [{ file: 'shared/domain/signals/unusualHour.ts', search: 'ofDayMs < 5 * hourMs', replace: 'ofDayMs <= 5 * hourMs' }],
    caughtBy: 'test/shared/domain/signals/unusualHour.test.ts',
  },
  {
    name: 'two places at one instant divide by zero',
    breaks: 'an infinite speed cannot be stored or compared',
    edits: [
      {
        file: 'shared/domain/signals/impossibleTravel.ts',
        search: 'Math.max(gapMinMs, transaction.occurredAtMs - before.atMs)',
        replace: '(transaction.occurredAtMs - before.atMs)',
      },
    ],
    caughtBy: 'test/shared/domain/signals/impossibleTravel.test.ts',
  },
  {
    name: 'conversion rounds halves up',
    breaks: 'sums drift upwards against every other system',
    edits: [
      {
        file: 'shared/domain/money.ts',
        search: 'twiceRest > divisor || (twiceRest === divisor && quotient % 2n === 1n)',
        replace: 'twiceRest >= divisor',
      },
    ],
    caughtBy: 'test/shared/domain/money.test.ts',
  },
  {
    name: 'failTo lowers an outcome',
    breaks: 'a BLOCK becomes a REVIEW because something else is missing',
    edits: [
      {
        file: 'shared/domain/verdict.ts',
        search: 'outcome = graver(outcome, policy.failTo);',
        replace: 'outcome = policy.failTo;',
      },
    ],
    caughtBy: 'test/shared/domain/verdict.test.ts',
  },
  {
    name: 'the cut-offs are exclusive',
    breaks: 'a score of exactly 70 is not BLOCKed',
    edits: [
      { file: 'shared/domain/verdict.ts', search: '>= toHundredths(cutoffs.block)', replace: '> toHundredths(cutoffs.block)' },
    ],
    caughtBy: 'test/shared/domain/verdict.test.ts',
  },
  {
    name: 'the packed state forgets that a place was forgotten',
    breaks: 'a late payment reads 0 km/h where nothing is known',
    edits: [{ file: 'shared/domain/state.ts', search: '(state.placesForgotten ? 4 : 0)', replace: '0' }],
    caughtBy: 'test/shared/domain/state.test.ts',
  },
  {
    name: 'the packed entry forgets that it was late',
    breaks: 'the entry no longer hashes to its hash',
    edits: [{ file: 'shared/ledger/items.ts', search: '(body.late ? 2 : 0)', replace: '0' }],
    caughtBy: 'test/shared/ledger/items.test.ts',
  },
  {
    name: 'the key of an account does not depend on its salt',
    breaks: 'destroying the salt erases nothing',
    edits: [
      {
        file: 'shared/secrets/sealer.ts',
        search: "hkdfSync('sha256', this.#secret, salt,",
        replace: "hkdfSync('sha256', this.#secret, new Uint8Array(16),",
      },
    ],
    caughtBy: 'test/shared/secrets/sealer.test.ts',
  },
  {
    name: "merchants' figures are kept for ever",
    breaks: 'labels never reach a warm process',
    edits: [
      {
        file: 'shared/ledger/merchants.ts',
        search: 'if (known && nowMs - known.readAtMs < merchantCacheMs)',
        replace: 'if (known)',
      },
    ],
    caughtBy: 'test/shared/ledger/merchants.test.ts',
  },
  {
    name: "merchants' figures that cannot be read are none",
    breaks: 'a failing store makes every merchant harmless',
    edits: [
      {
        file: 'shared/ledger/merchants.ts',
        search: 'instanceof Throttled) return null;',
        replace: 'instanceof Throttled) return noFigures;',
      },
    ],
    caughtBy: 'test/shared/ledger/merchants.test.ts',
  },
  {
    name: 'a record that is not settled is not reported',
    breaks: 'a payment is lost under load',
    edits: [
      { file: score, search: '        failed.add(record.messageId);\n        dependencies', replace: '        dependencies' },
    ],
    caughtBy: simulation,
  },
  {
    name: 'the failure of an account is swallowed',
    breaks: 'payments of a damaged account vanish',
    edits: [
      {
        file: ledger,
        search: "({ kind: 'unsettled', cause: 'ACCOUNT_FAILED' }) as const",
        replace: "({ kind: 'duplicate', stored: null }) as const",
      },
    ],
    caughtBy: poisonTest,
  },
  {
    name: 'accounts that lost a transaction together are taken for committed',
    breaks: 'payments are acknowledged and not stored',
    edits: [{ file: ledger, search: 'return lost.size > 0 ? lost : new Set(owners);', replace: 'return new Set();' }],
    caughtBy: simulation,
  },
  {
    name: 'a try of several accounts together that failed is taken for success',
    breaks: 'payments are acknowledged and not stored',
    edits: [
      {
        file: ledger,
        search: 'return tried(unknown ? together : []);',
        replace: "return folded.map((one) => one?.stored.map((stored) => ({ kind: 'decided', stored }) as const));",
      },
    ],
    caughtBy: simulation,
  },
  {
    name: 'poison is not buried',
    breaks: 'nobody learns of what could not be read',
    edits: [{ file: score, search: 'await bury(poison, dependencies, failed);', replace: '[];' }],
    caughtBy: poisonTest,
  },
  {
    name: 'poison that could not be buried is taken off the queue',
    breaks: 'it is lost',
    edits: [{ file: score, search: ' else failed.add(record.messageId);', replace: '' }],
    caughtBy: poisonTest,
  },
  {
    name: 'dead letters are not masked',
    breaks: 'card numbers are stored',
    edits: [
      {
        file: score,
        search: 'body: buriedText(record.body),',
        replace: 'body: queueSafe(record.body),',
      },
    ],
    caughtBy: poisonTest,
  },
  {
    name: 'a repeat is answered without comparing',
    breaks: 'another payment under a used id is taken for decided',
    edits: [
      {
        file: ledger,
        search: "return field === null ? { kind: 'duplicate', stored } : { kind: 'conflict', field, stored };",
        replace: "return field === null || true ? { kind: 'duplicate', stored } : { kind: 'conflict', field, stored };",
      },
    ],
    caughtBy: settlingTest,
  },
  {
    name: 'a retry does not read the state again',
    breaks: 'an account with two writers never gets on, and its payments end among the dead letters',
    edits: [
      { file: ledger, search: "  let cause = 'DEADLINE';", replace: "  let cause = 'DEADLINE';\n  let once = null;" },
      { file: ledger, search: 'const folded = await fold(', replace: 'const folded = once ??= await fold(' },
    ],
    caughtBy: simulation,
  },
  {
    name: 'a conflict is taken for success',
    breaks: 'a payment is acknowledged and not stored',
    edits: takenForDone("        cause = 'CONFLICT';"),
    caughtBy: simulation,
  },
  {
    name: 'a lost reply is taken for success',
    breaks: 'a payment is acknowledged and not stored',
    edits: takenForDone("        cause = 'OUTCOME_UNKNOWN';"),
    caughtBy: simulation,
  },
  {
    name: 'rows of a group being committed are shifted by one',
    breaks: 'windows of several payments in one commit read the wrong ones',
    edits: [{ file: ledger, search: 'pending[sequence - before.sequence - 1]', replace: 'pending[sequence - before.sequence]' }],
    caughtBy: 'test/shared/ledger/settling.test.ts',
  },
];
