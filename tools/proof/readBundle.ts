import { bundleBlocksOf, fileChunks, linesIn } from '../../functions/read/evidence/lines.ts';
import type { AuditEntry } from '../../shared/proof/entry.ts';

/** Chains of this many entries are held in memory at a time. */
const chainEntriesMax = 5_000_000;

/** The chains of a bundle, one at a time. Verify the bundle first: this only reads. */
export async function* readBundle(
  path: string,
): AsyncGenerator<{ readonly chain: string; readonly entries: readonly AuditEntry[] }> {
  let chain: string | null = null;
  let entries: AuditEntry[] = [];
  for await (const block of bundleBlocksOf(fileChunks(path))) {
    for (const line of linesIn(block)) {
      const value = JSON.parse(line.toString('utf8')) as Record<string, unknown>;
      if (value.kind === 'chain' || value.kind === 'end') {
        if (chain !== null) yield { chain, entries };
        [chain, entries] = [value.kind === 'chain' ? String(value.chain) : null, []];
      } else if (chain !== null && value.kind === undefined) {
        if (entries.length === chainEntriesMax) throw new Error(`chain ${chain} has more than ${chainEntriesMax} entries`);
        entries.push(value as unknown as AuditEntry);
      }
    }
  }
}
