import canonicalize from 'canonicalize';
import { dayMs } from '../../shared/domain/durations.ts';
import type { Outcome } from '../../shared/domain/outcome.ts';
import { addGap } from '../../shared/domain/spans.ts';
import type { AccountState } from '../../shared/domain/state.ts';
import { formatInstant } from '../../shared/domain/time.ts';
import type { Transaction } from '../../shared/domain/transaction.ts';
import { decisionFromItem } from '../../shared/ledger/items.ts';
import { accountFromItem, stateItem, unmoved } from '../../shared/ledger/state.ts';
import { loadActivePolicy } from '../../shared/policy/store.ts';
import {
  type Clock,
  type Item,
  type Key,
  OutcomeUnknown,
  type Randomness,
  type TableStore,
  type Write,
} from '../../shared/ports/ports.ts';
import { counterKey, counterRetentionDays, labelChange, labelCount } from '../../shared/projection/counters.ts';
import { attempted } from '../../shared/reviews/attempts.ts';
import {
  type Disposition,
  isFraud,
  type Label,
  type LabelDisposition,
  type LabelSource,
  labelFromItem,
  labelItem,
} from '../../shared/reviews/labels.ts';
import type { Review } from '../../shared/reviews/review.ts';
import { changeWrites, closingWrites, reviewOf } from '../../shared/reviews/reviewItems.ts';
import type { MasterSecret } from '../../shared/secrets/masterSecret.ts';
import { hashOf, SecretSealer } from '../../shared/secrets/sealer.ts';
import { auditKey, decisionKey, labelKey, merchantKey, reviewMemberKey, stateKey } from '../../shared/store/names.ts';
import { figuresWrite } from './figures.ts';
import { markWrites } from './marks.ts';

export { type Disposition, dispositions, type LabelSource, labelSources } from '../../shared/reviews/labels.ts';

export interface DisposeDependencies {
  readonly table: TableStore;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly masterSecret: MasterSecret;
}

export interface Disposal {
  readonly tenant: string;
  readonly transactionId: string;
  readonly disposition: Disposition;
  readonly note: string | null;
  /** Who says so: the id of a key. */
  readonly by: string;
  /** Left out: ANALYST. */
  readonly source?: LabelSource;
  /** The caller closes the review itself, once it is done with all of it. */
  readonly leavesReview?: true;
}

export type Disposed =
  | { readonly kind: 'disposed'; readonly knownAtMs: number; readonly review: Pick<Review, 'reviewId' | 'state'> | null }
  /** No decision bears the id. */
  | { readonly kind: 'unknown' }
  /** The account's personal data were erased, and with them what a review could be sealed for. */
  | { readonly kind: 'erased' };

const attemptsMax = 40;
const backoffBaseMs = 10;
const backoffMaxMs = 500;

/**
 * What an analyst says of a transaction, in one transaction of the table: the account's chain grows by a REVIEWED entry; unless
 * UNSURE, the label is set or replaced, the merchant's figures and the minute counters move by exactly this label, a fraud marks the
 * payment's entities or a withdrawn one takes the marks away, and the review that it is in closes. The same word by the same person as the
 * label that stands is a repeat and changes nothing; so is UNSURE said again of a payment in a review. Throws store errors when it is not
 * provably done before `deadlineMs`: safe to repeat.
 */
export async function dispose(dependencies: DisposeDependencies, disposal: Disposal, deadlineMs: number): Promise<Disposed> {
  const { table } = dependencies;
  const item = await table.get(decisionKey(disposal.tenant, disposal.transactionId), { consistent: true });
  if (item === null) return { kind: 'unknown' };
  const { decision, erased } = decisionFromItem(item);
  if (erased) return { kind: 'erased' };
  const { version, secret } = await dependencies.masterSecret.current();
  const sealer = new SecretSealer(secret, version);
  const { transaction, outcome, decidedAtMs } = decision;
  const subject = { transaction, outcome, decidedAtMs };

  /** Entries whose fate is not known: found in the chain, they are ours. */
  const sent: Sent[] = [];
  return attempted(dependencies, { attemptsMax, backoffBaseMs, backoffMaxMs, deadlineMs }, async () => {
    for (const { key, hash, result } of sent) {
      const entry = await table.get(key, { consistent: true });
      if (entry?.hash === hash) return result;
    }
    const step = await plan(dependencies, disposal, subject, sealer);
    if (step === 'again' || 'kind' in step) return step;
    try {
      await table.transact(step.writes, { once: true });
      return step.sent.result;
    } catch (error) {
      if (error instanceof OutcomeUnknown) sent.push(step.sent);
      throw error;
    }
  });
}

