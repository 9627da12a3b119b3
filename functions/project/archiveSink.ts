import type { ObjectStore } from '../../shared/ports.ts';
import { archiveEntries } from '../../shared/proof/archive.ts';
import type { Sink } from './project.ts';

/** Writes the new audit entries of a batch to the archive, as one object: the same batch again is the same object. */
export const archiveSink = ({ archive }: { readonly archive: ObjectStore }): Sink => ({
  name: 'archive',
  async project({ entries }) {
    try {
      await archiveEntries(
        archive,
        entries.map(({ entry }) => entry),
      );
      return [];
    } catch (cause) {
      return entries.map(({ position }) => ({ position, cause }));
    }
  },
});
