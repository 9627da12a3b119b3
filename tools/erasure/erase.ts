import canonicalize from 'canonicalize';
import { erasedChainItem } from '../../functions/read/erasedChains.ts';
import { alertedAccount } from '../../shared/alerts/gate.ts';
import type { Decision } from '../../shared/domain/decision.ts';
import { formatInstant } from '../../shared/domain/time.ts';
import { notedTransaction } from '../../shared/entities/lookup.ts';
import { decisionFromItem, decisionItem } from '../../shared/ledger/items.ts';
import { accountFromItem, ownerOf, unmoved } from '../../shared/ledger/state.ts';
import {
  type Clock,
  ConditionFailed,
  type Item,
  type Key,
  type ObjectStore,
  type Randomness,
  type TableStore,
  TransactionCancelled,
} from '../../shared/ports/ports.ts';
import { type Feed, type FeedEntry, pageEntries, pageItem } from '../../shared/projection/feed.ts';
import { archiveEntries } from '../../shared/proof/archive.ts';
import type { StoredEntry } from '../../shared/proof/entry.ts';
import { noteHeads } from '../../shared/proof/heads.ts';
import { attempted } from '../../shared/reviews/attempts.ts';
import { type Review, reviewFromItem, reviewOfKey, reviewPlace } from '../../shared/reviews/review.ts';
import { forgetWrites } from '../../shared/reviews/reviewItems.ts';
import type { MasterSecret } from '../../shared/secrets/masterSecret.ts';
import { hashOf } from '../../shared/secrets/sealer.ts';
import { auditKey, decisionKey, openReviewKey, prefixes, stateKey } from '../../shared/store/names.ts';
import { scanItems } from '../../shared/store/pages.ts';
import { eraseFromEntities } from './entities.ts';
import { dropFeatures, type Erased } from './features.ts';
import { eraseMessages, type ParkedQueue } from './messages.ts';
import type { Subject } from './subject.ts';

export interface ErasureDependencies {
  readonly table: TableStore;
  readonly archive: ObjectStore;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly masterSecret: MasterSecret;
  /** Where transactions and events wait for a person. */
  readonly parked: readonly ParkedQueue[];
}

/** How many of each were changed; all zero when there was nothing left to erase. */
export interface ErasureReport {
  readonly accounts: number;
  readonly decisions: number;
  readonly feedPages: number;
  readonly reviews: number;
  /** Notes of when people were last told of an account. */
  readonly alerts: number;
  /** Notes of whose account it was. */
  readonly users: number;
  /** Attempts and marks in the records of entities, and notes by which entities are looked up. */
  readonly entities: number;
  readonly featureObjects: number;
  readonly messages: number;
}

export interface Erasure {
  readonly tenant: string;
  readonly subjects: readonly Subject[];
  /** Who asked for it; stays in the chain, so nothing personal. */
  readonly by: string;
  readonly onProgress?: (step: string, done: number) => void;
}

const scanPage = 500;
/** Sweeps until one finds nothing: what was projected meanwhile is found by the next. */
const sweepsMax = 6;
const attempts = { attemptsMax: 20, backoffBaseMs: 20, backoffMaxMs: 1_000 };
const withinMs = 60_000;

/**
 * Erases what is personal of these subjects: their account states, and with them the salts of everything sealed; the plaintext of their
 * decisions, feed entries and reviews, their attempts in the records of entities, their lines and rows of the feature archive, what waits of them in the dead letters. Each account's chain
 * ends with an ERASED entry, verifies as before, and is found by a keyed hash of the account's ids. Transaction ids stay, so that repeats stay known. What is paid afterwards begins a
 * new chain. Cut off anywhere, or called again, it does what is left. Throws store errors, and an Error when new traces keep coming.
 */
export async function erase(dependencies: ErasureDependencies, erasure: Erasure): Promise<ErasureReport> {
  const { parked } = dependencies;
  const { tenant, subjects, onProgress = () => undefined } = erasure;
  const isSubject = matcher(subjects);
  const accounts = await eraseAccounts(dependencies, erasure, isSubject);
  const total = { decisions: 0, feedPages: 0, reviews: 0, alerts: 0, users: 0, entities: 0 };
  let erasedTransactions: Erased = new Map();
  for (let sweeps = 1; ; sweeps += 1) {
    const found = await sweep(dependencies, erasure, isSubject, erasedTransactions);
    erasedTransactions = found.erasedTransactions;
    total.decisions += found.decisions;
    total.feedPages += found.feedPages;
    total.reviews += found.reviews;
    total.alerts += found.alerts;
    total.users += found.users;
    total.entities += found.entities;
    if (found.decisions + found.feedPages + found.reviews + found.alerts + found.users === 0) break;
    if (sweeps === sweepsMax)
      throw new Error(`new traces were found in each of ${sweepsMax} sweeps: erase again once traffic rests`);
  }
  const featureObjects = await dropFeatures(dependencies, tenant, erasedTransactions, (done) =>
    onProgress('feature files', done),
  );
  const messages = await eraseMessages(parked, tenant, subjects);
  return { accounts, ...total, featureObjects, messages };
}

