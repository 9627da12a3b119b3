import type { ErasedChain } from '../../functions/read/erasedChains.ts';
import { exportedChain } from '../../functions/read/evidence/export.ts';
import { alertedAccount } from '../../shared/alerts/gate.ts';
import type { Outcome } from '../../shared/domain/outcome.ts';
import { decisionFromItem } from '../../shared/ledger/items.ts';
import { ownerOf } from '../../shared/ledger/state.ts';
import type { Clock, Item, Key, ObjectStore, TableStore } from '../../shared/ports/ports.ts';
import { pageEntries } from '../../shared/projection/feed.ts';
import { reviewFromItem, reviewOfKey } from '../../shared/reviews/review.ts';
import { prefixes } from '../../shared/store/names.ts';
import { inParallel } from '../../shared/store/parallel.ts';
import type { Subject } from './subject.ts';

/** An account of a person who is to be erased. */
export interface Owner {
  readonly accountId: string;
  readonly userId: string;
  /** Decisions that still name the account, where the table was searched for them; otherwise none. */
  readonly payments: readonly Payment[];
  /** Whether the table was searched: then a chain that lacks entries hides no decision. */
  readonly isSearched: boolean;
}

/** One whose account has ended. */
export interface DeadOwner extends Owner {
  readonly chains: readonly ErasedChain[];
}

/** A payment as its chain tells of it. */
export interface Payment {
  readonly transactionId: string;
  readonly chain: string;
  readonly occurredAtMs: number;
  readonly decidedAtMs: number;
  readonly outcome: Outcome;
  /** When it was labelled, and labelled anew. */
  readonly labelledAtMs: readonly number[];
}

const segmentCount = 8;
const pageItems = 500;

/**
 * The accounts of these subjects. Where a subject names no account, the whole table is read for whatever names its user: that grows with the
 * table, and is done once for all subjects. Throws store errors.
 */
export const ownersOf = async (
  table: TableStore,
  tenant: string,
  subjects: readonly Subject[],
  onProgress: (itemsRead: number) => void,
): Promise<readonly Owner[]> => {
  const named = subjects.flatMap(({ accountId, userId }) =>
    accountId === null ? [] : [{ accountId, userId, payments: [], isSearched: false }],
  );
  const users = new Set(subjects.flatMap(({ accountId, userId }) => (accountId === null ? [userId] : [])));
  if (users.size === 0) return named;
  const found = new Map<string, { accountId: string; userId: string; payments: Payment[]; isSearched: true }>();
  const take = ({ accountId, userId, payment }: Mention): void => {
    if (!users.has(userId)) return;
    const name = JSON.stringify([accountId, userId]);
    const owner = found.get(name) ?? { accountId, userId, payments: [], isSearched: true };
    found.set(name, owner);
    if (payment !== undefined) owner.payments.push(payment);
  };
  let itemsRead = 0;
  await inParallel(Array.from({ length: segmentCount }), segmentCount, async (_, index) => {
    let after: Key | undefined;
    do {
      const segment = { index, of: segmentCount };
      const page: Awaited<ReturnType<TableStore['scan']>> = await table.scan({
        limit: pageItems,
        segment,
        ...(after && { after }),
      });
      for (const item of page.items) for (const mention of mentionsIn(tenant, item)) take(mention);
      itemsRead += page.items.length;
      onProgress(itemsRead);
      after = page.after;
    } while (after !== undefined);
  });
  return [...named, ...found.values()];
};

interface Mention {
  readonly accountId: string;
  readonly userId: string;
  readonly payment?: Payment;
}

/** Whom an item names. */
const mentionsIn = (tenant: string, item: Item): readonly Mention[] => {
  const isOwn = (prefix: string): boolean => item.pk.startsWith(`${prefix}${tenant}#`);
  if (isOwn(prefixes.state)) return [ownerOf(item)];
  if (isOwn(prefixes.decision)) {
    const { chain, decision } = decisionFromItem(item);
    const { transactionId, accountId, userId, occurredAtMs } = decision.transaction;
    const { decidedAtMs, outcome } = decision;
    return [{ accountId, userId, payment: { transactionId, chain, occurredAtMs, decidedAtMs, outcome, labelledAtMs: [] } }];
  }
  if (isOwn(prefixes.feed)) return pageEntries(item).map(({ transaction }) => transaction);
  if (isOwn(prefixes.review) && reviewOfKey(item) !== null) return [reviewFromItem(item)];
  if (isOwn(prefixes.user)) return [{ accountId: item.sk, userId: item.pk.slice(`${prefixes.user}${tenant}#`.length) }];
  if (!isOwn(prefixes.alert)) return [];
  const [accountId, userId] = alertedAccount(item) ?? [];
  return accountId === undefined || userId === undefined ? [] : [{ accountId, userId }];
};

/**
 * The payments of an owner's dead chains by their ids, from the table and, where rows have expired, from the archive. Throws store errors, and an
 * Error naming the chain that lacks entries, unless the table was searched.
 */
export const paymentsOf = async (
  { table, archive, clock }: { readonly table: TableStore; readonly archive: ObjectStore; readonly clock: Pick<Clock, 'nowMs'> },
  { chains, payments, isSearched }: DeadOwner,
): Promise<ReadonlyMap<string, Payment>> => {
  const found = new Map(payments.map((payment) => [payment.transactionId, payment]));
  for (const { chain, sequence } of chains) {
    let next = 1;
    const requireWhole = (upTo: number): void => {
      if (next >= upTo || isSearched) return;
      throw new Error(`chain ${chain} lacks entry ${next}: erase the user without an account, which searches the whole table`);
    };
    for await (const { body } of await exportedChain({ table, archive }, { chain, reached: sequence }, clock.nowMs())) {
      requireWhole(body.sequence);
      next = body.sequence + 1;
      const transactionId = String(body.transactionId);
      const atMs = Date.parse(body.at);
      if (body.event === 'DECISION_MADE') {
        const occurredAtMs = Date.parse(String(body.occurredAt));
        const outcome = body.outcome as Outcome;
        found.set(transactionId, { transactionId, chain, occurredAtMs, decidedAtMs: atMs, outcome, labelledAtMs: [] });
      } else if (body.event === 'REVIEWED') {
        const payment = found.get(transactionId);
        if (payment !== undefined) found.set(transactionId, { ...payment, labelledAtMs: [...payment.labelledAtMs, atMs] });
      }
    }
    requireWhole(sequence + 1);
  }
  return found;
};
