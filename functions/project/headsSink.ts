import type { TableStore } from '../../shared/ports/ports.ts';
import { noteHeads } from '../../shared/proof/heads.ts';
import type { Sink } from './project.ts';

/** Notes the chains that moved, for the next checkpoint: all of a batch, or it comes again. */
export const headsSink = ({ table }: { readonly table: TableStore }): Sink => ({
  name: 'heads',
  async project({ entries }) {
    try {
      await noteHeads(
        table,
        entries.map(({ entry }) => entry),
      );
      return [];
    } catch (cause) {
      return entries.map(({ position }) => ({ position, cause }));
    }
  },
});
