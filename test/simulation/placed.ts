import type { Write } from '../../shared/ports/ports.ts';
import { prefixes } from '../../shared/store/names.ts';

/** An attempt that a record took, in the order of all. */
export interface Placed {
  readonly pk: string;
  readonly name: string;
}

/** The attempts among the writes of a table, in their order. */
export const placedBy = (writes: readonly Write[]): Placed[] =>
  writes.flatMap((write) =>
    write.kind === 'update' && write.key.pk.startsWith(prefixes.entity)
      ? Object.keys(write.change.init ?? {}).map((name) => ({ pk: write.key.pk, name }))
      : [],
  );
