import type { CompiledPolicy, Policy } from '../domain/policy.ts';
import { appendSystemEvent, type SystemEvent } from '../ledger/systemChain.ts';
import { type Condition, type Item, type TableStore, TransactionCancelled, type Write } from '../ports/ports.ts';
import { cache, onePer } from '../store/cache.ts';
import { policyInForceKey, policyPointerKey, policyVersionKey } from '../store/names.ts';
import { firstOf, queryItems } from '../store/pages.ts';
import { defaultPolicy } from './default.ts';
import { policyHash, policyText } from './hash.ts';

/**
 * Policies in the table. What a version says is written once and never changed; the pointer item names the version in force and the newest
 * one, and moves by condition. A tenant without a pointer is on version 1, the default policy. `putInForce` alone moves what is in force.
 */

/** A new policy acts everywhere within 10 s: half of it is left to reads and clocks. */
export const policyCacheMs = 5_000;

const cachedTenants = 1_000;
const cachedVersions = 200;
const changeAttempts = 8;

/** `pending` waits for approvals; `superseded` was in force once. */
type PolicyStatus = 'draft' | 'pending' | 'active' | 'superseded';

export interface Approval {
  readonly identity: string;
  /** The id of the key or token. */
  readonly by: string;
  readonly atMs: number;
}

export interface StoredPolicy {
  readonly version: number;
  readonly hash: string;
  readonly status: PolicyStatus;
  readonly policy: Policy;
  /** Null for the default policy before anything was published. */
  readonly publishedAtMs: number | null;
  readonly by: string | null;
  /** Of a version that was published where approvals are needed. */
  readonly asked?: {
    /** Who wrote it. */
    readonly author: string;
    /** The version that was in force then. */
    readonly base: number;
    readonly approvals: readonly Approval[];
  };
}

/** One version as it decides: `compiled` makes its rules ready. */
export type PolicyVersion = Pick<CompiledPolicy, 'version' | 'hash' | 'policy'>;

interface Pointer {
  readonly active: number;
  readonly latest: number;
  /** Both as one text, by which a change of either is noticed; null in a pointer of 0.1. */
  readonly place: string | null;
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
  return stored.status === 'active' ? 'superseded' : stored.status;
};

export interface Publication {
  /** As `parsePolicy` gave it. */
  readonly policy: Policy;
  readonly status: 'draft' | 'active';
  /** The version this one was made from; refused when another came into force after it, or when it never was. */
  readonly ifVersion?: number;
  readonly by: string;
  /** Who it is, kept through rotations of keys; left out: `by`. */
  readonly author?: string;
  readonly atMs: number;
  /** Of others, before it comes into force; left out: none. */
  readonly approvalsNeeded?: number;
}

type PublishedStatus = 'draft' | 'pending' | 'active';

export type Published =
  | { readonly ok: true; readonly version: number; readonly hash: string; readonly status: PublishedStatus }
  | { readonly ok: false; readonly conflict: 'stale' | 'busy'; readonly activeVersion: number };

/**
 * Writes the next version, moves the pointer and enters POLICY_PUBLISHED into the tenant's system chain, in one transaction.
 * The first publication also writes down version 1, the default policy until then. Where approvals are needed, a version is `pending`
 * instead of active, unless the same policy was in force before.
 */
export const publishPolicy = async (table: TableStore, tenant: string, publication: Publication): Promise<Published> => {
  const { policy, ifVersion, by, author = by, atMs } = publication;
  const hash = policyHash(policy);
  let activeVersion = 1;
  for (let attempt = 1; attempt <= changeAttempts; attempt++) {
    const pointer = await readStoredPointer(table, tenant);
    const { active, latest } = pointer ?? unpublished;
    activeVersion = active;
    if (ifVersion !== undefined && (ifVersion < active || ifVersion > latest))
      return { ok: false, conflict: 'stale', activeVersion };
    const status = await statusOf(table, tenant, publication, hash, active);
    const version = latest + 1;
    const asked = publication.approvalsNeeded ? { asked: { author, base: active, approvals: [] } } : {};
    const stored: StoredPolicy = { version, hash, status, policy, publishedAtMs: atMs, by, ...asked };
    const writes: Write[] = [
      ...(status === 'active' ? putInForce(tenant, pointer, stored, version) : [pointerWrite(tenant, pointer, active, version)]),
      { kind: 'put', item: versionItem(tenant, stored), condition: { kind: 'absent' } },
    ];
    if (pointer === null) writes.push({ kind: 'put', item: versionItem(tenant, defaultStored()), condition: { kind: 'absent' } });
    const details = { version, policyHash: hash, status, ...(publication.approvalsNeeded && { author }) };
    if (await isEntered(table, tenant, { event: 'POLICY_PUBLISHED', by, atMs, details }, writes))
      return { ok: true, version, hash, status };
  }
  return { ok: false, conflict: 'busy', activeVersion };
};

const statusOf = async (
  table: TableStore,
  tenant: string,
  { status, approvalsNeeded = 0 }: Publication,
  hash: string,
  active: number,
): Promise<PublishedStatus> => {
  if (status === 'draft' || approvalsNeeded === 0) return status;
  return (await wasInForce(table, tenant, hash, active)) ? 'active' : 'pending';
};

/** Policies that came into force in 0.1 have no note of it, but for the one that is in force and the default. */
const wasInForce = async (table: TableStore, tenant: string, hash: string, active: number): Promise<boolean> => {
  if (hash === policyHash(defaultPolicy)) return true;
  if ((await table.get(policyInForceKey(tenant, hash), { consistent: true })) !== null) return true;
  return (await readVersion(table, tenant, active))?.hash === hash;
};

