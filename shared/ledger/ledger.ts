import { auditKey, decisionKey, stateKey } from '../aws/keys.ts';
import { differingField } from '../contract/transaction.ts';
import { decide, type Judgement, paymentOf, type RowsRead } from '../domain/decide.ts';
import type { MerchantFigures } from '../domain/merchant.ts';
import type { CompiledPolicy } from '../domain/policy.ts';
import { type AccountState, newAccount, saltBytes } from '../domain/state.ts';
import type { Transaction } from '../domain/transaction.ts';
import type { Payment, RowsNeeded } from '../domain/window.ts';
import {
  type Clock,
  type Item,
  OutcomeUnknown,
  type Randomness,
  type TableStore,
  Throttled,
  TransactionCancelled,
  Unavailable,
  type Write,
} from '../ports.ts';
import { auditItem, decisionFromItem, decisionItem, paymentFromItem, type StoredDecision } from './items.ts';
import { accountFromItem, stateItem, unmoved } from './state.ts';

/** One transaction to be decided, as it reached the score stage. */
export interface Submission {
  readonly tenant: string;
  readonly transaction: Transaction;
  readonly receivedAtMs: number;
  readonly correlationId: string | null;
  readonly queueAgeMs: number | null;
  /** It may have been decided before: its decision is read first, so that a redelivery writes nothing. */
  readonly redelivered: boolean;
}

export type Settled =
  | { readonly kind: 'decided'; readonly stored: StoredDecision }
  /** The same transaction was decided before: the original stands. */
  | { readonly kind: 'duplicate'; readonly stored: StoredDecision }
  /** Its id was used for another content; `field` is the JSON pointer of the first difference. */
  | { readonly kind: 'conflict'; readonly field: string; readonly stored: StoredDecision }
  /** Not provably committed: to be given again. */
  | { readonly kind: 'unsettled'; readonly cause: string };

export interface LedgerDependencies {
  readonly table: TableStore;
  readonly clock: Clock;
  readonly randomness: Randomness;
  /** Policy, model and sealer in force for a tenant; throws a store error when they can't be had. */
  readonly judgement: (tenant: string) => Promise<Judgement>;
  /** Null when they can't be read. */
  readonly merchantFigures: (tenant: string, merchantId: string) => Promise<MerchantFigures | null>;
  readonly listHits: (
    tenant: string,
    policy: CompiledPolicy,
    transaction: Transaction,
  ) => Promise<Readonly<Record<string, boolean>>>;
}

export const ledgerLimits = {
  /** Payments of one account in one transaction: 1 + 2 x 24 items, under the table's 100. */
  groupMax: 24,
  attemptsMax: 60,
  /** Reads of chain rows for one payment. */
  rowReadsMax: 200,
  pageMax: 100,
  backoffBaseMs: 10,
  backoffMaxMs: 1_000,
} as const;

/**
 * Decides payments of one account, in the given order, and commits them: account state, decisions and audit entries in one
 * transaction that holds only while nothing else was committed for the account. The answer at i is about submission i, and says
 * `decided` only of what is provably stored. Never throws a store error: what can't be settled before `deadlineMs` is `unsettled`.
 */
export async function settle(
  dependencies: LedgerDependencies,
  submissions: readonly Submission[],
  deadlineMs: number,
): Promise<Settled[]> {
  const settled = new Array<Settled>(submissions.length);
  const first = new Map<string, number>();
  for (const [i, { transaction }] of submissions.entries())
    if (!first.has(transaction.transactionId)) first.set(transaction.transactionId, i);
  const open = [...first.values()];
  for (let from = 0; from < open.length; from += ledgerLimits.groupMax) {
    await settleGroup(dependencies, submissions, open.slice(from, from + ledgerLimits.groupMax), settled, deadlineMs);
  }
  for (const [i, { transaction }] of submissions.entries()) {
    if (settled[i]) continue;
    const original = settled[first.get(transaction.transactionId)!]!;
    settled[i] = original.kind === 'unsettled' ? original : repeated(original.stored, transaction);
  }
  return settled;
}

/** What is told of a transaction whose id was decided before. */
export function repeated(stored: StoredDecision, transaction: Transaction): Settled {
  const field = stored.erased ? null : differingField(stored.decision.transaction, transaction);
  return field === null ? { kind: 'duplicate', stored } : { kind: 'conflict', field, stored };
}

