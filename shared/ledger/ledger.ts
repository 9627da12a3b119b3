import { type Item, OutcomeUnknown, Throttled, Unavailable } from '../ports/ports.ts';
import { decisionKey, stateKey } from '../store/names.ts';
import { inParallel } from '../store/parallel.ts';
import { commit } from './commit.ts';
import { type LedgerDependencies, ledgerLimits } from './dependencies.ts';
import { countOnEntities, fold, RowGone } from './fold.ts';
import { decisionFromItem } from './items.ts';
import { repeated, type Settled, type Submission } from './submission.ts';
import { type EarlierAttempt, noEarlierAttempt, packsOf, settleTogether } from './together.ts';

/**
 * Decides payments of several accounts: `accounts` holds the submissions of each account, in the order in which to decide them. Several
 * accounts are first tried with one read and one transaction; those that lose it, and all where it fails otherwise, are settled alone,
 * so that none waits for another. When an account cannot be read at all, its answers are `unsettled` and `onBroken` is called.
 */
export async function settleAll(
  dependencies: LedgerDependencies,
  accounts: readonly (readonly Submission[])[],
  deadlineMs: number,
  onBroken: (error: unknown, submissions: readonly Submission[]) => void,
): Promise<Settled[][]> {
  const settled = new Map<readonly Submission[], Settled[]>();
  const earlier = new Map<readonly Submission[], EarlierAttempt>();
  await Promise.all(
    packsOf(accounts).map(async (pack) => {
      if (pack.length < 2) return;
      const results = await settleTogether(dependencies, pack.map(firstOfEach));
      for (const [position, result] of results.entries()) {
        const submissions = pack[position]!;
        if (result.kind === 'settled') settled.set(submissions, withCopies(submissions, result.settled));
        else earlier.set(submissions, result.earlier);
      }
    }),
  );
  const alone = accounts.filter((submissions) => !settled.has(submissions));
  await inParallel(alone, ledgerLimits.accountsAtOnce, async (submissions) => {
    try {
      settled.set(submissions, await settle(dependencies, submissions, deadlineMs, earlier.get(submissions)));
    } catch (error) {
      onBroken(error, submissions);
      settled.set(
        submissions,
        submissions.map(() => ({ kind: 'unsettled', cause: 'ACCOUNT_FAILED' }) as const),
      );
    }
  });
  return accounts.map((submissions) => settled.get(submissions)!);
}

/** The first submission of each transaction id. */
const firstOfEach = (submissions: readonly Submission[]): readonly Submission[] => {
  if (submissions.length === 1) return submissions;
  return [
    ...new Map([...submissions].reverse().map((submission) => [submission.transaction.transactionId, submission])).values(),
  ].reverse();
};

/** The answers about the first submission of each id, completed by answers about its copies. */
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
 * `decided` only of what is provably stored. Never throws a store error: what cannot be settled before `deadlineMs` is `unsettled`.
 */
export async function settle(
  dependencies: LedgerDependencies,
  submissions: readonly Submission[],
  deadlineMs: number,
  earlier: EarlierAttempt = noEarlierAttempt,
): Promise<Settled[]> {
  const firsts = firstOfEach(submissions);
  const answers: Settled[] = [];
  for (let from = 0; from < firsts.length; from += ledgerLimits.groupMax) {
    answers.push(...(await settleGroup(dependencies, firsts.slice(from, from + ledgerLimits.groupMax), deadlineMs, earlier)));
  }
  return withCopies(submissions, answers);
}

/** A payment of a group, and what is known of it so far. */
interface Pending {
  readonly submission: Submission;
  settled: Settled | null;
  /** Its decision may be stored: read it before the payment is decided. */
  mustRead: boolean;
}

