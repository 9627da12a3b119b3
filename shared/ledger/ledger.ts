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
} from '../ports/ports.ts';
import { auditKey, decisionKey, stateKey } from '../store/names.ts';
import { inParallel } from '../store/parallel.ts';
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
  /** Writes of one transaction: the table's own limit. */
  writesMax: 100,
  /** Tries of many accounts together, each without those that lost the one before. */
  packAttemptsMax: 4,
  /** Accounts that go on alone at the same time. */
  accountsAtOnce: 10,
  attemptsMax: 60,
  /** Reads of chain rows for one payment. */
  rowReadsMax: 200,
  pageMax: 100,
  backoffBaseMs: 10,
  backoffMaxMs: 1_000,
} as const;

/**
 * Decides payments of several accounts: `accounts` holds each account's own, in the order in which they are to be decided. Their first
 * try is one read and one transaction for many accounts together; those that lose it, and all where it fails otherwise, go on alone, so
 * that none has to wait for another. An account that cannot be read at all is `unsettled` and told to `onBroken`.
 */
export async function settleAll(
  dependencies: LedgerDependencies,
  accounts: readonly (readonly Submission[])[],
  deadlineMs: number,
  onBroken: (error: unknown, submissions: readonly Submission[]) => void,
): Promise<Settled[][]> {
  const settled: (Settled[] | undefined)[] = new Array(accounts.length);
  const before: (EarlierTry | undefined)[] = new Array(accounts.length);
  await Promise.all(
    packsOf(accounts).map(async (pack) => {
      if (pack.length < 2) return;
      const tried = await settleTogether(
        dependencies,
        pack.map((i) => firstOfEach(accounts[i]!)),
      );
      for (const [position, i] of pack.entries()) {
        const one = tried[position]!;
        if (Array.isArray(one)) settled[i] = withCopies(accounts[i]!, one);
        else before[i] = one;
      }
    }),
  );
  const alone = accounts.map((_, i) => i).filter((i) => !settled[i]);
  await inParallel(alone, ledgerLimits.accountsAtOnce, async (i) => {
    const submissions = accounts[i]!;
    settled[i] = await settle(dependencies, submissions, deadlineMs, before[i]).catch((error: unknown) => {
      onBroken(error, submissions);
      return submissions.map(() => ({ kind: 'unsettled', cause: 'ACCOUNT_FAILED' }) as const);
    });
  });
  return settled as Settled[][];
}

/** Accounts that may try together: nothing redelivered in them, no id in two of them, and all their writes in one transaction. */
function packsOf(accounts: readonly (readonly Submission[])[]): number[][] {
  const packs: number[][] = [];
  const ids = new Set<string>();
  let writes = Number.POSITIVE_INFINITY;
  for (const [i, submissions] of accounts.entries()) {
    const own = 1 + 2 * submissions.length;
    const names = new Set(submissions.map(({ tenant, transaction }) => `${tenant}#${transaction.transactionId}`));
    if (!ids.isDisjointFrom(names)) continue;
    for (const name of names) ids.add(name);
    if (own > ledgerLimits.writesMax || submissions.some((submission) => submission.redelivered)) continue;
    if (writes + own > ledgerLimits.writesMax) {
      packs.push([]);
      writes = 0;
    }
    packs.at(-1)!.push(i);
    writes += own;
  }
  return packs;
}

/** What an account carries on from a try that failed: hashes of entries that may be stored, and whether they may be indeed. */
interface EarlierTry {
  readonly sent: ReadonlySet<string>;
  readonly unknown: boolean;
}

/** A cancelled transaction is sent again without the accounts that lost it: those alone have to be read again. */
async function settleTogether(
  dependencies: LedgerDependencies,
  accounts: readonly (readonly Submission[])[],
): Promise<(Settled[] | EarlierTry | undefined)[]> {
  const { table } = dependencies;
  const folded: (Folded | undefined)[] = [];
  let together: readonly number[] = [];
  const tried = (unknown: readonly number[]) =>
    folded.map(
      (one, i) => one && { sent: new Set(one.stored.map(({ decision }) => decision.hash)), unknown: unknown.includes(i) },
    );
  try {
    const items = await table.getMany(
      accounts.map(([first]) => stateKey(first!.tenant, first!.transaction.accountId, first!.transaction.userId)),
      { consistent: true },
    );
    for (const [i, submissions] of accounts.entries()) {
      folded[i] = await fold(dependencies, submissions, items[i] ?? null).catch((error: unknown) => {
        // A damaged account shows again when it tries alone.
        if (error instanceof RangeError) return undefined;
        throw error;
      });
    }
    together = [...folded.keys()].filter((i) => folded[i]);
    for (let attempt = 0; attempt < ledgerLimits.packAttemptsMax && together.length > 0; attempt++) {
      const lost = await transactOrLose(
        table,
        together.map((i) => folded[i]!.writes),
      );
      if (lost.size === 0) {
        const alone = tried([]);
        return folded.map((one, i) =>
          together.includes(i) ? one!.stored.map((stored) => ({ kind: 'decided', stored }) as const) : alone[i],
        );
      }
      together = together.filter((_, position) => !lost.has(position));
    }
    return tried([]);
  } catch (error) {
    const unknown = error instanceof OutcomeUnknown;
    if (!unknown && !(error instanceof Throttled || error instanceof Unavailable)) throw error;
    return tried(unknown ? together : []);
  }
}

