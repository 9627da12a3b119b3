import type { ObjectStore, TableStore } from '../../shared/ports/ports.ts';
import { archiveEntries } from '../../shared/proof/archive.ts';
import { expireRows, expiresAtS, type HotDays } from '../../shared/proof/hotRows.ts';
import type { Failure, Sink } from './project.ts';

/**
 * Writes the new audit entries of a batch to the archive, as one object: the same batch again is the same object. With `hotDays`, rows
 * whose entries are stored there are then given their expiry.
 */
export const archiveSink = ({
  archive,
  table,
  hotDays,
}: {
  readonly archive: ObjectStore;
  readonly table: TableStore;
  readonly hotDays: HotDays;
}): Sink => ({
  name: 'archive',
  async project({ entries }) {
    try {
      await archiveEntries(
        archive,
        entries.map(({ entry }) => entry),
        hotDays,
      );
    } catch (cause) {
      return entries.map(({ position }) => ({ position, cause }));
    }
    const expiring = entries.flatMap(({ position, entry, item }) => {
      const expiry = expiresAtS(entry, hotDays);
      return expiry === null ? [] : [{ position, item, expiresAtS: expiry }];
    });
    const failed = await expireRows(table, expiring);
    return [...failed].map(([i, cause]): Failure => ({ position: expiring[i]!.position, cause }));
  },
});
