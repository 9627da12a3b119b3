import { listNoteCharactersMax } from '../contract/noteLimits.ts';
import { dayMs } from '../domain/durations.ts';
import type { List, Policy } from '../domain/policy.ts';
import type { Transaction } from '../domain/transaction.ts';
import { appendSystemEvent } from '../ledger/systemChain.ts';
import { type Condition, type Item, type TableStore, TransactionCancelled, type Write } from '../ports/ports.ts';
import { boundedBySize, cache, onePer } from '../store/cache.ts';
import { listEntryKey, listVersionKey } from '../store/names.ts';
import { itemPage, queryItems } from '../store/pages.ts';

/**
 * Allow and block lists. An entry is an item of its own; one small item per tenant says how often each list was changed, so that
 * an instance that holds the lists in memory reads that item alone, at most every `listCacheMs`, and a list only after a change.
 *
 * Cost: no read at all for a policy without lists; else one read unit per tenant, instance and `listCacheMs`, and after a change
 * the changed list once per instance (a read unit per 4 KB, about 40 entries without notes; a note counts with its bytes).
 */
export const listLimits = { entries: 10_000, noteCharacters: listNoteCharactersMax } as const;

/** A changed list acts everywhere within 10 s: half of it is left to reads and clocks. */
export const listCacheMs = 5_000;

/** An expired entry still matters to a payment that comes this much late. */
const keptAfterExpiryMs = 2 * dayMs;

const cachedTenants = 1_000;
const cachedLists = 2_000;
/** Of all lists in memory together: a function of 1 GB holds them however many tenants have long ones. */
const cachedEntries = 1_000_000;
const changeAttempts = 8;
const pageItems = 1_000;
/** Enough pages for a full list, and as many again for short ones. */
const maximumPages = 40;
/** Of one transaction, beside the audit entry and the versions item. */
const purgedAtOnce = 90;

/** Entry to expiry in epoch milliseconds; null = never. */
type Entries = ReadonlyMap<string, number | null>;

/** A list as it was after so many changes. */
interface KeptList {
  readonly changes: number;
  readonly count: number;
  readonly entries: Promise<Entries>;
}

const cachesOf = onePer((_: TableStore) => ({
  versions: cache<ListVersions>({ max: cachedTenants, ttlMs: listCacheMs }),
  lists: boundedBySize<KeptList>(cachedLists, cachedEntries, ({ count }) => count),
}));

/**
 * Which lists of the policy hold this transaction, by list name. Expiry is read against the transaction's own time.
 * Throws what the store throws: an unreadable list never reads as "not on it".
 */
export const listHits = async (
  table: TableStore,
  tenant: string,
  policy: Policy,
  transaction: Transaction,
  nowMs: number,
): Promise<Readonly<Record<string, boolean>>> => {
  const names = Object.keys(policy.lists);
  if (names.length === 0) return {};
  const versions = await cachesOf(table).versions.get(tenant, nowMs, () => readVersions(table, tenant));
  const hits: Record<string, boolean> = {};
  for (const name of names) {
    const entries = await entriesOf(table, tenant, name, versionOf(versions, name));
    hits[name] = isHit(entries, policy.lists[name]!, transaction);
  }
  return hits;
};

const isHit = (entries: Entries, list: List, transaction: Transaction): boolean => {
  const value = transaction[list.field];
  const expiresAtMs = value === null ? undefined : entries.get(value);
  if (expiresAtMs === undefined) return false;
  return expiresAtMs === null || transaction.occurredAtMs < expiresAtMs;
};

/** Never older than `changes`, since the versions are read before the list. */
const entriesOf = (table: TableStore, tenant: string, list: string, { changes, count }: ListVersion): Promise<Entries> => {
  if (count === 0) return Promise.resolve(new Map());
  const { lists } = cachesOf(table);
  const key = `${tenant} ${list}`;
  const kept = lists.get(key);
  if (kept?.changes === changes) return kept.entries;
  const entries = readEntries(table, tenant, list);
  lists.set(key, { changes, count, entries });
  entries.catch(() => {
    if (lists.get(key)?.entries === entries) lists.delete(key);
  });
  return entries;
};