export interface Approving {
  readonly version: number;
  readonly identity: string;
  readonly by: string;
  /** Who made the key that approves, and whoever made the key that made it. */
  readonly madeBy: readonly string[];
  readonly atMs: number;
  readonly approvalsNeeded: number;
}

export type Approved =
  | { readonly ok: true; readonly stored: StoredPolicy; readonly needed: number }
  | { readonly ok: false; readonly cause: 'unknown' | 'notPending' | 'author' | 'stale' | 'busy' };

/**
 * One more approval of a pending version; with the last that is needed it comes into force, in the same transaction as its POLICY_APPROVED
 * entry of the system chain. Refused: `author` for whoever wrote it, also by a key that the author made, or made the maker of; `stale` when another version came
 * into force since it was published, which it would take back unseen. Said again by the same identity, it changes nothing.
 */
export const approvePolicy = async (table: TableStore, tenant: string, approving: Approving): Promise<Approved> => {
  const { version, identity, by, madeBy, atMs } = approving;
  // A setting that was lowered to nothing does not put in force what waits for somebody.
  const needed = Math.max(1, approving.approvalsNeeded);
  for (let attempt = 1; attempt <= changeAttempts; attempt++) {
    const [pointer, stored] = await Promise.all([readStoredPointer(table, tenant), readVersion(table, tenant, version)]);
    if (stored === null) return { ok: false, cause: 'unknown' };
    const { asked } = stored;
    const isGiven = asked?.approvals.some((one) => one.identity === identity) ?? false;
    if (isGiven) return { ok: true, stored: { ...stored, status: statusNow(stored, pointer ?? unpublished) }, needed };
    if (stored.status !== 'pending' || asked === undefined || pointer === null) return { ok: false, cause: 'notPending' };
    const own = [asked.author, stored.by];
    if ([identity, by, ...madeBy].some((name) => own.includes(name))) return { ok: false, cause: 'author' };
    if (pointer.active !== asked.base) return { ok: false, cause: 'stale' };
    const approvals = [...asked.approvals, { identity, by, atMs }];
    const status = approvals.length >= needed ? 'active' : 'pending';
    const after: StoredPolicy = { ...stored, status, asked: { ...asked, approvals } };
    const asRead: Condition = { kind: 'equals', attribute: 'approvalCount', value: asked.approvals.length };
    const writes: Write[] = [
      ...(status === 'active' ? putInForce(tenant, pointer, after, pointer.latest) : []),
      { kind: 'put', item: versionItem(tenant, after), condition: asRead },
    ];
    const { author } = asked;
    const approvedBy = approvals.map((one) => one.identity);
    const details = { version, policyHash: stored.hash, status, author, approvedBy, approvalsNeeded: needed };
    if (await isEntered(table, tenant, { event: 'POLICY_APPROVED', by, atMs, details }, writes))
      return { ok: true, stored: after, needed };
  }
  return { ok: false, cause: 'busy' };
};

/** Enters the event together with its writes; false when something moved since it was read. */
const isEntered = async (table: TableStore, tenant: string, event: SystemEvent, writes: readonly Write[]): Promise<boolean> => {
  try {
    await appendSystemEvent(table, tenant, event, writes);
  } catch (error) {
    if (error instanceof TransactionCancelled && error.reasons.some((reason) => reason.code === 'ConditionalCheckFailed'))
      return false;
    throw error;
  }
  cachesOf(table).active.delete(tenant);
  return true;
};

const unpublished: Pointer = { active: 1, latest: 1, place: null };

/** The writes by which a version comes into force: no others move what is in force. */
const putInForce = (tenant: string, pointer: Pointer | null, { version, hash }: StoredPolicy, latest: number): Write[] => [
  pointerWrite(tenant, pointer, version, latest),
  { kind: 'put', item: { ...policyInForceKey(tenant, hash), version } },
];

/** Moves the pointer, provided that it is still as read. */
const pointerWrite = (tenant: string, before: Pointer | null, active: number, latest: number): Write => ({
  kind: 'put',
  item: { ...policyPointerKey(tenant), active, latest, place: `${active}/${latest}` },
  condition:
    before === null
      ? { kind: 'absent' }
      : before.place === null
        ? { kind: 'equals', attribute: 'latest', value: before.latest }
        : { kind: 'equals', attribute: 'place', value: before.place },
});

const versionItem = (tenant: string, stored: StoredPolicy): Item => ({
  ...policyVersionKey(tenant, stored.version),
  version: stored.version,
  hash: stored.hash,
  status: stored.status,
  document: policyText(stored.policy),
  publishedAtMs: stored.publishedAtMs,
  by: stored.by,
  ...(stored.asked !== undefined && {
    author: stored.asked.author,
    base: stored.asked.base,
    approvals: stored.asked.approvals.map((approval) => ({ ...approval })),
    approvalCount: stored.asked.approvals.length,
  }),
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
  status: item.status === 'draft' || item.status === 'pending' ? item.status : 'active',
  policy: JSON.parse(String(item.document)) as Policy,
  publishedAtMs: typeof item.publishedAtMs === 'number' ? item.publishedAtMs : null,
  by: typeof item.by === 'string' ? item.by : null,
  ...(typeof item.author === 'string' && {
    asked: { author: item.author, base: Number(item.base), approvals: item.approvals as unknown as readonly Approval[] },
  }),
});

const readPointer = async (table: TableStore, tenant: string): Promise<Pointer> =>
  (await readStoredPointer(table, tenant)) ?? unpublished;

const readStoredPointer = async (table: TableStore, tenant: string): Promise<Pointer | null> => {
  const item = await table.get(policyPointerKey(tenant), { consistent: true });
  if (item === null) return null;
  const { active, latest, place } = item;
  return { active: Number(active), latest: Number(latest), place: typeof place === 'string' ? place : null };
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
