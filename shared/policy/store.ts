import type { CompiledPolicy, Policy } from '../domain/policy.ts';
import { appendSystemEvent } from '../ledger/systemChain.ts';
import { type Condition, type Item, type TableStore, TransactionCancelled, type Write } from '../ports/ports.ts';
import { cache, onePer } from '../store/cache.ts';
import { policyPointerKey, policyVersionKey } from '../store/names.ts';
import { firstOf, queryItems } from '../store/pages.ts';
import { defaultPolicy } from './default.ts';
import { firstDefaultPolicy } from './firstDefault.ts';
import { policyHash, policyText } from './hash.ts';

/**
 * Policies in the table. A version is written once and never changed; the pointer item names the version in force and the newest
 * one, and moves by condition. A tenant without a pointer is on version 1, the default policy.
 */

/** A new policy acts everywhere within 10 s: half of it is left to reads and clocks. */
export const policyCacheMs = 5_000;

const cachedTenants = 1_000;
const cachedVersions = 200;
const publishAttempts = 8;

/** `superseded` was in force once. */
type PolicyStatus = 'draft' | 'active' | 'superseded';

export interface StoredPolicy {
  readonly version: number;
  readonly hash: string;
  readonly status: PolicyStatus;
  readonly policy: Policy;
  /** Null for the default policy before anything was published. */
  readonly publishedAtMs: number | null;
  readonly by: string | null;
}

/** One version as it decides: `compiled` makes its rules ready. */
export type PolicyVersion = Pick<CompiledPolicy, 'version' | 'hash' | 'policy'>;

interface Pointer {
  readonly active: number;
  readonly latest: number;
}

const cachesOf = onePer((_: TableStore) => ({
  active: cache<PolicyVersion>({ max: cachedTenants, ttlMs: policyCacheMs }),
  versions: cache<PolicyVersion>({ max: cachedVersions, ttlMs: null }),
}));

/** The policy in force, at most `policyCacheMs` old. One read of one small item per tenant, instance and `policyCacheMs`. */
export const loadActivePolicy = (table: TableStore, tenant: string, nowMs: number): Promise<PolicyVersion> =>
  cachesOf(table).active.get(tenant, nowMs, async () => {
    const pointer = await readPointer(table, tenant);
    return loadPolicyVersion(table, tenant, pointer.active);
  });

/** Any version, cached for as long as the instance lives. Throws PolicyMissing, or PolicyCorrupt when its hash does not match. */
export const loadPolicyVersion = (table: TableStore, tenant: string, version: number): Promise<PolicyVersion> =>
  cachesOf(table).versions.get(`${tenant} ${version}`, 0, async () => {
    const stored = await readVersion(table, tenant, version);
    if (stored === null) throw new PolicyMissing(tenant, version);
    if (policyHash(stored.policy) !== stored.hash) throw new PolicyCorrupt(tenant, version);
    return { version, hash: stored.hash, policy: stored.policy };
  });

/** The version in force as stored, read afresh. */
export const readActivePolicy = async (table: TableStore, tenant: string): Promise<StoredPolicy> => {
  const pointer = await readPointer(table, tenant);
  const stored = await readVersion(table, tenant, pointer.active);
  if (stored === null) throw new PolicyMissing(tenant, pointer.active);
  return { ...stored, status: 'active' };
};

/** One version as stored, or null if there is none. */
export const readPolicyVersion = async (table: TableStore, tenant: string, version: number): Promise<StoredPolicy | null> => {
  const [pointer, stored] = await Promise.all([readPointer(table, tenant), readVersion(table, tenant, version)]);
  return stored && { ...stored, status: statusNow(stored, pointer) };
};

/**
 * The version by which an entry that names `hash` was decided, or null. Version 1 of a tenant that had published nothing was another default in
 * 0.1. Where the hash is that of neither, the version as stored.
 */
export const readPolicyOfEntry = async (
  table: TableStore,
  tenant: string,
  version: number,
  hash: string,
): Promise<StoredPolicy | null> => {
  const stored = await readPolicyVersion(table, tenant, version);
  if (version !== 1 || stored?.hash === hash || policyHash(firstDefaultPolicy) !== hash) return stored;
  return { ...defaultStored(firstDefaultPolicy), status: 'superseded' };
};

/** At most `limit` versions below `beforeVersion`, newest first. */
export const readPolicyVersions = async (
  table: TableStore,
  tenant: string,
  { beforeVersion = Number.MAX_SAFE_INTEGER, limit }: { readonly beforeVersion?: number; readonly limit: number },
): Promise<readonly StoredPolicy[]> => {
  const pointer = await readStoredPointer(table, tenant);
  if (pointer === null) return beforeVersion > 1 ? [defaultStored()] : [];
  const { pk, sk: from } = policyVersionKey(tenant, 1);
  const to = policyVersionKey(tenant, Math.min(pointer.latest, beforeVersion - 1)).sk;
  if (from > to) return [];
  const items = await firstOf(queryItems(table, { pk, from, to, descending: true, limit, consistent: true }), limit);
  return items.map(storedOf).map((stored) => ({ ...stored, status: statusNow(stored, pointer) }));
};

