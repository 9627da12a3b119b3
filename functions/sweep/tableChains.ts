import { zeroHash } from '../../shared/domain/audit.ts';
import { accountFromItem } from '../../shared/ledger/state.ts';
import type { Item, TableStore } from '../../shared/ports/ports.ts';
import { type SignedHead, type SignedHeads, shardOf, signedHeads } from '../../shared/proof/chainIndex.ts';
import { type AuditEntry, asAuditEntry } from '../../shared/proof/entry.ts';
import { noteHeads } from '../../shared/proof/heads.ts';
import { auditKey, sequenceText } from '../../shared/store/names.ts';
import { inParallel } from '../../shared/store/parallel.ts';
import { entryOfRow, type Finding, isWhole, type MayHaveExpired, readMany, readsAtOnce, type SweepStores } from './finding.ts';
import type { SeenState, Stretch } from './stretch.ts';

/** An unsigned entry of this age was not only on its way to the next checkpoint: nothing had noted it. */
const lateMs = 3_600_000;

/**
 * Compares what the table holds with what is signed and with itself. Heads that no checkpoint holds are noted for the next one. Each item is
 * read after what it is compared with, so that what is committed meanwhile is no finding.
 */
export const compareStretch = async (
  stores: SweepStores,
  { chains, states, firsts, unreadable }: Stretch,
  nowMs: number,
  mayHaveExpired: MayHaveExpired,
): Promise<{ readonly findings: readonly Finding[]; readonly late: readonly string[] }> => {
  const wanted = new Set([...chains.keys(), ...states.map(({ chain }) => chain)]);
  const signed = await signedHeads(stores, [...new Set([...wanted].map(shardOf))], (chain) => wanted.has(chain));
  const unsigned = [...chains].filter(([chain, sequence]) => sequence > (signed.get(chain)?.sequence ?? 0));
  const newest = await inParallel(unsigned, readsAtOnce, ([chain]) => newestEntry(stores.table, chain, signed.get(chain)));
  const entries = newest.filter((found) => typeof found === 'object');
  await noteHeads(stores.table, entries);
  return {
    findings: [
      ...unreadable,
      ...unsigned.flatMap(([chain], i): Finding[] => {
        const found = newest[i]!;
        return typeof found === 'object' || found === 'newer' ? [] : [{ kind: found, name: chain }];
      }),
      ...(await comparedStates(stores.table, states, signed, mayHaveExpired)),
      ...(await withoutStates(stores.table, firsts)),
    ],
    late: entries.filter(({ body }) => Date.parse(body.at) < nowMs - lateMs).map(({ body }) => body.chain),
  };
};

/** The last entry of a chain, or what is wrong with it: what does not continue the chain must not be signed. */
const newestEntry = async (
  table: TableStore,
  chain: string,
  signed: SignedHead | undefined,
): Promise<AuditEntry | 'newer' | 'unreadable' | 'edited' | 'unlinked'> => {
  const [row, before] = await lastRows(table, chain, 2);
  const stored = row === undefined ? null : entryOfRow(row);
  if (stored === 'newer') return stored;
  let entry: AuditEntry;
  try {
    if (stored === null) return 'unreadable';
    entry = asAuditEntry(stored);
  } catch {
    return 'unreadable';
  }
  const { sequence, previousHash } = entry.body;
  if (!isWhole(entry)) return 'edited';
  if (entry.body.chain !== chain || sequenceText(sequence) !== row!.sk) return 'unlinked';
  if (sequence === 1) return previousHash === zeroHash ? entry : 'unlinked';
  if (before?.sk === sequenceText(sequence - 1)) return isEntryOf(before, previousHash) ? entry : 'unlinked';
  // The row before may have expired: then it is the signed one.
  return signed?.sequence === sequence - 1 && previousHash.startsWith(signed.head) ? entry : 'unlinked';
};

const lastRows = async (table: TableStore, chain: string, limit: number): Promise<readonly Item[]> => {
  const { pk } = auditKey(chain, 1);
  return (await table.query({ pk, descending: true, limit, consistent: true })).items;
};

const comparedStates = async (
  table: TableStore,
  states: readonly SeenState[],
  signed: SignedHeads,
  mayHaveExpired: MayHaveExpired,
): Promise<readonly Finding[]> => {
  const rows = await readMany(
    table,
    states.flatMap(({ chain, sequence }) => [auditKey(chain, sequence), auditKey(chain, sequence + 1)]),
  );
  const kinds = await inParallel(states, readsAtOnce, async (state, i): Promise<Finding['kind'] | null> => {
    const [last, next] = [rows[2 * i]!, rows[2 * i + 1]!];
    if (next !== null && (await isBehind(table, state))) return 'state-behind';
    if (last !== null) return isEntryOf(last, state.head) ? null : 'state-differs';
    const head = signed.get(state.chain);
    const isExpired = head !== undefined && head.sequence >= state.sequence && (await mayHaveExpired(state.chain, head.number));
    return isExpired ? null : 'state-without-entry';
  });
  return states.flatMap(({ chain }, i): Finding[] => (kinds[i] === null ? [] : [{ kind: kinds[i]!, name: chain }]));
};

const isEntryOf = (row: Item, hash: string): boolean => {
  const entry = entryOfRow(row);
  return entry === 'newer' || entry?.hash === hash;
};

/** Whether the state still names the entry that it named when it was read, though the chain goes on: else it has moved on, or was erased. */
const isBehind = async (table: TableStore, { key, chain, sequence }: SeenState): Promise<boolean> => {
  const item = await table.get(key, { consistent: true });
  if (item === null) return false;
  const now = accountFromItem(item);
  return now.chain === chain && now.sequence <= sequence;
};

/** Chains whose account has no state, or one of another chain, though no ERASED entry has ended them. */
const withoutStates = async (table: TableStore, firsts: Stretch['firsts']): Promise<readonly Finding[]> => {
  const items = await readMany(
    table,
    firsts.map(({ state }) => state),
  );
  const suspects = firsts.filter(({ chain }, i) => !isStateOf(items[i]!, chain));
  const isErased = await inParallel(suspects, readsAtOnce, async ({ chain }) => {
    const [row] = await lastRows(table, chain, 1);
    const entry = row === undefined ? null : entryOfRow(row);
    return entry === 'newer' || entry?.body.event === 'ERASED';
  });
  return suspects.filter((_, i) => !isErased[i]).map(({ chain }) => ({ kind: 'without-state', name: chain }));
};

const isStateOf = (item: Item | null, chain: string): boolean => {
  try {
    return item !== null && accountFromItem(item).chain === chain;
  } catch {
    return false;
  }
};
