import type { List, Policy } from '../domain/policy.ts';
import type { Transaction } from '../domain/transaction.ts';
import { appendSystemEvent } from '../ledger/systemChain.ts';
import { type Condition, type Item, type TableStore, TransactionCancelled, type Write } from '../ports/ports.ts';
import { listEntryKey, listVersionKey } from '../store/names.ts';
import { BoundedMap } from './cache.ts';

/**
 * Allow and block lists. An entry is an item of its own; one small item per tenant says how often each list was changed, so that
 * an instance that holds the lists in memory reads that item alone, at most every `listCacheMs`, and a list only after a change.
 *
 * Cost: no read at all for a policy without lists; else one read unit per tenant, instance and `listCacheMs`, and after a change
 * the changed list once per instance (a read unit per 4 KB, about 40 entries).
 */
export const listLimits = { entries: 10_000 } as const;

/** A changed list acts everywhere within 10 s: half of it is left to reads and clocks. */
export const listCacheMs = 5_000;

/** An expired entry still matters to a payment that comes this much late. */
const keptAfterExpiryMs = 48 * 3_600_000;

const cachedTenants = 1_000;
const changeAttempts = 8;
const pageItems = 1_000;
/** Enough pages for a full list, and as many again for short ones. */
const maximumPages = 40;
/** Of one transaction, beside the audit entry and the versions item. */
const purgedAtOnce = 90;

/** Entry to expiry in epoch milliseconds; null = never. */
type Entries = ReadonlyMap<string, number | null>;

interface LoadedList {
  readonly changes: number;
  readonly entries: Entries;
}

interface Snapshot {
  readonly readAtMs: number;
  readonly lists: ReadonlyMap<string, LoadedList>;
}

const snapshotsByTable = new WeakMap<TableStore, BoundedMap<string, Promise<Snapshot>>>();

const snapshotsOf = (table: TableStore): BoundedMap<string, Promise<Snapshot>> => {
  const known = snapshotsByTable.get(table);
  if (known !== undefined) return known;
  const made = new BoundedMap<string, Promise<Snapshot>>(cachedTenants);
  snapshotsByTable.set(table, made);
  return made;
};

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
  const snapshot = await loadLists(table, tenant, names, nowMs);
  return Object.fromEntries(
    names.map((name) => [name, isHit(snapshot.lists.get(name)?.entries, policy.lists[name]!, transaction)]),
  );
};

const isHit = (entries: Entries | undefined, list: List, transaction: Transaction): boolean => {
  const value = transaction[list.field];
  const expiresAtMs = value === null ? undefined : entries?.get(value);
  if (expiresAtMs === undefined) return false;
  return expiresAtMs === null || transaction.occurredAtMs < expiresAtMs;
};

const loadLists = async (table: TableStore, tenant: string, names: readonly string[], nowMs: number): Promise<Snapshot> => {
  const snapshots = snapshotsOf(table);
  const pending = snapshots.get(tenant);
  const last = await pending;
  if (last !== undefined && Math.abs(nowMs - last.readAtMs) < listCacheMs && names.every((name) => last.lists.has(name)))
    return last;
  // Whoever waited for the same old copy finds the new one under way.
  const current = snapshots.get(tenant);
  if (current !== undefined && current !== pending) return loadLists(table, tenant, names, nowMs);
  const refreshed = refresh(table, tenant, names, nowMs, last ?? null);
  snapshots.set(tenant, refreshed);
  refreshed.catch(() => {
    if (snapshots.get(tenant) === refreshed) snapshots.delete(tenant);
  });
  return refreshed;
};

/** Reads the versions first and the lists after, so that a list is never older than the version it is kept under. */
const refresh = async (
  table: TableStore,
  tenant: string,
  names: readonly string[],
  nowMs: number,
  last: Snapshot | null,
): Promise<Snapshot> => {
  const versions = await readVersions(table, tenant);
  const lists = new Map<string, LoadedList>();
  for (const name of names) {
    const { changes, count } = versionOf(versions, name);
    const known = last?.lists.get(name);
    if (known?.changes === changes) lists.set(name, known);
    else lists.set(name, { changes, entries: count === 0 ? new Map() : await readEntries(table, tenant, name) });
  }
  return { readAtMs: nowMs, lists };
};

const readEntries = async (table: TableStore, tenant: string, list: string): Promise<Entries> => {
  const { pk } = listEntryKey(tenant, list, '');
  const entries = new Map<string, number | null>();
  let after: string | undefined;
  for (let page = 0; page < maximumPages; page++) {
    const found = await table.query({ pk, limit: pageItems, consistent: true, ...(after !== undefined && { after }) });
    for (const item of found.items) entries.set(item.sk, typeof item.expiresAtMs === 'number' ? item.expiresAtMs : null);
    after = found.after;
    if (after === undefined) return entries;
  }
  throw new RangeError(`list ${list} of tenant ${tenant} does not end within ${maximumPages} pages`);
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
};

export type ListChanged = { readonly ok: true } | { readonly ok: false; readonly cause: 'full' | 'absent' | 'busy' };

/** Puts one entry in, or gives it another expiry; audited as LIST_CHANGED in the same transaction. */
export const putListEntry = (table: TableStore, tenant: string, put: ListPut): Promise<ListChanged> =>
  changeList(table, tenant, put, 'put', put.expiresAtMs);

/** Takes one entry out, audited likewise; `absent` when it is not there. */
export const deleteListEntry = (table: TableStore, tenant: string, change: ListChange): Promise<ListChanged> =>
  changeList(table, tenant, change, 'delete', null);

const changeList = async (
  table: TableStore,
  tenant: string,
  change: ListChange,
  action: 'put' | 'delete',
  expiresAtMs: number | null,
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
            item: { ...key, expiresAtMs, putAtMs: change.atMs, by: change.by },
            ...(stored === null && { condition: { kind: 'absent' } as const }),
          };
    const writes: Write[] = [
      versionsWrite(tenant, versions, change.list, { changes: changes + 1, count: newCount }),
      entryWrite,
      ...purge.map((sk): Write => ({ kind: 'delete', key: { pk: key.pk, sk }, condition: { kind: 'present' } })),
    ];
    const expiresAt = expiresAtMs === null ? null : new Date(expiresAtMs).toISOString();
    const details = { list: change.list, action, expiresAt, expiredEntriesRemoved: purge.length };
    const inputs = { values: { entry: change.entry }, salt: change.salt };
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
    snapshotsOf(table).delete(tenant);
    return { ok: true };
  }
  return { ok: false, cause: 'busy' };
};

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
