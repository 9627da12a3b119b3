import { type Item, OutcomeUnknown, Throttled, Unavailable } from '../ports/ports.ts';
import { stateKey } from '../store/names.ts';
import { type CancelledAccount, commit, isCauseOfCancellation } from './commit.ts';
import { type LedgerDependencies, ledgerLimits } from './dependencies.ts';
import { type AccountCommit, countOnEntities, fold } from './fold.ts';
import type { Settled, Submission } from './submission.ts';

/** What an account brings from an attempt that failed: the hashes of entries that may be stored, and whether that is unknown. */
export interface EarlierAttempt {
  readonly sent: ReadonlySet<string>;
  readonly unknown: boolean;
}

export const noEarlierAttempt: EarlierAttempt = { sent: new Set(), unknown: false };

/** What committing several accounts together came to for one of them. */
export type TogetherResult =
  | { readonly kind: 'settled'; readonly settled: readonly Settled[] }
  /** The account has to be settled alone. */
  | { readonly kind: 'open'; readonly earlier: EarlierAttempt };

/** Groups of accounts to commit together: nothing redelivered in them, no id in two of them, all their writes in one transaction. */
export function packsOf(accounts: readonly (readonly Submission[])[]): (readonly Submission[])[][] {
  const packs: (readonly Submission[])[][] = [];
  const ids = new Set<string>();
  let writes = Number.POSITIVE_INFINITY;
  for (const submissions of accounts) {
    const own = 1 + 2 * submissions.length;
    const names = new Set(submissions.map(({ tenant, transaction }) => `${tenant}#${transaction.transactionId}`));
    if (!ids.isDisjointFrom(names)) continue;
    for (const name of names) ids.add(name);
    if (own > ledgerLimits.writesMax || submissions.some((submission) => submission.redelivered)) continue;
    if (writes + own > ledgerLimits.writesMax) {
      packs.push([]);
      writes = 0;
    }
    packs.at(-1)!.push(submissions);
    writes += own;
  }
  return packs;
}

/**
 * Settles several accounts with one read and one transaction. A cancelled transaction is sent again without the accounts that caused
 * it: only those have to be read again. The result at i is about account i. Never throws a store error.
 */
export async function settleTogether(
  dependencies: LedgerDependencies,
  accounts: readonly (readonly Submission[])[],
): Promise<readonly TogetherResult[]> {
  const { table } = dependencies;
  const commits: (AccountCommit | null)[] = accounts.map(() => null);
  let together: readonly number[] = [];
  const open = (i: number, unknown: boolean): TogetherResult => ({
    kind: 'open',
    earlier: { sent: hashesOf(commits[i]!), unknown },
  });
  try {
    const [states] = await Promise.all([
      table.getMany(
        accounts.map(([first]) => stateKey(first!.tenant, first!.transaction.accountId, first!.transaction.userId)),
        { consistent: true },
      ),
      countOnEntities(dependencies, accounts.flat()),
    ]);
    for (const [i, submissions] of accounts.entries()) {
      commits[i] = await foldUnlessDamaged(dependencies, submissions, states[i] ?? null);
    }
    together = [...commits.keys()].filter((i) => commits[i] !== null);
    for (let attempt = 0; attempt < ledgerLimits.packAttemptsMax && together.length > 0; attempt++) {
      const result = await commit(
        table,
        together.map((i) => commits[i]!),
      );
      if (result.kind === 'committed') {
        return commits.map((one, i) => (together.includes(i) ? settledBy(one!) : open(i, false)));
      }
      const lost = lostBy(result.accounts);
      together = together.filter((_, position) => !lost.has(position));
    }
    return commits.map((_, i) => open(i, false));
  } catch (error) {
    const unknown = error instanceof OutcomeUnknown;
    if (!unknown && !(error instanceof Throttled || error instanceof Unavailable)) throw error;
    return commits.map((_, i) => open(i, unknown && together.includes(i)));
  }
}

/** Null for an account whose items are damaged: the error shows again, and is reported, when the account is settled alone. */
async function foldUnlessDamaged(
  dependencies: LedgerDependencies,
  submissions: readonly Submission[],
  state: Item | null,
): Promise<AccountCommit | null> {
  try {
    return await fold(dependencies, submissions, state);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

const settledBy = ({ payments }: AccountCommit): TogetherResult => ({
  kind: 'settled',
  settled: payments.map(({ stored }) => ({ kind: 'decided', stored })),
});

const hashesOf = (commit: AccountCommit | null): ReadonlySet<string> =>
  new Set(commit?.payments.map(({ stored }) => stored.decision.hash));

/** Positions of the accounts that caused the cancellation; all of them when none is named. */
function lostBy(accounts: readonly CancelledAccount[]): ReadonlySet<number> {
  const positions = [...accounts.keys()];
  const lost = positions.filter((i) => isCauseOfCancellation(accounts[i]!));
  return new Set(lost.length > 0 ? lost : positions);
}