type IsSubject = (accountId: string, userId: string) => boolean;

const matcher = (subjects: readonly Subject[]): IsSubject => {
  const wanted = new Map<string, Set<string | null>>();
  for (const { userId, accountId } of subjects) wanted.set(userId, (wanted.get(userId) ?? new Set()).add(accountId));
  return (accountId, userId) => {
    const accounts = wanted.get(userId);
    return accounts !== undefined && (accounts.has(null) || accounts.has(accountId));
  };
};

async function* everyItem({ table }: ErasureDependencies, onProgress: Erasure['onProgress'], step: string): AsyncGenerator<Item> {
  let done = 0;
  for await (const item of scanItems(table, scanPage)) {
    yield item;
    done += 1;
    if (done % scanPage === 0) onProgress?.(step, done);
  }
  onProgress?.(step, done);
}

async function eraseAccounts(
  dependencies: ErasureDependencies,
  { tenant, subjects, by, onProgress }: Erasure,
  isSubject: IsSubject,
): Promise<number> {
  const keys: Key[] = [];
  if (subjects.every(({ accountId }) => accountId !== null)) {
    for (const { accountId, userId } of subjects) keys.push(stateKey(tenant, accountId!, userId));
  } else {
    for await (const item of everyItem(dependencies, onProgress, 'accounts')) {
      if (!item.pk.startsWith(`${prefixes.state}${tenant}#`)) continue;
      const { accountId, userId } = ownerOf(item);
      if (isSubject(accountId, userId)) keys.push({ pk: item.pk, sk: item.sk });
    }
  }
  let erased = 0;
  for (const key of keys) {
    const entry = await eraseAccount(dependencies, key, by);
    if (entry !== null) erased += 1;
  }
  return erased;
}

/** The chain's last entry and the end of its state, in one transaction; null when there is no state. */
async function eraseAccount(dependencies: ErasureDependencies, key: Key, by: string): Promise<StoredEntry | null> {
  const { table, clock, archive, masterSecret } = dependencies;
  const sent: StoredEntry[] = [];
  const done = await attempted(dependencies, { ...attempts, deadlineMs: clock.nowMs() + withinMs }, async () => {
    const item = await table.get(key, { consistent: true });
    if (item === null) return sent.at(-1) ?? null;
    const account = accountFromItem(item);
    const body = {
      chain: account.chain,
      sequence: account.sequence + 1,
      previousHash: account.head,
      event: 'ERASED',
      at: formatInstant(clock.nowMs()),
      by,
    };
    const entry = { body, hash: hashOf(body) };
    sent.push(entry);
    const pointer = await erasedChainItem(masterSecret, ownerOf(item), body);
    await table.transact([
      {
        kind: 'put',
        item: { ...auditKey(body.chain, body.sequence), body: canonicalize(body)!, hash: entry.hash },
        condition: { kind: 'absent' },
      },
      { kind: 'delete', key, condition: unmoved(account.sequence) },
      { kind: 'put', item: pointer },
    ]);
    return entry;
  });
  // Beside the stream, so that the entry is archived and owed a checkpoint even where this process's writes do not reach it.
  if (done !== null) {
    await archiveEntries(archive, [done]);
    await noteHeads(table, [done]);
  }
  return done;
}

interface Swept {
  readonly decisions: number;
  readonly feedPages: number;
  readonly reviews: number;
  readonly alerts: number;
  readonly users: number;
  readonly entities: number;
  /** Every erased transaction of the tenant, those of earlier erasures included. */
  readonly erasedTransactions: Erased;
}

