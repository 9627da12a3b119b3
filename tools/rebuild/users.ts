import type { StoredDecision } from '../../shared/ledger/items.ts';
import type { TableStore } from '../../shared/ports/ports.ts';
import { userAccountKey } from '../../shared/store/names.ts';
import { inParallel } from '../../shared/store/parallel.ts';

const keysPerRead = 100;
const writesAtOnce = 16;

/**
 * Notes whose accounts these decisions are of, whichever payment of the account they are: so accounts of 0.1, which had no such note, are
 * found too. Returns how many notes were missing. Throws store errors.
 */
export async function restoreUsers(table: TableStore, decisions: readonly StoredDecision[]): Promise<number> {
  const keys = decisions
    .filter(({ erased }) => !erased)
    .map(({ tenant, decision: { transaction } }) => userAccountKey(tenant, transaction.userId, transaction.accountId));
  const unique = [...new Map(keys.map((key) => [`${key.pk} ${key.sk}`, key])).values()];
  let written = 0;
  for (let i = 0; i < unique.length; i += keysPerRead) {
    const some = unique.slice(i, i + keysPerRead);
    const stored = await table.getMany(some, { consistent: true });
    const missing = some.filter((_, at) => stored[at] === null);
    await inParallel(missing, writesAtOnce, (key) => table.put({ ...key }));
    written += missing.length;
  }
  return written;
}
