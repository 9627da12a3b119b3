import { type ArchiveLine, archiveObject } from '../../shared/model/archive.ts';
import type { ObjectStore } from '../../shared/ports/ports.ts';
import { isFraud } from '../../shared/reviews/labels.ts';
import type { Sink } from './project.ts';

/** Writes what the model saw of each decision, and what became known of it, to the archive that training reads. */
export const featuresSink = ({ archive }: { readonly archive: ObjectStore }): Sink => ({
  name: 'features',
  async project({ decisions, labels = [] }) {
    const lines: ArchiveLine[] = [];
    for (const { tenant, decision } of decisions) {
      const { transaction, features, signals, outcome } = decision;
      if (features === null) continue;
      const { transactionId, occurredAtMs } = transaction;
      lines.push({ kind: 'decision', tenant, transactionId, occurredAtMs, features, signals, outcome });
    }
    for (const { label } of labels) {
      const { tenant, transactionId, disposition, knownAtMs } = label;
      lines.push({ kind: 'label', tenant, transactionId, fraud: isFraud(disposition), knownAtMs });
    }
    if (lines.length === 0) return [];
    try {
      const { key, body } = archiveObject(lines);
      await archive.put(key, body, { contentType: 'application/gzip' });
      return [];
    } catch (cause) {
      return [...decisions, ...labels].map(({ position }) => ({ position, cause }));
    }
  },
});