async function settleGroup(
  dependencies: LedgerDependencies,
  submissions: readonly Submission[],
  deadlineMs: number,
  earlier: EarlierAttempt,
): Promise<Settled[]> {
  const { table } = dependencies;
  const group = submissions.map((submission): Pending => {
    return { submission, settled: null, mustRead: earlier.unknown || submission.redelivered };
  });
  /** Hashes of entries that were sent: a stored decision with one of them is ours, not an earlier one. */
  const sent = new Set<string>(earlier.sent);
  let cause = 'DEADLINE';

  const settleFrom = (pending: Pending, item: Item): void => {
    const stored = decisionFromItem(item);
    pending.settled = sent.has(stored.decision.hash)
      ? { kind: 'decided', stored }
      : repeated(stored, pending.submission.transaction);
  };
  const openOnes = () => group.filter((pending) => pending.settled === null);

  for (let attempt = 0; attempt < ledgerLimits.attemptsMax && openOnes().length > 0; attempt++) {
    if (attempt > 0 && !(await backOff(dependencies, attempt, deadlineMs))) break;
    try {
      for (const pending of openOnes().filter(({ mustRead }) => mustRead)) {
        const { tenant, transaction } = pending.submission;
        const item = await table.get(decisionKey(tenant, transaction.transactionId), { consistent: true });
        if (item) settleFrom(pending, item);
      }
      for (const pending of group) pending.mustRead = false;
      const open = openOnes();
      if (open.length === 0) break;

      const { tenant, transaction } = open[0]!.submission;
      const submissionsOpen = open.map(({ submission }) => submission);
      const [state] = await Promise.all([
        table.get(stateKey(tenant, transaction.accountId, transaction.userId), { consistent: true }),
        countOnEntities(dependencies, submissionsOpen),
      ]);
      const folded = await fold(dependencies, submissionsOpen, state);
      for (const { stored } of folded.payments) sent.add(stored.decision.hash);
      const result = await commit(table, [folded]);
      if (result.kind === 'committed') {
        for (const [i, { stored }] of folded.payments.entries()) open[i]!.settled = { kind: 'decided', stored };
        break;
      }
      cause = 'CONFLICT';
      for (const [i, { decision }] of result.accounts[0]!.payments.entries()) {
        if (decision.code !== 'ConditionalCheckFailed') continue;
        if (decision.item) settleFrom(open[i]!, decision.item);
        else open[i]!.mustRead = true;
      }
    } catch (error) {
      const failed = causeOf(error);
      if (failed === null) throw error;
      cause = failed;
      if (error instanceof RowGone) break;
      if (error instanceof OutcomeUnknown) for (const pending of openOnes()) pending.mustRead = true;
    }
  }
  await Promise.all(group.map((pending) => takeBack(dependencies, pending)));
  return group.map(({ settled }) => settled ?? { kind: 'unsettled', cause });
}

/** A repeat that was refused, or that nothing may be kept of, is counted on no entity. */
async function takeBack({ entities, judgement }: LedgerDependencies, { submission, settled }: Pending): Promise<void> {
  if (settled === null || settled.kind === 'unsettled') return;
  const { erased, decision } = settled.stored;
  if (settled.kind !== 'conflict' && !erased) return;
  const { policy } = await judgement(submission.tenant);
  await entities.takeBack(submission, policy.policy, erased ? null : decision.transaction);
}

/** Waits with full jitter; false, without waiting, when the wait would pass the deadline. */
async function backOff({ clock, randomness }: LedgerDependencies, attempt: number, deadlineMs: number): Promise<boolean> {
  const { backoffBaseMs, backoffMaxMs } = ledgerLimits;
  const delayMs = Math.floor(randomness.fraction() * Math.min(backoffMaxMs, backoffBaseMs * 2 ** attempt));
  if (clock.nowMs() + delayMs >= deadlineMs) return false;
  await clock.sleep(delayMs);
  return true;
}

/** Why an attempt failed; null for an error that is not expected here. */
function causeOf(error: unknown): string | null {
  if (error instanceof OutcomeUnknown) return 'OUTCOME_UNKNOWN';
  if (error instanceof Throttled) return 'THROTTLED';
  if (error instanceof Unavailable) return 'STORE_UNAVAILABLE';
  if (error instanceof RowGone) return 'ROW_GONE';
  return null;
}
