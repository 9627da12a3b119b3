import type { MemoryTable } from '../../shared/adapters/memory/table.ts';
import type { Item, Key, TableStore } from '../../shared/ports/ports.ts';

/** A table with all its items read once, for a test's own look at the whole. */
export async function withAll(table: TableStore): Promise<MemoryTable> {
  const items: Item[] = [];
  let after: Key | undefined;
  do {
    const page = await table.scan({ limit: 1_000, ...(after && { after }) });
    items.push(...page.items);
    after = page.after;
  } while (after);
  return { ...table, all: () => items };
}
