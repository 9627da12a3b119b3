import { NewerRow } from '../../shared/domain/rowFormat.ts';
import type { Log } from '../../shared/edge/log.ts';
import { counts, type Measure } from '../../shared/edge/metrics.ts';
import { auditFromItem } from '../../shared/ledger/items.ts';
import { accountFromItem } from '../../shared/ledger/state.ts';
import type { Item, Key, TableStore } from '../../shared/ports/ports.ts';
import { expiresAtS, type HotDays } from '../../shared/proof/hotRows.ts';
import { auditKey, expiryAttribute, prefixes, systemChain, systemChainPrefix } from '../../shared/store/names.ts';
import { queryItems } from '../../shared/store/pages.ts';
import { failuresInTurn } from './inTurn.ts';
import type { Sink, TouchedItem } from './sink.ts';

export interface ProtectedSinkDependencies {
  readonly table: TableStore;
  readonly hotDays: HotDays;
  readonly measure: Measure;
  readonly log: Log;
}

/** An administrator's act is looked for in the system chain of so long before the deletion. */
const actMs = 10 * 60_000;
/** Clocks of functions and of the table differ by less. */
const skewMs = 60_000;
const pageEntries = 100;
const actPagesMax = 50;

/**
 * Raises the alarm for every protected item that was deleted without a right to it, and for every row of an entry that was altered or given
 * its expiry too early. What has a right leaves a trace that cannot be taken back: an erasure ends the account's chain, an act of an
 * administrator is in the system chain, and a row whose time was up had one. Where no trace is found there is an alarm, rather one too many.
 */
export const protectedSink = (dependencies: ProtectedSinkDependencies): Sink => ({
  name: 'protected',
  async project({ touched = [] }) {
    const failures = await failuresInTurn(touched, async (item) => {
      if (await isRightful(dependencies, item)) return;
      dependencies.log('error', item.after === null ? 'a protected item was deleted' : 'a row of an entry was changed', {
        what: nameOf(item.key),
        by: item.isExpiry ? 'expiry' : 'a caller',
      });
      dependencies.measure(counts({ ProtectedItems: 1 }));
    });
    return failures.map(({ value: { position }, cause }) => ({ position, cause }));
  },
});

const isRightful = async ({ table, hotDays }: ProtectedSinkDependencies, item: TouchedItem): Promise<boolean> => {
  const { key, before, after, isExpiry } = item;
  if (after !== null) return isOnlyExpiring(after, before, hotDays);
  if (key.pk.startsWith(prefixes.audit))
    return isExpiry && hotDays !== null && !key.pk.startsWith(`${prefixes.audit}${systemChainPrefix}`);
  if (isExpiry) return false;
  if (key.pk.startsWith(prefixes.state)) return before !== null && isErased(table, before);
  if (key.pk.startsWith(prefixes.list)) return isTakenFromList(table, item);
  if (key.pk.startsWith(prefixes.webhook)) return isEndpointRemoved(table, item);
  return false;
};

/** Whether a row of an entry still says the same, and has no expiry but the one that it is due. */
const isOnlyExpiring = (after: Item, before: Item | null, hotDays: HotDays): boolean => {
  const isSame = before === null || ['p', 'body', 'hash'].every((name) => isEqual(before[name], after[name]));
  const expiry = after[expiryAttribute];
  if (!isSame || expiry === undefined) return isSame;
  try {
    const due = expiresAtS(auditFromItem(after), hotDays);
    return due !== null && Number(expiry) >= due;
  } catch (error) {
    if (error instanceof NewerRow) throw error;
    return false;
  }
};

const isEqual = (a: unknown, b: unknown): boolean =>
  a instanceof Uint8Array && b instanceof Uint8Array ? Buffer.from(a).equals(b) : a === b;

/** The end of a state is written in one transaction with the entry that ends its chain. */
const isErased = async (table: TableStore, state: Item): Promise<boolean> => {
  try {
    const { pk } = auditKey(accountFromItem(state).chain, 1);
    const [last] = (await table.query({ pk, descending: true, limit: 1, consistent: true })).items;
    return last !== undefined && auditFromItem(last).body.event === 'ERASED';
  } catch (error) {
    if (error instanceof RangeError && !(error instanceof NewerRow)) return false;
    throw error;
  }
};

const isTakenFromList = (table: TableStore, { key, before, atMs }: TouchedItem): Promise<boolean> => {
  const [, tenant = '', list] = key.pk.split('#');
  if (list === undefined) return Promise.resolve(false);
  return isActOf(table, tenant, atMs, ({ body, inputs }) => {
    if (body.event !== 'LIST_CHANGED' || body.list !== list) return false;
    if (body.action === 'delete') return inputs === null || inputs.entry === key.sk;
    // An entry that had long expired makes room for another.
    return Number(body.expiredEntriesRemoved) > 0 && (before === null || Number(before.expiresAtMs ?? Infinity) <= atMs);
  });
};

const isEndpointRemoved = (table: TableStore, { key, atMs }: TouchedItem): Promise<boolean> =>
  isActOf(
    table,
    key.pk.slice(prefixes.webhook.length),
    atMs,
    ({ body }) => body.event === 'WEBHOOK_REMOVED' && body.endpointId === key.sk,
  );

interface Act {
  readonly body: Readonly<Record<string, unknown>>;
  /** Null where the row has none, or none any more. */
  readonly inputs: Readonly<Record<string, unknown>> | null;
}

/** Whether the tenant's system chain has such an entry of the minutes before the deletion, with which it was one transaction. */
const isActOf = async (table: TableStore, tenant: string, atMs: number, isIt: (act: Act) => boolean): Promise<boolean> => {
  const { pk } = auditKey(systemChain(tenant), 1);
  let seen = 0;
  for await (const row of queryItems(table, { pk, descending: true, limit: pageEntries, consistent: true })) {
    const act = { body: JSON.parse(String(row.body)), inputs: typeof row.inputs === 'string' ? JSON.parse(row.inputs) : null };
    const entryMs = Date.parse(act.body.at);
    if (entryMs < atMs - actMs) return false;
    if (entryMs <= atMs + skewMs && isIt(act)) return true;
    seen += 1;
    if (seen === pageEntries * actPagesMax) return false;
  }
  return false;
};

/** What went, without an id of a person: a chain and its entry, or the kind of item. */
const nameOf = ({ pk, sk }: Key): string => {
  if (pk.startsWith(prefixes.audit)) return `${pk} / ${sk}`;
  if (pk.startsWith(prefixes.decision) || pk.startsWith(prefixes.policy) || pk.startsWith(prefixes.list)) return pk;
  if (pk.startsWith(prefixes.checkpoint) || pk.startsWith(prefixes.model)) return `${pk} / ${sk}`;
  return pk.slice(0, 2);
};
