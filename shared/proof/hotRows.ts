import { ConditionFailed, type Item, type TableStore } from '../ports/ports.ts';
import { expiryAttribute, systemChainPrefix } from '../store/names.ts';
import { inParallel } from '../store/parallel.ts';
import type { StoredEntry } from './entry.ts';

/** How long an entry's row stays in the table once the archive holds it: whole days, or null for ever. */
export type HotDays = number | null;

const dayS = 86_400;
const writesAtOnce = 16;

/** What the environment says: a whole number of days, or nothing. */
export const hotDaysOf = (text: string | undefined): HotDays => {
  if (text === undefined || text === '') return null;
  const days = Number(text);
  if (!Number.isSafeInteger(days) || days < 1)
    throw new RangeError(`hotDays is ${text}; allowed: a whole number from 1, or nothing`);
  return days;
};

/** Epoch seconds at which the row of an entry may go; null for never: a tenant's system chain is continued from its last row. */
export const expiresAtS = ({ body }: StoredEntry, hotDays: HotDays): number | null =>
  hotDays === null || String(body.chain).startsWith(systemChainPrefix)
    ? null
    : Math.ceil(Date.parse(String(body.at)) / 1_000) + hotDays * dayS;

/** TTL removes a row up to two days late: until then it reads as gone. */
export const isExpired = (item: Item, nowMs: number): boolean => {
  const expiry = item[expiryAttribute];
  return typeof expiry === 'number' && expiry * 1_000 <= nowMs;
};

/**
 * Gives rows their expiry. Call it with rows that the archive is known to hold, and nothing else. Only a row that still stands as it was
 * archived is put anew; one that went or was altered meanwhile is left alone. Returns the errors by the rows' positions.
 */
export const expireRows = async (
  table: TableStore,
  rows: readonly { readonly item: Item; readonly expiresAtS: number }[],
): Promise<ReadonlyMap<number, unknown>> => {
  const failed = new Map<number, unknown>();
  await inParallel(rows, writesAtOnce, async (row, i) => {
    try {
      await expireRow(table, row.item, row.expiresAtS);
    } catch (error) {
      failed.set(i, error);
    }
  });
  return failed;
};

const expireRow = async (table: TableStore, item: Item, expiry: number): Promise<void> => {
  const attribute = 'p' in item ? 'p' : 'body';
  const value = item[attribute];
  if (typeof value !== 'string' && !(value instanceof Uint8Array))
    throw new TypeError(`the row ${item.pk} / ${item.sk} is no audit entry: it has neither p nor body`);
  try {
    await table.put({ ...item, [expiryAttribute]: expiry }, { kind: 'equals', attribute, value });
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
  }
};