interface LabelledPayment {
  readonly transaction: Transaction;
  readonly outcome: Outcome;
  readonly decidedAtMs: number;
}

interface Sent {
  /** The entry's place in the chain. */
  readonly key: Key;
  readonly hash: string;
  readonly result: Disposed;
}

/** Returns what to write, by what is stored now; the result when there is nothing to write, `again` when something changed meanwhile. */
async function plan(
  { table, clock, masterSecret }: DisposeDependencies,
  disposal: Disposal,
  payment: LabelledPayment,
  sealer: SecretSealer,
): Promise<Disposed | 'again' | { readonly writes: readonly Write[]; readonly sent: Sent }> {
  const { tenant, transactionId, disposition, by, source = 'ANALYST' } = disposal;
  const { transaction } = payment;
  const { accountId, userId, merchantId } = transaction;
  const [state, labelled, review] = await Promise.all([
    table.get(stateKey(tenant, accountId, userId), { consistent: true }),
    table.get(labelKey(tenant, transactionId), { consistent: true }),
    reviewOf(table, tenant, transactionId),
  ]);
  if (state === null) return { kind: 'erased' };
  if (review === 'moved') return 'again';
  const account = accountFromItem(state);
  if (account.salt.every((byte) => byte === 0)) return { kind: 'erased' };

  const atMs = clock.nowMs();
  const entry = reviewedEntry(account, disposal, atMs, sealer);
  const before = labelled === null ? null : labelFromItem(labelled);
  if (before?.fingerprint === entry.fingerprint) return disposed(before.knownAtMs, review);
  const unsure = disposition === 'UNSURE' && review !== null ? await unsureOf(table, disposal, entry.fingerprint, atMs) : null;
  if (unsure !== null && 'knownAtMs' in unsure) return disposed(unsure.knownAtMs, review);
  const after: AccountState = {
    ...account,
    sequence: account.sequence + 1,
    head: entry.hash,
    spans: addGap(account.spans),
  };
  const writes: Write[] = [
    { kind: 'put', item: stateItem(tenant, accountId, userId, after), condition: unmoved(account.sequence) },
    { kind: 'put', item: entry.item, condition: { kind: 'absent' } },
  ];
  if (unsure !== null) writes.push(unsure.write);
  let reviewAfter = review;
  if (disposition !== 'UNSURE') {
    const { fingerprint } = entry;
    const label = {
      tenant,
      transactionId,
      disposition,
      knownAtMs: atMs,
      fingerprint,
      chain: account.chain,
      sequence: after.sequence,
      said: { by, source },
    };
    writes.push(labelWrite(label, before), ...counterWrites(payment, label, before));
    if (merchantId !== null) writes.push(await merchantWrite(table, tenant, merchantId, label, before));
    const { policy } = await loadActivePolicy(table, tenant, atMs);
    const change = {
      isFraud: isFraud(disposition),
      wasFraud: before !== null && isFraud(before.disposition),
      knownAtMs: atMs,
    };
    writes.push(...(await markWrites({ table, masterSecret }, { tenant, transaction, policy }, change)));
    if (disposal.leavesReview !== true) {
      const moved = reviewWrites(tenant, transactionId, review, disposition, atMs);
      writes.push(...moved.writes);
      reviewAfter = moved.review;
    }
    // A review that opens meanwhile would never be closed by this label.
    if (review === null && payment.outcome !== 'ALLOW') {
      writes.push({ kind: 'check', key: reviewMemberKey(tenant, transactionId), condition: { kind: 'absent' } });
    }
  }
  return { writes, sent: { key: entry.key, hash: entry.hash, result: disposed(atMs, reviewAfter) } };
}

