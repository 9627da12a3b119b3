import {
  type CreatedKey,
  draftKey,
  isInForce,
  type KeyRecord,
  type KeyStore,
  keyItemOf,
  type NewKey,
  recordOf,
} from '../../shared/edge/keys.ts';
import { appendSystemEvent } from '../../shared/ledger/systemChain.ts';
import { TransactionCancelled } from '../../shared/ports/ports.ts';

/**
 * Changes of keys as the command line makes them: each in one transaction with its entry in the tenant's system chain. The entries
 * hold ids and scopes, never a key or its hash. All throw what `appendSystemEvent` throws.
 */

/** Throws a RangeError that names what is not allowed. */
export async function createKeyNoted(store: KeyStore, wanted: NewKey): Promise<CreatedKey> {
  const { item, key, record } = draftKey(store, wanted);
  const { keyId, scopes, expiresAt, tenant, createdBy } = record;
  const details = { keyId, scopes, expiresAt, owner: record.owner ?? keyId };
  const event = { event: 'KEY_CREATED', by: createdBy, atMs: store.clock.nowMs(), details };
  await appendSystemEvent(store.table, tenant, event, [{ kind: 'put', item, condition: { kind: 'absent' } }]);
  return { key, record };
}

/**
 * Revokes for good; null when the tenant has no such key, and one that is revoked already stays as it is. Acts everywhere once the caches of the
 * edge have passed.
 */
export async function revokeKeyNoted(store: KeyStore, tenant: string, keyId: string, by: string): Promise<KeyRecord | null> {
  const item = await keyItemOf(store.table, tenant, keyId);
  if (item === null) return null;
  const record = recordOf(item);
  if (record.revokedAt !== null) return record;
  const atMs = store.clock.nowMs();
  const revokedAt = new Date(atMs).toISOString();
  await appendSystemEvent(store.table, tenant, { event: 'KEY_REVOKED', by, atMs, details: { keyId } }, [
    { kind: 'update', key: { pk: item.pk, sk: item.sk }, change: { set: { revokedAt } }, condition: { kind: 'present' } },
  ]);
  return { ...record, revokedAt };
}

/** A new key with the same scopes and expiry; the old one ends after `graceMs`. Null when the tenant has no such key in force. */
export async function rotateKeyNoted(
  store: KeyStore,
  {
    tenant,
    keyId,
    by,
    graceMs,
  }: { readonly tenant: string; readonly keyId: string; readonly by: string; readonly graceMs: number },
): Promise<CreatedKey | null> {
  const old = await keyItemOf(store.table, tenant, keyId);
  const atMs = store.clock.nowMs();
  if (old === null || !isInForce(recordOf(old), atMs)) return null;
  const { scopes, expiresAt, owner = keyId } = recordOf(old);
  const expiresAtMs = expiresAt === null ? null : Date.parse(expiresAt);
  const { item, key, record } = draftKey(store, { tenant, scopes, createdBy: by, owner, expiresAtMs });
  const endsAt = new Date(Math.min(atMs + graceMs, expiresAtMs ?? Number.POSITIVE_INFINITY)).toISOString();
  const details = { keyId: record.keyId, replaces: keyId, endsAt, scopes, expiresAt };
  try {
    await appendSystemEvent(store.table, tenant, { event: 'KEY_ROTATED', by, atMs, details }, [
      { kind: 'put', item, condition: { kind: 'absent' } },
      { kind: 'update', key: { pk: old.pk, sk: old.sk }, change: { set: { expiresAt: endsAt } }, condition: notRevoked },
    ]);
  } catch (error) {
    if (error instanceof TransactionCancelled) return null;
    throw error;
  }
  return { key, record };
}

/** A key that somebody revokes meanwhile has no successor. */
const notRevoked = { kind: 'equals', attribute: 'revokedAt', value: null } as const;
