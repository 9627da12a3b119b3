import type { EvidenceDependencies } from '../../functions/read/evidence/route.ts';
import { memoryObjects } from '../../shared/adapters/memory/objects.ts';
import type { Clock, TableStore } from '../../shared/ports/ports.ts';
import { p256Signer } from '../tools/proof/builders.ts';

/** What evidence pages are made of before the first checkpoint. */
export const noEvidenceStores = (table: TableStore, clock: Clock): EvidenceDependencies => {
  const { publicKey } = p256Signer();
  return { table, clock, archive: memoryObjects(), checkpoints: memoryObjects(), publicKey: async () => publicKey };
};
