import { hourMs, minuteMs } from '../../shared/domain/durations.ts';
import type { Item, TableStore } from '../../shared/ports/ports.ts';
import { counterKey } from '../../shared/projection/counters.ts';

/**
 * A tenant's minute counters from one minute to another, both included, oldest first: one query an hour, at most half a read unit for
 * 4 KB of counters.
 */
export async function readCounters(table: TableStore, tenant: string, firstMs: number, lastMs: number): Promise<readonly Item[]> {
  const hours: number[] = [];
  for (let hour = Math.floor(firstMs / hourMs) * hourMs; hour <= lastMs; hour += hourMs) hours.push(hour);
  const from = counterKey(tenant, firstMs).sk;
  const to = counterKey(tenant, lastMs).sk;
  const pages = await Promise.all(
    hours.map((hour) => table.query({ pk: counterKey(tenant, hour).pk, from, to, limit: hourMs / minuteMs })),
  );
  return pages.flatMap((page) => page.items);
}
