import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { systemClock, systemRandomness } from '../../shared/adapters/aws/system.ts';
import { scopes } from '../../shared/contract/routes.ts';
import { createKey, keyCheck } from '../../shared/edge/keys.ts';
import type { TableStore } from '../../shared/ports/ports.ts';
import { defaultTenant, env } from '../../shared/store/names.ts';
import type { DataFolder } from './dataFolder.ts';

/** What stands in for the keys of KMS, by the variable that names such a key. */
export type LocalKeys = Readonly<Record<string, { readonly variable: string; readonly value: string }>>;

/** The stand-ins of a data folder: made once and kept, since what they seal and sign stays. */
export const localKeys = (folder: DataFolder): LocalKeys => ({
  [env.kmsKeyId]: {
    variable: env.localSecret,
    value: kept(folder, 'master-secret', () => randomBytes(32).toString('base64')),
  },
  [env.checkpointKeyId]: {
    variable: env.localCheckpointKey,
    value: kept(folder, 'checkpoint-key', () =>
      generateKeyPairSync('ec', {
        namedCurve: 'prime256v1',
        privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
        publicKeyEncoding: { type: 'spki', format: 'pem' },
      }).privateKey.toString(),
    ),
  },
});

const kept = (folder: DataFolder, name: string, make: () => string): string => {
  const known = folder.read(name);
  if (known !== null) return known;
  const made = make();
  folder.write(name, made);
  return made;
};

/** Who made the runner's own key, which no entry of the audit speaks of: it is made before the stack runs. */
export const localKeyCreator = 'local';

/** A key with every scope: the folder's own while it is in force, else a new one. */
export const developmentKey = async (folder: DataFolder, table: TableStore): Promise<string> => {
  const known = folder.read('development-key');
  if (known !== null && (await keyCheck(table, systemClock)(known)) !== null) return known;
  const { key } = await createKey(
    { table, clock: systemClock, randomness: systemRandomness },
    { tenant: defaultTenant, scopes, createdBy: localKeyCreator, expiresAtMs: null },
  );
  folder.write('development-key', key);
  return key;
};
