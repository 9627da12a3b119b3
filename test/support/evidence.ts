import type { EvidenceDependencies } from '../../functions/read/evidence.ts';
import { memoryObjects } from '../../shared/memory/objects.ts';
import type { Clock, TableStore } from '../../shared/ports.ts';
import { p256Signer } from '../proof/builders.ts';

/** What evidence pages are made of before the first checkpoint. */
export const noEvidenceStores = (table: TableStore, clock: Clock): EvidenceDependencies => {
  const { publicKey } = p256Signer();
  return { table, clock, archive: memoryObjects(), checkpoints: memoryObjects(), publicKey: async () => publicKey };
};
