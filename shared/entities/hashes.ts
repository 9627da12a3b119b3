import { createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import type { MasterSecret } from '../secrets/masterSecret.ts';

/**
 * Keyed hashes that stand for ids in entity records: without the secret they tell nothing. Those of accounts and transactions differ
 * from entity to entity, so that records cannot be joined by them.
 */
export interface EntityHashes {
  /** Names the records of an entity: 96 bits, 16 letters of base64url. */
  digest(tenant: string, kind: string, id: string): string;
  /** Of an account within one entity, which `partition` names: 38 bits. */
  account(partition: string, userId: string, accountId: string): number;
  /** Of a transaction within one entity: 36 bits, 6 letters of base64url. */
  transaction(partition: string, transactionId: string): string;
}

/** Never another: what was counted before a rotation of the secret counts after it. */
const secretVersion = 1;
const keyBytes = 32;
const digestCharacters = 16;
const transactionCharacters = 6;
export const accountBits = 38;

const made = new WeakMap<MasterSecret, Promise<EntityHashes>>();

/** Made once for each secret. Throws what reading the secret's first version throws. */
export function entityHashes(masterSecret: MasterSecret): Promise<EntityHashes> {
  const known = made.get(masterSecret);
  if (known !== undefined) return known;
  const making = masterSecret.version(secretVersion).then(hashesWith);
  made.set(masterSecret, making);
  making.catch(() => made.delete(masterSecret));
  return making;
}

const hashesWith = (secret: Uint8Array): EntityHashes => {
  const key: KeyObject = createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', 'aegis entities', keyBytes)));
  const hash = (...parts: readonly string[]): Buffer => createHmac('sha256', key).update(JSON.stringify(parts)).digest();
  return {
    digest: (tenant, kind, id) => hash('entity', tenant, kind, id).toString('base64url').slice(0, digestCharacters),
    account: (partition, userId, accountId) => hash('account', partition, userId, accountId).readUIntBE(0, 5) % 2 ** accountBits,
    transaction: (partition, transactionId) =>
      hash('transaction', partition, transactionId).toString('base64url').slice(0, transactionCharacters),
  };
};
