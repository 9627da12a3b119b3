import { paymentOf } from '../domain/accountAfter.ts';
import { decide, type RowsRead } from '../domain/decide.ts';
import type { Payment } from '../domain/spans.ts';
import { type AccountState, newAccount, saltBytes } from '../domain/state.ts';
import type { RowsNeeded } from '../domain/windowSums.ts';
import type { Item, TableStore, Write } from '../ports/ports.ts';
import { auditKey } from '../store/names.ts';
import { firstOf, queryItems } from '../store/pages.ts';
import { type LedgerDependencies, ledgerLimits } from './dependencies.ts';
import { auditItem, decisionItem, paymentFromItem, type StoredDecision } from './items.ts';
import { accountFromItem, stateItem, unmoved } from './state.ts';
import type { Submission } from './submission.ts';

/** What a transaction writes for one account. */
export interface AccountCommit {
  readonly state: Write;
  /** In the order in which they were decided. */
  readonly payments: readonly PaymentCommit[];
}

export interface PaymentCommit {
  readonly stored: StoredDecision;
  readonly decision: Write;
  readonly entry: Write;
}

/** Counts payments on their entities before they are decided, while their accounts are read. */
export async function countOnEntities(dependencies: LedgerDependencies, submissions: readonly Submission[]): Promise<void> {
  await Promise.all(
    submissions.map(async (submission) => {
      const { policy } = await dependencies.judgement(submission.tenant);
      await dependencies.entities.count(submission, policy.policy);
    }),
  );
}

/**
 * Decides the submissions of one account in order, each on the account that the one before it leaves, and returns what to write.
 * `stateRead` is the account's STATE item, null for a new account. Throws RowGone, and a RangeError for a damaged account.
 */
export async function fold(
  dependencies: LedgerDependencies,
  submissions: readonly Submission[],
  stateRead: Item | null,
): Promise<AccountCommit> {
  const { table, clock, randomness } = dependencies;
  const { tenant, transaction, receivedAtMs } = submissions[0]!;
  const { accountId, userId } = transaction;
  const judgement = await dependencies.judgement(tenant);
  const before = stateRead
    ? accountFromItem(stateRead)
    : newAccount(textOf(randomness.bytes(16)), randomness.bytes(saltBytes), receivedAtMs);
  let account = before;
  const pending: Payment[] = [];
  const payments: PaymentCommit[] = [];
  for (const submission of submissions) {
    const { merchantId, occurredAtMs } = submission.transaction;
    const [merchant, lists, entities] = await Promise.all([
      merchantId === null ? null : dependencies.merchantFigures(tenant, merchantId, occurredAtMs),
      dependencies.listHits(tenant, judgement.policy, submission.transaction),
      dependencies.entities.count(submission, judgement.policy.policy),
    ]);
    const arrival = {
      transaction: submission.transaction,
      receivedAtMs: submission.receivedAtMs,
      decidedAtMs: clock.nowMs(),
      merchant,
      lists,
      entities,
    };
    const read: RowsRead[] = [];
    let step = decide(account, arrival, judgement);
    for (let reads = 0; step.kind === 'rowsNeeded'; reads++) {
      if (reads === ledgerLimits.rowReadsMax)
        throw new RangeError(`one payment needs more than ${ledgerLimits.rowReadsMax} reads of its account's rows`);
      read.push({ fromSequence: step.rows.fromSequence, payments: await readRows(table, before, pending, step.rows) });
      step = decide(account, arrival, judgement, read);
    }
    account = step.account;
    pending.push(paymentOf(step.decision, step.entry.body.spendMinor));
    const { correlationId, queueAgeMs } = submission;
    const stored = { tenant, correlationId, chain: account.chain, queueAgeMs, decision: step.decision, erased: false };
    payments.push({
      stored,
      decision: { kind: 'put', item: decisionItem(stored), condition: { kind: 'absent' } },
      entry: { kind: 'put', item: auditItem(step.entry, step.decision), condition: { kind: 'absent' } },
    });
  }
  const state: Write = { kind: 'put', item: stateItem(tenant, accountId, userId, account), condition: unmoved(before.sequence) };
  return { state, payments };
}

/**
 * A row that the payment's windows need is no longer in the table: the payment came later than `hotDays` allows, or somebody deleted
 * the row. Nothing is guessed; the payment stays undecided.
 */
export class RowGone extends RangeError {
  override readonly name = 'RowGone';
  constructor(chain: string, sequence: number) {
    super(`the row of entry ${sequence} of chain ${chain} is gone from the table, and a payment's windows need it`);
  }
}

/** Rows of the chain, and of the payments that the same transaction is about to add to it. */
async function readRows(
  table: TableStore,
  before: AccountState,
  pending: readonly Payment[],
  rows: RowsNeeded,
): Promise<(Payment | null)[]> {
  const payments: (Payment | null)[] = [];
  const toSequence = Math.min(rows.toSequence, before.sequence);
  const storedRows = toSequence - rows.fromSequence + 1;
  if (storedRows > 0) {
    const { pk, sk: from } = auditKey(before.chain, rows.fromSequence);
    const query = { pk, from, to: auditKey(before.chain, toSequence).sk, limit: ledgerLimits.pageMax, consistent: true };
    const items = await firstOf(queryItems(table, query), storedRows);
    for (let i = 0; i < storedRows; i++) {
      const sequence = rows.fromSequence + i;
      const item = items[i];
      if (item === undefined || Number(item.sk) !== sequence) throw new RowGone(before.chain, sequence);
      payments.push(paymentFromItem(item));
    }
  }
  for (let sequence = rows.fromSequence + payments.length; sequence <= rows.toSequence; sequence++) {
    payments.push(pending[sequence - before.sequence - 1] ?? null);
  }
  return payments;
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
