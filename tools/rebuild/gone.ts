import { zeroHash } from '../../shared/domain/audit.ts';
import { dayMs } from '../../shared/domain/durations.ts';
import { formatInstant } from '../../shared/domain/time.ts';
import type { StoredDecision } from '../../shared/ledger/items.ts';
import type { TableStore } from '../../shared/ports/ports.ts';
import type { StoredEntry } from '../../shared/proof/entry.ts';
import type { HotDays } from '../../shared/proof/hotRows.ts';
import { auditKey } from '../../shared/store/names.ts';

const keysPerRead = 100;

/** Those decisions whose audit rows have left the table by now, as `hotDays` lets them. Throws store errors. */
export const withExpiredRow = async (
  { table, nowMs, hotDays }: { readonly table: TableStore; readonly nowMs: number; readonly hotDays: HotDays },
  decisions: readonly StoredDecision[],
): Promise<readonly StoredDecision[]> => {
  if (hotDays === null) return [];
  const old = decisions.filter(({ decision }) => decision.decidedAtMs + hotDays * dayMs <= nowMs);
  const gone: StoredDecision[] = [];
  for (let from = 0; from < old.length; from += keysPerRead) {
    const some = old.slice(from, from + keysPerRead);
    const rows = await table.getMany(
      some.map(({ chain, decision }) => auditKey(chain, decision.sequence)),
      { consistent: true },
    );
    gone.push(...some.filter((_, i) => rows[i] === null));
  }
  return gone;
};

/** What a decision still tells of its entry: enough for the head of its chain. */
export const headOf = ({ chain, decision: { sequence, hash, decidedAtMs } }: StoredDecision): StoredEntry => ({
  body: { chain, sequence, previousHash: zeroHash, event: 'DECISION_MADE', at: formatInstant(decidedAtMs) },
  hash,
});
