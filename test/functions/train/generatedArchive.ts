import type { TrainingRow } from '../../../functions/train/build.ts';
import { type ArchiveLine, archiveObject } from '../../../shared/model/archive.ts';
import type { ObjectStore } from '../../../shared/ports/ports.ts';

/** Puts rows, and the labels of those that have one, into an archive, `perObject` lines an object. */
export const fillArchive = async (
  archive: ObjectStore,
  rows: readonly TrainingRow[],
  { perObject = 500, name = 't' }: { readonly perObject?: number; readonly name?: string } = {},
): Promise<void> => {
  const lines: ArchiveLine[] = rows.flatMap((row, i) => {
    const transactionId = `${name}${i}`;
    const decision: ArchiveLine = {
      kind: 'decision',
      tenant: 'dev',
      transactionId,
      occurredAtMs: row.occurredAtMs,
      features: Array.from(row.features),
      signals: row.signals,
      outcome: 'ALLOW',
    };
    if (row.fraud === null) return [decision];
    return [decision, { kind: 'label', tenant: 'dev', transactionId, fraud: row.fraud, knownAtMs: row.occurredAtMs + 1000 }];
  });
  for (let from = 0; from < lines.length; from += perObject) {
    const { key, body } = archiveObject(lines.slice(from, from + perObject));
    await archive.put(key, body);
  }
};