const readEntries = async (table: TableStore, tenant: string, list: string): Promise<Entries> => {
  const { pk } = listEntryKey(tenant, list, '');
  const entries = new Map<string, number | null>();
  const items = queryItems(
    table,
    { pk, limit: pageItems, consistent: true },
    {
      pagesMax: maximumPages,
      beyond: `list ${list} of tenant ${tenant} does not end within ${maximumPages} pages`,
    },
  );
  for await (const item of items) entries.set(item.sk, typeof item.expiresAtMs === 'number' ? item.expiresAtMs : null);
  return entries;
};

export interface ListChange {
  readonly list: string;
  readonly entry: string;
  readonly by: string;
  readonly atMs: number;
  /** 16 random bytes, for the hash that stands for the entry in the audit chain. */
  readonly salt: Uint8Array;
}

export type ListPut = ListChange & {
  /** Epoch milliseconds; null = never. */
  readonly expiresAtMs: number | null;
  /** At most `listLimits.noteCharacters`. */
  readonly note?: string | null;
};

export type ListChanged = { readonly ok: true } | { readonly ok: false; readonly cause: 'full' | 'absent' | 'busy' };

/** Puts one entry in, or gives it another expiry and note; audited as LIST_CHANGED in the same transaction. */
export const putListEntry = (table: TableStore, tenant: string, put: ListPut): Promise<ListChanged> =>
  changeList(table, tenant, put, 'put', put.expiresAtMs, put.note ?? null);

/** Takes one entry out, audited likewise; `absent` when it is not there. */
export const deleteListEntry = (table: TableStore, tenant: string, change: ListChange): Promise<ListChanged> =>
  changeList(table, tenant, change, 'delete', null, null);

const changeList = async (
  table: TableStore,
  tenant: string,
  change: ListChange,
  action: 'put' | 'delete',
  expiresAtMs: number | null,
  note: string | null,
): Promise<ListChanged> => {
  const key = listEntryKey(tenant, change.list, change.entry);
  for (let attempt = 1; attempt <= changeAttempts; attempt++) {
    const versions = await readVersions(table, tenant);
    const stored = await table.get(key, { consistent: true });
    const { changes, count } = versionOf(versions, change.list);
    if (action === 'delete' && stored === null) return { ok: false, cause: 'absent' };
    const purge =
      action === 'put' && stored === null && count >= listLimits.entries ? await findExpired(table, tenant, change) : [];
    const added = action === 'delete' ? -1 : stored === null ? 1 : 0;
    const newCount = count + added - purge.length;
    if (newCount > listLimits.entries) return { ok: false, cause: 'full' };
    const entryWrite: Write =
      action === 'delete'
        ? { kind: 'delete', key, condition: { kind: 'present' } }
        : {
            kind: 'put',
            item: { ...key, expiresAtMs, putAtMs: change.atMs, by: change.by, ...(note !== null && { note }) },
            ...(stored === null && { condition: { kind: 'absent' } as const }),
          };
    const writes: Write[] = [
      versionsWrite(tenant, versions, change.list, { changes: changes + 1, count: newCount }),
      entryWrite,
      ...purge.map((sk): Write => ({ kind: 'delete', key: { pk: key.pk, sk }, condition: { kind: 'present' } })),
    ];
    const expiresAt = expiresAtMs === null ? null : new Date(expiresAtMs).toISOString();
    const details = { list: change.list, action, expiresAt, expiredEntriesRemoved: purge.length };
    const inputs = { values: { entry: change.entry, ...(note !== null && { note }) }, salt: change.salt };
    try {
      await appendSystemEvent(
        table,
        tenant,
        { event: 'LIST_CHANGED', by: change.by, atMs: change.atMs, details, inputs },
        writes,
      );
    } catch (error) {
      if (error instanceof TransactionCancelled) continue;
      throw error;
    }
    cachesOf(table).versions.delete(tenant);
    return { ok: true };
  }
  return { ok: false, cause: 'busy' };
};

