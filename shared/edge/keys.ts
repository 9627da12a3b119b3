import { createHash, timingSafeEqual } from 'node:crypto';
import { allowedId, isId, isTenant } from '../contract/ids.ts';
import { type Scope, scopes } from '../contract/routes.ts';
import type { Clock, Item, Randomness, TableStore } from '../ports/ports.ts';
import { cache } from '../store/cache.ts';
import { apiKeyKey } from '../store/names.ts';
import { queryItems } from '../store/pages.ts';

/** API keys look like `aegis_<tenant>_<secret>`. Only the secret's hash is stored: a key is shown once, when it is made. */

const secretBytes = 24;
const idBytes = 6;
const pageLimit = 1000;
/** Pages of a tenant's keys: a tenant with more than 10,000 keys is refused. */
const maximumPages = 10;

export interface KeyRecord {
  /** Names the key in lists, logs and audit entries. */
  readonly keyId: string;
  readonly tenant: string;
  readonly scopes: readonly Scope[];
  /** RFC 3339, UTC, as all times here. */
  readonly createdAt: string;
  readonly createdBy: string;
  /** Who uses it, kept when it is rotated; a key of 0.1 has none and stands for itself. */
  readonly owner?: string;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
}

export interface KeyStore {
  readonly table: TableStore;
  readonly clock: Clock;
  readonly randomness: Randomness;
}

export interface NewKey {
  readonly tenant: string;
  readonly scopes: readonly Scope[];
  readonly createdBy: string;
  /** Who uses it; left out: the key stands for itself. */
  readonly owner?: string;
  /** Epoch milliseconds; null = never. */
  readonly expiresAtMs: number | null;
}

export interface CreatedKey {
  /** The key itself: to be shown once. */
  readonly key: string;
  readonly record: KeyRecord;
}

/** Makes and stores a key. Throws a RangeError that names what is not allowed. */
export async function createKey(store: KeyStore, wanted: NewKey): Promise<CreatedKey> {
  const { item, ...created } = draftKey(store, wanted);
  await store.table.put(item, { kind: 'absent' });
  return created;
}

/** Returns a key and the item that makes it valid, for callers that store it in a transaction of their own. Throws as `createKey`. */
export function draftKey(store: Omit<KeyStore, 'table'>, wanted: NewKey): CreatedKey & { readonly item: Item } {
  if (!isTenant(wanted.tenant)) throw new RangeError(`tenant must be 1-32 of a-z 0-9 -; given ${JSON.stringify(wanted.tenant)}`);
  const unknown = wanted.scopes.filter((scope) => !scopes.includes(scope));
  if (wanted.scopes.length === 0 || unknown.length > 0) {
    throw new RangeError(`scopes must be some of ${scopes.join(', ')}; given ${JSON.stringify(wanted.scopes)}`);
  }
  const nowMs = store.clock.nowMs();
  if (wanted.expiresAtMs !== null && wanted.expiresAtMs <= nowMs)
    throw new RangeError(`expires must be a time to come; given ${new Date(wanted.expiresAtMs).toISOString()}`);
  const secret = hex(store.randomness.bytes(secretBytes));
  if (wanted.owner !== undefined && !isId(wanted.owner))
    throw new RangeError(`owner must be ${allowedId}; given ${JSON.stringify(wanted.owner)}`);
  const keyId = `key_${hex(store.randomness.bytes(idBytes))}`;
  const record: KeyRecord = {
    keyId,
    tenant: wanted.tenant,
    scopes: scopes.filter((scope) => wanted.scopes.includes(scope)),
    createdAt: new Date(nowMs).toISOString(),
    createdBy: wanted.createdBy,
    owner: wanted.owner ?? keyId,
    expiresAt: wanted.expiresAtMs === null ? null : new Date(wanted.expiresAtMs).toISOString(),
    revokedAt: null,
  };
  const item = { ...apiKeyKey(wanted.tenant, hashOf(secret)), ...record };
  return { key: `aegis_${wanted.tenant}_${secret}`, record, item };
}

/** Every key of a tenant, oldest first, revoked and expired ones included. */
export async function listKeys(table: TableStore, tenant: string): Promise<readonly KeyRecord[]> {
  const items = await itemsOf(table, tenant);
  return items.map(recordOf).sort((a, b) => (a.createdAt < b.createdAt ? -1 : a.createdAt > b.createdAt ? 1 : 0));
}

export const isInForce = (record: KeyRecord, nowMs: number): boolean =>
  record.revokedAt === null && (record.expiresAt === null || Date.parse(record.expiresAt) > nowMs);

const keyPattern = /^aegis_([a-z0-9-]{1,32})_([A-Za-z0-9]{16,128})$/;

/** How long a key that was found is cached. A revocation takes effect within this time. */
export const foundLifetimeMs = 5_000;
/** How long a key that was not found is refused without another read. */
const missingLifetimeMs = 1_000;
const cachedKeys = 10_000;

export type KeyCheck = (key: string) => Promise<KeyRecord | null>;

/** Returns a finder of keys in force, with a cache. It throws StoreErrors. */
export function keyCheck(table: TableStore, clock: Clock): KeyCheck {
  const records = cache<KeyRecord | null>({
    max: cachedKeys,
    ttlMs: foundLifetimeMs,
    ttlMsOf: (record) => (record === null ? missingLifetimeMs : foundLifetimeMs),
  });
  return async (key) => {
    const match = keyPattern.exec(key);
    if (match === null) return null;
    const tenant = match[1]!;
    const hash = hashOf(match[2]!);
    const nowMs = clock.nowMs();
    const record = await records.get(`${tenant}#${hash}`, nowMs, async () => {
      const item = await table.get(apiKeyKey(tenant, hash), { consistent: true });
      return item !== null && equal(item.sk, hash) && item.tenant === tenant ? recordOf(item) : null;
    });
    return inForce(record, nowMs);
  };
}

const inForce = (record: KeyRecord | null, nowMs: number): KeyRecord | null =>
  record !== null && isInForce(record, nowMs) ? record : null;

/** Returns a key's item by the key's id; null when the tenant has no such key. */
export async function keyItemOf(table: TableStore, tenant: string, keyId: string): Promise<Item | null> {
  const items = await itemsOf(table, tenant);
  return items.find((item) => item.keyId === keyId) ?? null;
}

async function itemsOf(table: TableStore, tenant: string): Promise<readonly Item[]> {
  const { pk } = apiKeyKey(tenant, '');
  const beyond = `tenant ${tenant} has more than ${pageLimit * maximumPages} keys`;
  return Array.fromAsync(queryItems(table, { pk, limit: pageLimit, consistent: true }, { pagesMax: maximumPages, beyond }));
}

export function recordOf(item: Item): KeyRecord {
  const { keyId, tenant, scopes: held, createdAt, createdBy, owner, expiresAt, revokedAt } = item as unknown as KeyRecord;
  const record = { keyId, tenant, scopes: held, createdAt, createdBy, expiresAt, revokedAt };
  return owner === undefined ? record : { ...record, owner };
}

const hashOf = (secret: string): string => createHash('sha256').update(secret, 'utf8').digest('hex');

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

function equal(a: string, b: string): boolean {
  const left = Buffer.from(a, 'utf8');
  const right = Buffer.from(b, 'utf8');
  return left.length === right.length && timingSafeEqual(left, right);
}
