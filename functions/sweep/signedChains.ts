import { chainIndexLimits, signedHeads } from '../../shared/proof/chainIndex.ts';
import { sweepShares } from '../../shared/proof/sweptShares.ts';
import { auditKey } from '../../shared/store/names.ts';
import { entryOfRow, type Finding, isWhole, type MayHaveExpired, readMany, type SweepStores } from './finding.ts';

/** Chains looked up in one step. */
const chainsPerStep = 20_000;

/** The shards of the chain index that belong to a share. */
const shardsOf = (share: number): readonly number[] => {
  const { shards } = chainIndexLimits;
  return Array.from({ length: shards }, (_, shard) => shard).filter((shard) => shard % sweepShares === share);
};

/**
 * Looks up the entries that checkpoints hold of a share's chains, from `afterChain` on. Each must still stand in the table as it was
 * signed: so a chain that was cut short, rewritten or removed as a whole is found, though the table says nothing of it.
 */
export const sweepSigned = async (
  stores: SweepStores,
  { share, afterChain }: { readonly share: number; readonly afterChain: string },
  mayHaveExpired: MayHaveExpired,
): Promise<{ readonly signed: number; readonly findings: readonly Finding[]; readonly afterChain: string | null }> => {
  const heads = await signedHeads(stores, shardsOf(share), (chain) => chain > afterChain);
  const chains = [...heads.keys()].sort();
  const some = chains.slice(0, chainsPerStep);
  const rows = await readMany(
    stores.table,
    some.map((chain) => auditKey(chain, heads.get(chain)!.sequence)),
  );
  const findings: Finding[] = [];
  for (const [i, chain] of some.entries()) {
    const { head, number } = heads.get(chain)!;
    const row = rows[i]!;
    if (row !== null) {
      const kind = faultOf(entryOfRow(row), head);
      if (kind !== null) findings.push({ kind, name: chain });
    } else if (!(await mayHaveExpired(chain, number))) findings.push({ kind: 'cut-short', name: chain });
  }
  return { signed: some.length, findings, afterChain: chains.length > some.length ? some.at(-1)! : null };
};

/** What is wrong with the entry that stands where a checkpoint holds one with this head; null for nothing. */
const faultOf = (entry: ReturnType<typeof entryOfRow>, head: string): Finding['kind'] | null => {
  if (entry === 'newer') return null;
  if (entry === null) return 'unreadable';
  if (!entry.hash.startsWith(head)) return 'rewritten';
  return isWhole(entry) ? null : 'edited';
};
