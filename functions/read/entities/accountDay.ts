import type { Decision } from '../../../shared/domain/decision.ts';
import { entitiesOf, entityKinds } from '../../../shared/domain/entities.ts';
import { dayOf } from '../../../shared/domain/entityFigures.ts';
import { trackedBy } from '../../../shared/entities/kinds.ts';
import { dayInPlace, notedTransaction } from '../../../shared/entities/lookup.ts';
import { auditFromItem, decisionFromItem, type StoredDecision } from '../../../shared/ledger/items.ts';
import { loadPolicyVersion } from '../../../shared/policy/store.ts';
import type { Item, TableStore } from '../../../shared/ports/ports.ts';
import { auditKey, decisionKey, sequenceText } from '../../../shared/store/names.ts';
import type { Named } from './named.ts';

/** What one account did on one entity on one UTC day: found from the note of the day, along the account's chain. */

const limits = {
  /** Entries of the chain read at once; the first query of a day that ended, or has begun, reads few. */
  rowsPerQuery: 50,
  /** Entries of a day before the noted one: it is the first but for a batch that came out of order. */
  rowsBeforeMax: 1_000,
  /** Entries of a day looked through for one page. */
  rowsMax: 500,
} as const;
const keysPerRead = 100;

export interface AccountDay {
  /** By sequence. */
  readonly decisions: readonly Decision[];
  /** The last entry that was looked at, where the day goes on behind it. */
  readonly goesOnAfter: number | null;
}

/**
 * The decisions behind a note, from the start of the day or after a sequence. Of a day whose rows have left the table, the noted one alone.
 */
export async function accountDay(table: TableStore, entity: Named, note: Item, after: number | null): Promise<AccountDay> {
  const day = dayInPlace(note.sk);
  const noted = await decisionOf(table, entity.tenant, notedTransaction(note));
  if (noted === null) return { decisions: [], goesOnAfter: null };
  const from = after === null ? await firstOfDay(table, noted, day) : after + 1;
  const { rows, goesOnAfter } = await rowsOfDay(table, noted.chain, day, from);
  const ids = rows.filter(({ event }) => event === 'DECISION_MADE').map(({ transactionId }) => String(transactionId));
  const notedId = noted.decision.transaction.transactionId;
  if (after === null && rows.length === 0) ids.push(notedId);
  const stored = await decisionsOf(table, entity.tenant, ids);
  const isOn = await Promise.all(stored.map(({ decision }) => isOnEntity(table, entity, decision)));
  return { decisions: stored.filter((_, i) => isOn[i]).map(({ decision }) => decision), goesOnAfter };
}

interface Row {
  readonly sequence: number;
  readonly event: unknown;
  readonly transactionId: unknown;
  readonly day: number;
}

const rowOf = (item: Item): Row => {
  const { body } = auditFromItem(item);
  const { event, transactionId, at } = body;
  return { sequence: Number(item.sk), event, transactionId, day: dayOf(Date.parse(String(at))) };
};

/** The sequence of the day's first entry that is still there. */
async function firstOfDay(table: TableStore, { chain, decision }: StoredDecision, day: number): Promise<number> {
  let first = decision.sequence;
  for (let read = 0, limit = 1; read < limits.rowsBeforeMax && first > 1; limit = limits.rowsPerQuery) {
    const { pk } = auditKey(chain, 0);
    const { items } = await table.query({ pk, to: sequenceText(first - 1), descending: true, limit });
    for (const row of items.map(rowOf)) {
      if (row.day !== day) return first;
      first = row.sequence;
    }
    if (items.length === 0) return first;
    read += items.length;
  }
  return first;
}

async function rowsOfDay(
  table: TableStore,
  chain: string,
  day: number,
  from: number,
): Promise<{ readonly rows: readonly Row[]; readonly goesOnAfter: number | null }> {
  const rows: Row[] = [];
  let next = from;
  while (rows.length < limits.rowsMax) {
    const { pk, sk } = auditKey(chain, next);
    const { items, after } = await table.query({ pk, from: sk, limit: limits.rowsPerQuery });
    for (const row of items.map(rowOf)) {
      if (row.day > day) return { rows, goesOnAfter: null };
      if (row.day === day) rows.push(row);
      next = row.sequence + 1;
    }
    if (after === undefined) return { rows, goesOnAfter: null };
  }
  return { rows, goesOnAfter: next - 1 };
}

const decisionOf = async (table: TableStore, tenant: string, transactionId: string): Promise<StoredDecision | null> => {
  const item = await table.get(decisionKey(tenant, transactionId));
  return item === null ? null : decisionFromItem(item);
};

async function decisionsOf(table: TableStore, tenant: string, ids: readonly string[]): Promise<StoredDecision[]> {
  const found: StoredDecision[] = [];
  for (let at = 0; at < ids.length; at += keysPerRead) {
    const keys = ids.slice(at, at + keysPerRead).map((id) => decisionKey(tenant, id));
    for (const item of await table.getMany(keys)) if (item !== null) found.push(decisionFromItem(item));
  }
  return found;
}

/** An erased decision names nothing any more. */
async function isOnEntity(table: TableStore, { tenant, kind, id }: Named, decision: Decision): Promise<boolean> {
  const isOwn = !(entityKinds as readonly string[]).includes(kind);
  const own = isOwn ? trackedBy((await loadPolicyVersion(table, tenant, decision.policyVersion)).policy).own : [];
  return entitiesOf(decision.transaction, own).some((entity) => entity.kind === kind && entity.id === id);
}
