import { randomBytes } from 'node:crypto';
import { defaultTenant } from '../shared/aws/keys.ts';
import { systemClock, systemRandomness } from '../shared/aws/system.ts';
import { scopes } from '../shared/contract/routes.ts';
import { createKey, keyCheck } from '../shared/edge/keys.ts';
import type { TableStore } from '../shared/ports.ts';
import type { DataFolder } from './dataFolder.ts';

/** The 32 bytes under which personal data is sealed, as base64: made once per data folder, since what is sealed lasts as long. */
export const masterSecret = (folder: DataFolder): string => {
  const known = folder.read('master-secret');
  if (known !== null) return known;
  const made = randomBytes(32).toString('base64');
  folder.write('master-secret', made);
  return made;
};

/** A key with every scope: the folder's own while it is in force, else a new one. */
export const developmentKey = async (folder: DataFolder, table: TableStore): Promise<string> => {
  const known = folder.read('development-key');
  if (known !== null && (await keyCheck(table, systemClock)(known)) !== null) return known;
  const { key } = await createKey(
    { table, clock: systemClock, randomness: systemRandomness },
    { tenant: defaultTenant, scopes, createdBy: 'local', expiresAtMs: null },
  );
  folder.write('development-key', key);
  return key;
};