const statusNow = (stored: StoredPolicy, pointer: Pointer): PolicyStatus => {
  if (stored.version === pointer.active) return 'active';
  return stored.status === 'draft' ? 'draft' : 'superseded';
};

export interface Publication {
  /** As `parsePolicy` gave it. */
  readonly policy: Policy;
  readonly status: 'draft' | 'active';
  /** The version this one was made from; refused when another came into force after it, or when it never was. */
  readonly ifVersion?: number;
  readonly by: string;
  readonly atMs: number;
}

export type Published =
  | { readonly ok: true; readonly version: number; readonly hash: string; readonly status: 'draft' | 'active' }
  | { readonly ok: false; readonly conflict: 'stale' | 'busy'; readonly activeVersion: number };

/**
 * Writes the next version, moves the pointer and enters POLICY_PUBLISHED into the tenant's system chain, in one transaction.
 * The first publication also writes down version 1, the default policy until then.
 */
export const publishPolicy = async (table: TableStore, tenant: string, publication: Publication): Promise<Published> => {
  const { policy, status, ifVersion, by, atMs } = publication;
  const hash = policyHash(policy);
  let activeVersion = 1;
  for (let attempt = 1; attempt <= publishAttempts; attempt++) {
    const pointer = await readStoredPointer(table, tenant);
    const { active, latest } = pointer ?? unpublished;
    activeVersion = active;
    if (ifVersion !== undefined && (ifVersion < active || ifVersion > latest))
      return { ok: false, conflict: 'stale', activeVersion };
    const version = latest + 1;
    const event = { event: 'POLICY_PUBLISHED', by, atMs, details: { version, policyHash: hash, status } };
    try {
      await appendSystemEvent(table, tenant, event, publicationWrites(tenant, pointer, publication, hash));
    } catch (error) {
      if (error instanceof TransactionCancelled && error.reasons.some((reason) => reason.code === 'ConditionalCheckFailed'))
        continue;
      throw error;
    }
    cachesOf(table).active.delete(tenant);
    return { ok: true, version, hash, status };
  }
  return { ok: false, conflict: 'busy', activeVersion };
};

const unpublished: Pointer = { active: 1, latest: 1 };

/** Pure: the writes of one publication on the pointer as it was read. */
const publicationWrites = (tenant: string, pointer: Pointer | null, publication: Publication, hash: string): Write[] => {
  const { policy, status, by, atMs } = publication;
  const { active, latest } = pointer ?? unpublished;
  const version = latest + 1;
  const unmoved: Condition =
    pointer === null ? { kind: 'absent' } : { kind: 'equals', attribute: 'latest', value: pointer.latest };
  const writes: Write[] = [
    {
      kind: 'put',
      item: { ...policyPointerKey(tenant), active: status === 'active' ? version : active, latest: version },
      condition: unmoved,
    },
    {
      kind: 'put',
      item: versionItem(tenant, { version, hash, status, policy, publishedAtMs: atMs, by }),
      condition: { kind: 'absent' },
    },
  ];
  if (pointer === null) writes.push({ kind: 'put', item: versionItem(tenant, defaultStored()), condition: { kind: 'absent' } });
  return writes;
};

const versionItem = (tenant: string, stored: StoredPolicy): Item => ({
  ...policyVersionKey(tenant, stored.version),
  version: stored.version,
  hash: stored.hash,
  status: stored.status,
  document: policyText(stored.policy),
  publishedAtMs: stored.publishedAtMs,
  by: stored.by,
});

const defaultStored = (policy = defaultPolicy): StoredPolicy => ({
  version: 1,
  hash: policyHash(policy),
  status: 'active',
  policy,
  publishedAtMs: null,
  by: null,
});

const readVersion = async (table: TableStore, tenant: string, version: number): Promise<StoredPolicy | null> => {
  const item = await table.get(policyVersionKey(tenant, version), { consistent: true });
  if (item === null) return version === 1 ? defaultStored() : null;
  return storedOf(item);
};

const storedOf = (item: Item): StoredPolicy => ({
  version: Number(item.version),
  hash: String(item.hash),
  status: item.status === 'draft' ? 'draft' : 'active',
  policy: JSON.parse(String(item.document)) as Policy,
  publishedAtMs: typeof item.publishedAtMs === 'number' ? item.publishedAtMs : null,
  by: typeof item.by === 'string' ? item.by : null,
});

const readPointer = async (table: TableStore, tenant: string): Promise<Pointer> =>
  (await readStoredPointer(table, tenant)) ?? unpublished;

const readStoredPointer = async (table: TableStore, tenant: string): Promise<Pointer | null> => {
  const item = await table.get(policyPointerKey(tenant), { consistent: true });
  return item && { active: Number(item.active), latest: Number(item.latest) };
};

class PolicyMissing extends Error {
  override readonly name = 'PolicyMissing';
  constructor(tenant: string, version: number) {
    super(`tenant ${tenant} has no policy version ${version}`);
  }
}

class PolicyCorrupt extends Error {
  override readonly name = 'PolicyCorrupt';
  constructor(tenant: string, version: number) {
    super(`policy version ${version} of tenant ${tenant} does not have the hash it was published with`);
  }
}
