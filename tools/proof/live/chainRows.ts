import { Unreadable } from '../../../functions/read/evidence/finding.ts';
import { canonicalBody, type DecisionBody } from '../../../shared/domain/audit.ts';
import { NewerRow } from '../../../shared/domain/rowFormat.ts';
import { auditFromItem } from '../../../shared/ledger/items.ts';
import type { Item, TableStore } from '../../../shared/ports/ports.ts';
import { canonicalText, sha256Hex } from '../../../shared/proof/canonical.ts';
import { type AuditEntry, asAuditEntry } from '../../../shared/proof/entry.ts';
import { auditKey, sequenceText } from '../../../shared/store/names.ts';
import { queryItems } from '../../../shared/store/pages.ts';
import type { EntryFacts } from '../entryFacts.ts';

/** One row of a chain: what it says by itself, and the entry where it reads as one. */
export interface ChainRow {
  readonly facts: EntryFacts;
  readonly entry: AuditEntry | null;
}

/** Rows are missing, and the archive was not looked into yet. */
export class NeedsArchive extends Error {
  override readonly name = 'NeedsArchive';
}

const pageItems = 1_000;

/**
 * The rows of a chain from its first, those that have expired out of the archive. `expired` is null while it was not read. Throws NeedsArchive
 * where a row is missing then, up to `reached`, and Unreadable for a row of a newer version.
 */
export async function* rowsOf(
  table: TableStore,
  chain: string,
  reached: number,
  expired: readonly AuditEntry[] | null,
): AsyncGenerator<ChainRow> {
  const { pk } = auditKey(chain, 1);
  let next = 1;
  function* between(end: number): Generator<ChainRow> {
    if (expired === null) throw new NeedsArchive(chain);
    for (const entry of expired)
      if (entry.body.sequence >= next && entry.body.sequence < end) yield { facts: factsOf(entry), entry };
  }
  for await (const item of queryItems(table, { pk, limit: pageItems, consistent: true })) {
    const place = Number(item.sk);
    if (place > next) yield* between(place);
    next = place + 1;
    yield rowOf(item);
  }
  if (next === 1 || next <= reached) yield* between(Infinity);
}

const rowOf = (item: Item): ChainRow => {
  const malformed = (text: string): ChainRow => ({ facts: { kind: 'malformed', text }, entry: null });
  try {
    const entry = asAuditEntry(auditFromItem(item));
    if (item.sk !== sequenceText(entry.body.sequence)) return malformed(`says it is entry ${entry.body.sequence}, moved here`);
    const text = item.p instanceof Uint8Array ? canonicalBody(entry.body as unknown as DecisionBody) : canonicalText(entry.body);
    if (typeof item.body === 'string' && item.body !== text) return malformed('has a body that is not canonical JSON');
    return { facts: factsOf(entry, text), entry };
  } catch (error) {
    if (error instanceof NewerRow) throw new Unreadable(error.message);
    return malformed(`is no audit entry: ${(error as Error).message}`);
  }
};

const factsOf = ({ body, hash }: AuditEntry, text = canonicalText(body)): EntryFacts => {
  const computed = sha256Hex(text);
  if (computed !== hash) return { kind: 'edited', computed, hash };
  const { chain, sequence, previousHash, at } = body;
  return { kind: 'entry', chain, sequence, previousHash, at, hash };
};
