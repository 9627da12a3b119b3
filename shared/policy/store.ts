import type { CompiledPolicy, Policy } from '../domain/policy.ts';
import { appendSystemEvent } from '../ledger/systemChain.ts';
import { type Condition, type Item, type TableStore, TransactionCancelled, type Write } from '../ports/ports.ts';
import { policyPointerKey, policyVersionKey } from '../store/names.ts';
import { BoundedMap } from './cache.ts';
import { compilePolicy, policyHash, policyText } from './compile.ts';
import { defaultPolicy } from './default.ts';

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

interface Pointer {
  readonly active: number;
  readonly latest: number;
}

interface Caches {
  readonly active: BoundedMap<string, { readonly loadedAtMs: number; readonly policy: Promise<CompiledPolicy> }>;
  readonly versions: BoundedMap<string, CompiledPolicy>;
}

const cachesByTable = new WeakMap<TableStore, Caches>();

const cachesOf = (table: TableStore): Caches => {
  const known = cachesByTable.get(table);
  if (known !== undefined) return known;
  const made: Caches = { active: new BoundedMap(cachedTenants), versions: new BoundedMap(cachedVersions) };
  cachesByTable.set(table, made);
  return made;
};

/** The policy in force, at most `policyCacheMs` old. One read of one small item per tenant, instance and `policyCacheMs`. */
export const loadActivePolicy = (table: TableStore, tenant: string, nowMs: number): Promise<CompiledPolicy> => {
  const { active } = cachesOf(table);
  const cached = active.get(tenant);
  if (cached !== undefined && Math.abs(nowMs - cached.loadedAtMs) < policyCacheMs) return cached.policy;
  const policy = readPointer(table, tenant).then((pointer) => loadPolicyVersion(table, tenant, pointer.active));
  const entry = { loadedAtMs: nowMs, policy };
  active.set(tenant, entry);
  policy.catch(() => {
    if (active.get(tenant) === entry) active.delete(tenant);
  });
  return policy;
};

/** Any version, cached for as long as the instance lives. Throws PolicyMissing, or PolicyCorrupt when its hash does not match. */
export const loadPolicyVersion = async (table: TableStore, tenant: string, version: number): Promise<CompiledPolicy> => {
  const { versions } = cachesOf(table);
  const name = `${tenant} ${version}`;
  const cached = versions.get(name);
  if (cached !== undefined) return cached;
  const stored = await readVersion(table, tenant, version);
  if (stored === null) throw new PolicyMissing(tenant, version);
  const compiled = compilePolicy(stored.policy, version);
  if (compiled.hash !== stored.hash) throw new PolicyCorrupt(tenant, version);
  versions.set(name, compiled);
  return compiled;
};

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
  const versions: StoredPolicy[] = [];
  let after: string | undefined;
  // Every page but an empty one holds a version, so this ends within `limit` pages.
  for (let page = 0; page < limit && versions.length < limit && from <= to; page++) {
    const left = limit - versions.length;
    const found = await table.query({ pk, from, to, descending: true, limit: left, consistent: true, ...(after && { after }) });
    versions.push(...found.items.map(storedOf).map((stored) => ({ ...stored, status: statusNow(stored, pointer) })));
    after = found.after;
    if (after === undefined) break;
  }
  return versions;
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
  const hash = compilePolicy(policy, 0).hash;
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

const defaultStored = (): StoredPolicy => ({
  version: 1,
  hash: policyHash(defaultPolicy),
  status: 'active',
  policy: defaultPolicy,
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
