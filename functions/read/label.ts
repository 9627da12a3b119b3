import type { Wire } from '../../shared/contract/wire.ts';
import { formatInstant } from '../../shared/domain/time.ts';
import { auditFromItem, type StoredDecision } from '../../shared/ledger/items.ts';
import { accountFromItem } from '../../shared/ledger/state.ts';
import type { Item, TableStore } from '../../shared/ports/ports.ts';
import { labelFromItem } from '../../shared/reviews/labels.ts';
import { auditKey, stateKey } from '../../shared/store/names.ts';
import type { OpenInputs } from './inputs.ts';

/**
 * A decision's label as callers read it. The note, and in a label of 0.1 also who it was, are sealed in the chain's REVIEWED entry: two more
 * reads. Both are gone once the account is erased or the entry has left the table.
 */
export async function renderLabel(
  table: TableStore,
  openInputs: OpenInputs,
  { tenant, decision, erased }: StoredDecision,
  item: Item | null,
): Promise<Wire<'Decision'>['label']> {
  if (item === null) return null;
  const { disposition, knownAtMs, chain, sequence, said } = labelFromItem(item);
  const { accountId, userId } = decision.transaction;
  const [entry, state] = await Promise.all([
    table.get(auditKey(chain, sequence)),
    erased ? null : table.get(stateKey(tenant, accountId, userId)),
  ]);
  const inputs =
    entry === null || state === null ? null : await openInputs(accountFromItem(state).salt, auditFromItem(entry).body);
  const sealedBy = typeof inputs?.by === 'string' ? inputs.by : null;
  return {
    disposition,
    by: said?.by ?? sealedBy,
    knownAt: formatInstant(knownAtMs),
    source: said?.source ?? 'ANALYST',
    ...(typeof inputs?.note === 'string' && { note: inputs.note }),
  };
}
