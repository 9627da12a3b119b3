import { dayMs } from '../domain/durations.ts';
import { firstCounts } from '../domain/rowFormat.ts';
import { decisionFromItem } from '../ledger/items.ts';
import type { Item, TableStore } from '../ports/ports.ts';
import { feedDayKey, pageEntries } from '../projection/feed.ts';
import { cache } from '../store/cache.ts';
import { decisionKey, entityKindsKey } from '../store/names.ts';

/** What is counted of a kind is too little until so long after the first attempt. */
const warmUpMs = dayMs;

/** A window of 24 h, of a payment that comes 2 days late. */
const reachedDays = 4;

const tenantsMax = 1_000;

/** Stands in the item of a tenant whose first decision was made by a version that counts: its figures are whole from the beginning. */
const wholeAttribute = 'whole';
const kindAttribute = (kind: string): string => `kind ${kind}`;

/** Whether the attempts of a kind have been counted for too short a time, by a payment that was received at this time. */
export type WarmingUp = (tenant: string, kind: string, receivedAtMs: number) => Promise<boolean>;

/**
 * Knows since when a tenant's attempts are counted. Costs a read of one item for each tenant and process; for a tenant that an earlier
 * version decided for, one write more for each kind, ever. Throws store errors.
 */
export function beginnings(table: TableStore): WarmingUp {
  const items = cache<Item>({ max: tenantsMax, ttlMs: null });
  const stored = async (tenant: string, nowMs: number): Promise<Item> => {
    const key = entityKindsKey(tenant);
    const item = await table.get(key, { consistent: true });
    return item ?? table.update(key, { init: { [wholeAttribute]: await isWhole(table, tenant, nowMs) } });
  };
  return async (tenant, kind, receivedAtMs) => {
    let item = await items.get(tenant, 0, () => stored(tenant, receivedAtMs));
    if (item[wholeAttribute] === true) return false;
    const name = kindAttribute(kind);
    if (typeof item[name] !== 'number') {
      item = await table.update(entityKindsKey(tenant), { init: { [name]: receivedAtMs } });
      items.delete(tenant);
    }
    return receivedAtMs < (item[name] as number) + warmUpMs;
  };
}

/** Whether no earlier version decided for the tenant within the days that a window, of a late payment too, may reach. */
async function isWhole(table: TableStore, tenant: string, nowMs: number): Promise<boolean> {
  const oldest = await Promise.all(
    Array.from({ length: reachedDays }, async (_, daysAgo) => {
      const { items } = await table.query({ pk: feedDayKey(tenant, 'all', nowMs - daysAgo * dayMs), limit: 1 });
      if (items[0] === undefined) return null;
      const [first] = pageEntries(items[0]).sort((a, b) => a.decidedAtMs - b.decidedAtMs);
      return table.get(decisionKey(tenant, first!.transaction.transactionId));
    }),
  );
  return oldest.every((row) => row === null || decisionFromItem(row).decision.signals.length > firstCounts.signals);
}
