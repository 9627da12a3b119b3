import { createHmac, hkdfSync } from 'node:crypto';
import type { Item, TableStore } from '../../shared/ports/ports.ts';
import type { MasterSecret } from '../../shared/secrets/masterSecret.ts';
import { erasedChainKey } from '../../shared/store/names.ts';

/**
 * Which chain an erased account had, so that whoever knows its ids can still check that chain. An account is named by keyed hashes of
 * its ids under a key of the master secret's first version: without the secret they tell nothing, and nothing leads from the chain back.
 */
export interface ErasedChain {
  readonly chain: string;
  /** Its last entry, which says ERASED. */
  readonly sequence: number;
}

/** The chain of an erased account; without a user that of its only one, `several` where there are more. Null for none. */
export type FindErasedChain = (
  tenant: string,
  accountId: string,
  userId: string | undefined,
) => Promise<ErasedChain | 'several' | null>;

/** Never another: what was erased before a rotation of the secret must be found after it. */
const secretVersion = 1;
const keyBytes = 32;

/** What leads to the chain of an account that is being erased; a later erasure of the same ids takes its place. */
export async function erasedChainItem(
  masterSecret: MasterSecret,
  { tenant, accountId, userId }: { readonly tenant: string; readonly accountId: string; readonly userId: string },
  { chain, sequence }: ErasedChain,
): Promise<Item> {
  const digest = digester(await masterSecret.version(secretVersion));
  return { ...erasedChainKey(tenant, digest(tenant, accountId), digest(tenant, accountId, userId)), chain, sequence };
}

/** Finds erased chains. Throws store errors, and Unavailable when the secret cannot be had. */
export const erasedChains =
  (table: TableStore, masterSecret: MasterSecret): FindErasedChain =>
  async (tenant, accountId, userId) => {
    const secret = await firstSecret(masterSecret);
    if (secret === null) return null;
    const digest = digester(secret);
    const user = userId === undefined ? '' : digest(tenant, accountId, userId);
    const key = erasedChainKey(tenant, digest(tenant, accountId), user);
    if (userId !== undefined) return chainOf(await table.get(key, { consistent: true }));
    const { items } = await table.query({ pk: key.pk, limit: 2, consistent: true });
    return items.length > 1 ? 'several' : chainOf(items[0] ?? null);
  };

const chainOf = (item: Item | null): ErasedChain | null => item && { chain: String(item.chain), sequence: Number(item.sequence) };

/** Null while there is none: then nothing was ever decided. */
const firstSecret = async (masterSecret: MasterSecret): Promise<Uint8Array | null> => {
  try {
    return await masterSecret.version(secretVersion);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
};

const digester = (secret: Uint8Array) => {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'aegis erased accounts', keyBytes));
  return (...ids: readonly string[]): string => createHmac('sha256', key).update(JSON.stringify(ids)).digest('hex');
};