/** An entry as it stands. */
export interface ListEntry {
  readonly entry: string;
  /** Epoch milliseconds; null = never. */
  readonly expiresAtMs: number | null;
  readonly note: string | null;
  /** Who put it there last, and when. */
  readonly by: string;
  readonly atMs: number;
}

/**
 * Entries of a list in the order of their texts, expired ones included: at most `limit` behind `after`. `after` of the answer is where to
 * go on, absent at the end.
 */
export const readListEntries = async (
  table: TableStore,
  tenant: string,
  list: string,
  { limit, after }: { readonly limit: number; readonly after: string | null },
): Promise<{ readonly entries: readonly ListEntry[]; readonly after?: string }> => {
  const { pk } = listEntryKey(tenant, list, '');
  const query = { pk, limit: limit + 1, consistent: true, ...(after !== null && { after }) };
  const page = await itemPage(table, { query, count: limit, queriesMax: maximumPages });
  return { entries: page.items.map(entryOf), ...(page.after !== undefined && { after: page.after }) };
};

/** How many entries each of these lists holds, expired ones included: one read for all of them. */
export const countListEntries = async (
  table: TableStore,
  tenant: string,
  lists: readonly string[],
): Promise<ReadonlyMap<string, number>> => {
  const versions = await readVersions(table, tenant);
  return new Map(lists.map((list) => [list, versionOf(versions, list).count]));
};

const entryOf = ({ sk, expiresAtMs, note, by, putAtMs }: Item): ListEntry => ({
  entry: sk,
  expiresAtMs: typeof expiresAtMs === 'number' ? expiresAtMs : null,
  note: typeof note === 'string' ? note : null,
  by: String(by),
  atMs: Number(putAtMs),
});

/** Entries of a full list that no payment can need any more. */
const findExpired = async (table: TableStore, tenant: string, change: ListChange): Promise<readonly string[]> => {
  const entries = await readEntries(table, tenant, change.list);
  const expired: string[] = [];
  for (const [entry, expiresAtMs] of entries) {
    if (expired.length === purgedAtOnce) break;
    if (expiresAtMs !== null && expiresAtMs + keptAfterExpiryMs <= change.atMs) expired.push(entry);
  }
  return expired;
};

interface ListVersion {
  readonly changes: number;
  readonly count: number;
}

const untouched: ListVersion = { changes: 0, count: 0 };

interface ListVersions {
  /** Of the whole item; null = there is none yet. */
  readonly changes: number | null;
  readonly lists: Readonly<Record<string, ListVersion>>;
}

const versionOf = ({ lists }: ListVersions, name: string): ListVersion => (Object.hasOwn(lists, name) ? lists[name]! : untouched);

const readVersions = async (table: TableStore, tenant: string): Promise<ListVersions> => {
  const item = await table.get(listVersionKey(tenant), { consistent: true });
  if (item === null) return { changes: null, lists: {} };
  return { changes: Number(item.changes), lists: JSON.parse(String(item.lists)) as Record<string, ListVersion> };
};

/** Pure: the versions item after one change, refused if it moved since it was read. */
const versionsWrite = (tenant: string, before: ListVersions, list: string, after: ListVersion): Write => {
  const lists = { ...before.lists, [list]: after };
  const item: Item = { ...listVersionKey(tenant), changes: (before.changes ?? 0) + 1, lists: JSON.stringify(lists) };
  const condition: Condition =
    before.changes === null ? { kind: 'absent' } : { kind: 'equals', attribute: 'changes', value: before.changes };
  return { kind: 'put', item, condition };
};