/** When the same UNSURE was said before; else the write that remembers it, since there is no label to tell it by. */
async function unsureOf(
  table: TableStore,
  { tenant, transactionId }: Disposal,
  fingerprint: string,
  atMs: number,
): Promise<{ readonly knownAtMs: number } | { readonly write: Write }> {
  const member = (await table.get(reviewMemberKey(tenant, transactionId), { consistent: true }))!;
  if (member.unsure === fingerprint) return { knownAtMs: Number(member.unsureAtMs) };
  const item = { ...member, unsure: fingerprint, unsureAtMs: atMs };
  return { write: { kind: 'put', item, condition: { kind: 'present' } } };
}

const disposed = (knownAtMs: number, review: Review | null): Disposed => ({
  kind: 'disposed',
  knownAtMs,
  review: review && { reviewId: review.reviewId, state: review.state },
});

/** The chain's next entry; what a person wrote is sealed for the account, so that it goes when the account's salt does. */
function reviewedEntry(
  account: AccountState,
  { transactionId, disposition, note, by, source = 'ANALYST' }: Disposal,
  atMs: number,
  sealer: SecretSealer,
): { readonly item: Item; readonly key: Key; readonly hash: string; readonly fingerprint: string } {
  const { sealed, fingerprint } = sealer.seal(account.salt, JSON.stringify({ transactionId, disposition, note, by }));
  const body = {
    chain: account.chain,
    sequence: account.sequence + 1,
    previousHash: account.head,
    event: 'REVIEWED',
    at: formatInstant(atMs),
    transactionId,
    disposition,
    ...(source !== 'ANALYST' && { source }),
    fingerprint,
    sealed,
    secretVersion: sealer.secretVersion,
  };
  const key = auditKey(account.chain, body.sequence);
  const hash = hashOf(body);
  return { key, hash, fingerprint, item: { ...key, body: canonicalize(body)!, hash } };
}

const labelWrite = (label: Label, before: Label | null): Write => ({
  kind: 'put',
  item: labelItem(label),
  condition: before === null ? { kind: 'absent' } : { kind: 'equals', attribute: 'sequence', value: before.sequence },
});

/** The label in the minute of the decision; none once its counter has expired. */
function counterWrites({ outcome, decidedAtMs }: LabelledPayment, label: Label, before: Label | null): Write[] {
  if (decidedAtMs < label.knownAtMs - counterRetentionDays * dayMs) return [];
  const countAs = ({ disposition }: Label) => labelCount(isFraud(disposition), outcome);
  // Labels of 0.1 were not counted.
  const change = labelChange(decidedAtMs, before?.said === undefined ? null : countAs(before), countAs(label));
  return change === null ? [] : [{ kind: 'update', key: counterKey(label.tenant, decidedAtMs), change }];
}

async function merchantWrite(
  table: TableStore,
  tenant: string,
  merchantId: string,
  label: Label,
  before: Label | null,
): Promise<Write> {
  const known = ({ disposition, knownAtMs }: Label) => ({ fraud: isFraud(disposition), knownAtMs });
  const item = await table.get(merchantKey(tenant, merchantId), { consistent: true });
  return figuresWrite(tenant, merchantId, item, known(label), before && known(before));
}

/** An open review closes; a closed one changes its disposition only by the transaction that closed it. */
function reviewWrites(
  tenant: string,
  transactionId: string,
  review: Review | null,
  disposition: LabelDisposition,
  atMs: number,
): { readonly writes: readonly Write[]; readonly review: Review | null } {
  if (review === null) return { writes: [], review };
  const closed = { disposition, transactionId, atMs };
  if (review.state === 'open') return { writes: closingWrites(tenant, review, closed), review: { ...review, state: 'closed' } };
  if (review.closed?.transactionId !== transactionId) return { writes: [], review };
  const after = { ...review, closed, revision: review.revision + 1 };
  return { writes: changeWrites(tenant, review, after), review: after };
}