/** Commits the writes of several accounts together; the positions of those that lost, of all where nobody can be named. */
async function transactOrLose(table: TableStore, accounts: readonly (readonly Write[])[]): Promise<ReadonlySet<number>> {
  try {
    await table.transact(accounts.flat(), { once: true });
    return new Set();
  } catch (error) {
    if (!(error instanceof TransactionCancelled)) throw error;
    const owners = accounts.flatMap((writes, position) => writes.map(() => position));
    const lost = new Set(owners.filter((_, i) => (error.reasons[i]?.code ?? 'None') !== 'None'));
    return lost.size > 0 ? lost : new Set(owners);
  }
}

/** The first submission of each transaction id. */
const firstOfEach = (submissions: readonly Submission[]): readonly Submission[] => {
  if (submissions.length === 1) return submissions;
  return [
    ...new Map([...submissions].reverse().map((submission) => [submission.transaction.transactionId, submission])).values(),
  ].reverse();
};

/** The answers about the first of each id, completed by those about its copies. */
function withCopies(submissions: readonly Submission[], answers: readonly Settled[]): Settled[] {
  if (answers.length === submissions.length) return [...answers];
  const firsts = firstOfEach(submissions);
  const answerOf = new Map(firsts.map(({ transaction }, i) => [transaction.transactionId, answers[i]!]));
  return submissions.map((submission) => {
    const original = answerOf.get(submission.transaction.transactionId)!;
    if (firsts.includes(submission) || original.kind === 'unsettled') return original;
    return repeated(original.stored, submission.transaction);
  });
}

/**
 * Decides payments of one account, in the given order, and commits them: account state, decisions and audit entries in one
 * transaction that holds only while nothing else was committed for the account. The answer at i is about submission i, and says
 * `decided` only of what is provably stored. Never throws a store error: what can't be settled before `deadlineMs` is `unsettled`.
 */
export async function settle(
  dependencies: LedgerDependencies,
  submissions: readonly Submission[],
  deadlineMs: number,
  earlier?: EarlierTry,
): Promise<Settled[]> {
  const firsts = firstOfEach(submissions);
  const answers: Settled[] = [];
  for (let from = 0; from < firsts.length; from += ledgerLimits.groupMax) {
    answers.push(...(await settleGroup(dependencies, firsts.slice(from, from + ledgerLimits.groupMax), deadlineMs, earlier)));
  }
  return withCopies(submissions, answers);
}

/** What is told of a transaction whose id was decided before. */
export function repeated(stored: StoredDecision, transaction: Transaction): Settled {
  const field = stored.erased ? null : differingField(stored.decision.transaction, transaction);
  return field === null ? { kind: 'duplicate', stored } : { kind: 'conflict', field, stored };
}

async function settleGroup(
  dependencies: LedgerDependencies,
  submissions: readonly Submission[],
  deadlineMs: number,
  earlier?: EarlierTry,
): Promise<Settled[]> {
  const { table, clock, randomness } = dependencies;
  const settled = new Array<Settled>(submissions.length);
  let open: readonly number[] = submissions.map((_, i) => i);
  /** Hashes of entries that were sent: a decision that bears one is ours, not an earlier one. */
  const sent = new Set<string>(earlier?.sent);
  let readFirst: readonly number[] = earlier?.unknown ? open : open.filter((i) => submissions[i]!.redelivered);
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
      if (open.length === 0) return settled;
      const { tenant, transaction } = submissions[0]!;
      const state = await table.get(stateKey(tenant, transaction.accountId, transaction.userId), { consistent: true });
      const folded = await fold(
        dependencies,
        open.map((i) => submissions[i]!),
        state,
      );
      for (const { decision } of folded.stored) sent.add(decision.hash);
      await table.transact(folded.writes, { once: true });
      for (const [position, i] of open.entries()) settled[i] = { kind: 'decided', stored: folded.stored[position]! };
      return settled;
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
      else if (error instanceof RowGone) {
        cause = 'ROW_GONE';
        break;
      } else throw error;
    }
  }
  for (const i of open) settled[i] = { kind: 'unsettled', cause };
  return settled;
}

interface Folded {
  /** The state, then a decision and an entry for each payment, in order. */
  readonly writes: readonly Write[];
  readonly stored: readonly StoredDecision[];
}

async function fold(dependencies: LedgerDependencies, submissions: readonly Submission[], state: Item | null): Promise<Folded> {
  const { table, clock, randomness } = dependencies;
  const { tenant, transaction, receivedAtMs } = submissions[0]!;
  const { accountId, userId } = transaction;
  const judgement = await dependencies.judgement(tenant);
  const before = state
    ? accountFromItem(state)
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
  const moved: Write = { kind: 'put', item: stateItem(tenant, accountId, userId, account), condition: unmoved(before.sequence) };
  return { writes: [moved, ...writes], stored };
}

/**
 * A row that a payment's windows need is no longer in the table: it came later than `hotDays` allows, or somebody deleted the row.
 * Nothing is guessed; the payment stays undecided.
 */
class RowGone extends RangeError {
  override readonly name = 'RowGone';
  constructor(chain: string, sequence: number) {
    super(`the row of entry ${sequence} of chain ${chain} is gone from the table, and a payment's windows need it`);
  }
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
    if (page.items.length === 0) throw new RowGone(before.chain, Number(from.sk));
    for (const item of page.items) {
      const sequence = rows.fromSequence + payments.length;
      if (Number(item.sk) !== sequence) throw new RowGone(before.chain, sequence);
      payments.push(paymentFromItem(item));
    }
  }
  for (let sequence = rows.fromSequence + payments.length; sequence <= rows.toSequence; sequence++) {
    payments.push(pending[sequence - before.sequence - 1] ?? null);
  }
  return payments;
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