async function sweep(
  dependencies: ErasureDependencies,
  { tenant, onProgress }: Erasure,
  isSubject: IsSubject,
  erasedBefore: Erased,
): Promise<Swept> {
  const { table } = dependencies;
  const erasedTransactions = new Map<string, number>();
  const count = { decisions: 0, feedPages: 0, reviews: 0, alerts: 0, users: 0, entities: 0 };
  const isDead = deadness(table, tenant);
  const own = (prefix: string, item: Item): boolean => item.pk.startsWith(`${prefix}${tenant}#`);
  for await (const item of everyItem(dependencies, onProgress, 'items')) {
    if (own(prefixes.decision, item)) {
      const stored = decisionFromItem(item);
      const { transactionId, accountId, userId, occurredAtMs } = stored.decision.transaction;
      if (!stored.erased) {
        if (!isSubject(accountId, userId) || !(await isDead(item))) continue;
        count.entities += await eraseFromEntities(dependencies, tenant, stored.decision);
        await table.put(
          decisionItem({ ...stored, correlationId: null, erased: true, decision: withoutPerson(stored.decision) }),
          { kind: 'present' },
        );
        count.decisions += 1;
      }
      erasedTransactions.set(transactionId, occurredAtMs);
    } else if (own(prefixes.feed, item)) {
      if (await eraseFeedPage(table, tenant, item, isSubject, isDead)) count.feedPages += 1;
    } else if (own(prefixes.review, item) && reviewOfKey(item) !== null) {
      const review = reviewFromItem(item);
      if (!isSubject(review.accountId, review.userId)) continue;
      const dead = await Promise.all(review.transactionIds.map((id) => isDead(id)));
      if (!dead.every(Boolean)) continue;
      await eraseReview(table, tenant, item, review);
      count.reviews += 1;
    } else if (own(prefixes.alert, item)) {
      const [accountId, userId] = alertedAccount(item) ?? [];
      if (accountId === undefined || userId === undefined || !isSubject(accountId, userId)) continue;
      await table.delete({ pk: item.pk, sk: item.sk });
      count.alerts += 1;
    } else if (own(prefixes.user, item)) {
      const userId = item.pk.slice(`${prefixes.user}${tenant}#`.length);
      if (!isSubject(item.sk, userId)) continue;
      // An account that lives began after the erasure.
      if ((await table.get(stateKey(tenant, item.sk, userId), { consistent: true })) !== null) continue;
      await table.delete({ pk: item.pk, sk: item.sk });
      count.users += 1;
    } else if (own(prefixes.lookup, item) && erasedBefore.has(notedTransaction(item))) {
      // It was projected while its decision was erased.
      await table.delete({ pk: item.pk, sk: item.sk });
      count.entities += 1;
    }
  }
  return { ...count, erasedTransactions };
}

/** Whether a decision's account is no more: a chain that lives began after the erasure, and is not meant. */
const deadness =
  (table: TableStore, tenant: string) =>
  async (decision: Item | string): Promise<boolean> => {
    const item = typeof decision === 'string' ? await table.get(decisionKey(tenant, decision), { consistent: true }) : decision;
    if (item === null) return false;
    const stored = decisionFromItem(item);
    if (stored.erased) return true;
    const { accountId, userId } = stored.decision.transaction;
    const state = await table.get(stateKey(tenant, accountId, userId), { consistent: true });
    return state === null || accountFromItem(state).chain !== stored.chain;
  };

type IsDead = ReturnType<typeof deadness>;

const withoutPerson = (decision: Decision): Decision => ({
  ...decision,
  features: null,
  transaction: {
    ...decision.transaction,
    userId: '',
    accountId: '',
    channel: null,
    deviceId: null,
    merchantId: null,
    merchantCategory: null,
    ipAddress: null,
    beneficiaryId: null,
    instrumentId: null,
    location: null,
    metadata: null,
  },
});

async function eraseFeedPage(
  table: TableStore,
  tenant: string,
  item: Item,
  isSubject: IsSubject,
  isDead: IsDead,
): Promise<boolean> {
  const entries: FeedEntry[] = [];
  let changed = false;
  for (const entry of pageEntries(item)) {
    const { accountId, userId, transactionId } = entry.transaction;
    const isGone = isSubject(accountId, userId) && (await isDead(transactionId));
    entries.push(isGone ? { ...entry, transaction: { ...entry.transaction, accountId: '', userId: '' } } : entry);
    changed ||= isGone;
  }
  if (!changed) return false;
  const feed = item.pk.split('#')[2] as Feed;
  return quietly(table.put(pageItem(tenant, feed, entries), { kind: 'present' }));
}

/** A closed review stays without its person; an open one asks for what nobody can give any more, and goes. */
async function eraseReview(table: TableStore, tenant: string, item: Item, review: Review): Promise<boolean> {
  const asRead = { kind: 'equals', attribute: 'revision', value: review.revision } as const;
  if (review.state === 'closed') return quietly(table.put({ ...item, accountId: '', userId: '' }, asRead));
  const pointer = openReviewKey(tenant, review.accountId, review.userId);
  const place = reviewPlace(review);
  return quietly(
    table.transact([
      { kind: 'delete', key: pointer, condition: { kind: 'equals', attribute: 'place', value: place } },
      { kind: 'delete', key: { pk: item.pk, sk: item.sk }, condition: asRead },
      ...forgetWrites(tenant, review),
    ]),
  );
}

/** False when the item moved or went since it was read: the next sweep finds it as it is then. */
const quietly = async (write: Promise<unknown>): Promise<boolean> => {
  try {
    await write;
    return true;
  } catch (error) {
    if (error instanceof ConditionFailed || error instanceof TransactionCancelled) return true;
    throw error;
  }
};
