import { type Bug, type Edit, simulation } from './bug.ts';

const poisonTest = 'score/poison.test.ts';
const settlingTest = 'ledger/settling.test.ts';

/** The commit of a decision: `error` says which failures it ignores. */
const ignored = (error: string): readonly Edit[] => [
  {
    find: 'table.transact($WRITES, { once: true })',
    folder: 'shared/ledger',
    isEverywhere: true,
    replace: `table.transact($WRITES, { once: true }).catch((error) => { if (error.name !== '${error}') throw error; })`,
  },
];

/** Bugs of how decisions are stored: conditions, chains, retries, the queue and its dead letters. */
export const writePathBugs: readonly Bug[] = [
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
    name: 'the packed entry forgets that it was late',
    breaks: 'the entry no longer hashes to its hash',
    edits: [{ find: "ofEntry.flag('late')", replace: "{ ...ofEntry.flag('late'), get: () => 0 }" }],
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
    edits: [{ find: '{ ttlMs: merchantCacheMs, ...$REST }', replace: '{ ttlMs: null, $REST }' }],
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
    edits: [{ find: "$RESULT.kind === 'committed'", within: 'settleTogether', replace: 'true' }],
    caughtBy: simulation,
  },
  {
    name: 'a try of several accounts together that failed is taken for success',
    breaks: 'payments are acknowledged and not stored',
    edits: [
      {
        find: 'return commits.map((_, i) => open(i, unknown && together.includes(i)));',
        replace: 'return commits.map((one, i) => (one ? settledBy(one) : open(i, false)));',
      },
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
