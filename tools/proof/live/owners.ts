import { auditFromItem, decisionFromItem } from '../../../shared/ledger/items.ts';
import { accountFromItem, ownerOf } from '../../../shared/ledger/state.ts';
import type { Item, TableStore } from '../../../shared/ports/ports.ts';
import type { AuditEntry } from '../../../shared/proof/entry.ts';
import { auditKey, decisionKey, prefixes } from '../../../shared/store/names.ts';
import { type Owner, readShare, type Seen } from './tableShare.ts';

/** Entries of a chain whose decisions are asked for its account. */
const entriesAsked = 4;

/**
 * Whose chain it is: by the state that names it, else by a decision of one of its entries. A chain bears no name of its own. Null when none
 * of the tenants seen so far has such a decision. Throws store errors.
 */
export const ownerOfChain = async (
  table: TableStore,
  seen: Seen,
  chain: string,
  expired: readonly AuditEntry[] | null,
): Promise<Owner | null> => {
  const known = seen.owners.get(chain) ?? seen.claims.get(chain)?.find(({ owner }) => owner.account !== null)?.owner;
  if (known) return known;
  const { pk } = auditKey(chain, 1);
  const ends = await Promise.all(
    [false, true].map((descending) => table.query({ pk, limit: entriesAsked, descending, consistent: true })),
  );
  const bodies = [
    ...ends.flatMap(({ items }) => items.map(bodyOf)),
    ...(expired ?? []).slice(0, entriesAsked).map(({ body }) => body),
  ];
  for (const body of bodies) {
    if (body?.event !== 'DECISION_MADE') continue;
    for (const tenant of seen.tenants.keys()) {
      const item = await table.get(decisionKey(tenant, String(body.transactionId)), { consistent: true });
      const found = item && decisionOf(item);
      if (found?.chain === chain) return found.owner;
    }
  }
  return null;
};

/** Looks through the whole table for the accounts and decisions of these chains, and notes what it finds as seen. */
export const searchOwners = async (table: TableStore, seen: Seen, chains: ReadonlySet<string>): Promise<void> => {
  await readShare(table, { number: 1, of: 1 }, async (items) => {
    for (const item of items) {
      const found = item.pk.startsWith(prefixes.state)
        ? stateOf(item)
        : item.pk.startsWith(prefixes.decision)
          ? decisionOf(item)
          : null;
      if (found === null || !chains.has(found.chain)) continue;
      if (item.pk.startsWith(prefixes.state) || !seen.owners.has(found.chain)) seen.owners.set(found.chain, found.owner);
    }
  });
};

interface Owned {
  readonly chain: string;
  readonly owner: Owner;
}

/** Items that cannot be read are found for themselves. */
const orNull =
  (read: (item: Item) => Owned) =>
  (item: Item): Owned | null => {
    try {
      return read(item);
    } catch {
      return null;
    }
  };

const stateOf = orNull((item) => {
  const { tenant, ...account } = ownerOf(item);
  return { chain: accountFromItem(item).chain, owner: { tenant, account } };
});

const decisionOf = orNull((item) => {
  const { tenant, chain, erased, decision } = decisionFromItem(item);
  const { accountId, userId } = decision.transaction;
  return { chain, owner: { tenant, account: erased ? null : { accountId, userId } } };
});

const bodyOf = (item: Item): Readonly<Record<string, unknown>> | null => {
  try {
    return auditFromItem(item).body;
  } catch {
    return null;
  }
};