async function settleGroup(
  dependencies: LedgerDependencies,
  submissions: readonly Submission[],
  group: readonly number[],
  settled: Settled[],
  deadlineMs: number,
): Promise<void> {
  const { table, clock, randomness } = dependencies;
  let open: readonly number[] = group;
  /** Hashes of entries that were sent: a decision that bears one is ours, not an earlier one. */
  const sent = new Set<string>();
  let readFirst: readonly number[] = open.filter((i) => submissions[i]!.redelivered);
  let cause = 'DEADLINE';

  const resolve = (i: number, item: Item): void => {
    const stored = decisionFromItem(item);
    settled[i] = sent.has(stored.decision.hash) ? { kind: 'decided', stored } : repeated(stored, submissions[i]!.transaction);
    open = open.filter((other) => other !== i);
  };

  for (let attempt = 0; attempt < ledgerLimits.attemptsMax && open.length > 0; attempt++) {
    if (attempt > 0) {
      const delayMs = Math.floor(
        randomness.fraction() * Math.min(ledgerLimits.backoffMaxMs, ledgerLimits.backoffBaseMs * 2 ** attempt),
      );
      if (clock.nowMs() + delayMs >= deadlineMs) break;
      await clock.sleep(delayMs);
    }
    try {
      for (const i of readFirst) {
        const { tenant, transaction } = submissions[i]!;
        const item = await table.get(decisionKey(tenant, transaction.transactionId), { consistent: true });
        if (item) resolve(i, item);
      }
      readFirst = [];
      if (open.length === 0) return;
      const folded = await fold(
        dependencies,
        open.map((i) => submissions[i]!),
      );
      for (const { decision } of folded.stored) sent.add(decision.hash);
      await table.transact(folded.writes);
      for (const [position, i] of open.entries()) settled[i] = { kind: 'decided', stored: folded.stored[position]! };
      return;
    } catch (error) {
      if (error instanceof TransactionCancelled) {
        cause = 'CONFLICT';
        // Writes are in the order of `fold`: the state, then a decision and an entry for each payment.
        for (const [position, i] of [...open].entries()) {
          const reason = error.reasons[1 + 2 * position];
          if (reason?.code !== 'ConditionalCheckFailed') continue;
          if (reason.item) resolve(i, reason.item);
          else readFirst = [...readFirst, i];
        }
      } else if (error instanceof OutcomeUnknown) {
        cause = 'OUTCOME_UNKNOWN';
        readFirst = open;
      } else if (error instanceof Throttled) cause = 'THROTTLED';
      else if (error instanceof Unavailable) cause = 'STORE_UNAVAILABLE';
      else throw error;
    }
  }
  for (const i of open) settled[i] = { kind: 'unsettled', cause };
}

interface Folded {
  /** The state, then a decision and an entry for each payment, in order. */
  readonly writes: readonly Write[];
  readonly stored: readonly StoredDecision[];
}

async function fold(dependencies: LedgerDependencies, submissions: readonly Submission[]): Promise<Folded> {
  const { table, clock, randomness } = dependencies;
  const { tenant, transaction, receivedAtMs } = submissions[0]!;
  const { accountId, userId } = transaction;
  const [item, judgement] = await Promise.all([
    table.get(stateKey(tenant, accountId, userId), { consistent: true }),
    dependencies.judgement(tenant),
  ]);
  const before = item
    ? accountFromItem(item)
    : newAccount(textOf(randomness.bytes(16)), randomness.bytes(saltBytes), receivedAtMs);
  let account = before;
  const pending: Payment[] = [];
  const writes: Write[] = [];
  const stored: StoredDecision[] = [];
  for (const submission of submissions) {
    const { merchantId } = submission.transaction;
    const [merchant, lists] = await Promise.all([
      merchantId === null ? null : dependencies.merchantFigures(tenant, merchantId),
      dependencies.listHits(tenant, judgement.policy, submission.transaction),
    ]);
    const arrival = {
      transaction: submission.transaction,
      receivedAtMs: submission.receivedAtMs,
      decidedAtMs: clock.nowMs(),
      merchant,
      lists,
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
    const kept = { tenant, correlationId, chain: account.chain, queueAgeMs, decision: step.decision, erased: false };
    stored.push(kept);
    writes.push(
      { kind: 'put', item: decisionItem(kept), condition: { kind: 'absent' } },
      { kind: 'put', item: auditItem(step.entry, step.decision), condition: { kind: 'absent' } },
    );
  }
  const state: Write = { kind: 'put', item: stateItem(tenant, accountId, userId, account), condition: unmoved(before.sequence) };
  return { writes: [state, ...writes], stored };
}

/** Rows of the chain, and of the payments that this very transaction is about to add to it. */
async function readRows(
  table: TableStore,
  before: AccountState,
  pending: readonly Payment[],
  rows: RowsNeeded,
): Promise<(Payment | null)[]> {
  const payments: (Payment | null)[] = [];
  const toSequence = Math.min(rows.toSequence, before.sequence);
  while (rows.fromSequence + payments.length <= toSequence) {
    const from = auditKey(before.chain, rows.fromSequence + payments.length);
    const page = await table.query({
      pk: from.pk,
      from: from.sk,
      to: auditKey(before.chain, toSequence).sk,
      limit: ledgerLimits.pageMax,
      consistent: true,
    });
    if (page.items.length === 0) throw new RangeError(`the chain ${before.chain} has no entry ${Number(from.sk)}`);
    for (const item of page.items) payments.push(paymentFromItem(item));
  }
  for (let sequence = rows.fromSequence + payments.length; sequence <= rows.toSequence; sequence++) {
    payments.push(pending[sequence - before.sequence - 1] ?? null);
  }
  return payments;
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
