import { isDeepStrictEqual } from 'node:util';
import { readSystemChain, type SystemEntry } from '../../../shared/ledger/systemChain.ts';
import { policyHash } from '../../../shared/policy/hash.ts';
import type { Clock, Item, Key, TableStore } from '../../../shared/ports/ports.ts';
import {
  apiKeyKey,
  defaultTenant,
  listEntryKey,
  listVersionKey,
  modelPointerKey,
  modelVersionKey,
  policyPointerKey,
  policyVersionKey,
  webhookKey,
} from '../../../shared/store/names.ts';
import { queryItems } from '../../../shared/store/pages.ts';
import type { Compared, FindingDraft } from './liveReport.ts';
import { keptAfterExpiryMs, type ListFacts, type SystemFacts, systemFacts } from './systemFacts.ts';
import { nameOf } from './tableShare.ts';

export interface TenantStores {
  readonly table: TableStore;
  readonly clock: Clock;
}

export interface TenantChecked {
  readonly findings: readonly FindingDraft[];
  readonly compared: Partial<Record<Compared, number>>;
  readonly notCompared: readonly string[];
}

export interface TenantOptions {
  /** Lists that have items in the table, whether or not the chain knows them. */
  readonly lists: Iterable<string>;
  /** Creators whose keys have no entry: the runner of a local stack makes its own. */
  readonly unnotedKeysBy: readonly string[];
}

const pageItems = 1_000;
const attemptsMax = 4;

/**
 * Compares a tenant's keys, lists, policies and webhooks, and with the default tenant's the models, with its system chain. What changes while
 * it is read is read again. Throws store errors.
 */
export const checkTenant = async (stores: TenantStores, tenant: string, options: TenantOptions): Promise<TenantChecked> => {
  for (let attempt = 1; ; attempt++) {
    const before = await systemChainOf(stores.table, tenant);
    const checked = await compare(stores, tenant, systemFacts(before), options);
    if (checked.findings.length === 0) return checked;
    const isUnmoved = (await readSystemChain(stores.table, tenant, afterLast(before), 1)).length === 0;
    if (isUnmoved && attempt > 1) return checked;
    if (attempt === attemptsMax)
      return { ...checked, findings: [], notCompared: [`the settings of tenant ${tenant} kept changing while they were read`] };
  }
};

const systemChainOf = async (table: TableStore, tenant: string): Promise<readonly SystemEntry[]> => {
  const all: SystemEntry[] = [];
  for (;;) {
    const some = await readSystemChain(table, tenant, afterLast(all), pageItems);
    all.push(...some);
    if (some.length < pageItems) return all;
  }
};

const afterLast = (entries: readonly SystemEntry[]): number => Number(entries.at(-1)?.body.sequence ?? 0) + 1;

/** Takes what differs. `sequence` is of the entry that says otherwise. */
type Find = (kind: FindingDraft['kind'], key: Key, text: string, sequence?: number) => void;

interface Comparison {
  readonly table: TableStore;
  readonly tenant: string;
  readonly facts: SystemFacts;
  readonly find: Find;
  readonly count: (what: Compared) => void;
}

const compare = async (
  { table, clock }: TenantStores,
  tenant: string,
  facts: SystemFacts,
  { lists, unnotedKeysBy }: TenantOptions,
): Promise<TenantChecked> => {
  const findings: FindingDraft[] = [];
  const compared: Partial<Record<Compared, number>> = {};
  const chain = `system.${tenant}`;
  const find: Find = (kind, key, text, sequence) =>
    findings.push({ kind, chain, sequence: sequence ?? null, item: nameOf(key), text: `tenant ${tenant}: ${text}` });
  const count = (what: Compared): void => {
    compared[what] = (compared[what] ?? 0) + 1;
  };
  const comparison = { table, tenant, facts, find, count };
  await compareKeys(comparison, unnotedKeysBy);
  await compareLists(comparison, new Set([...lists, ...facts.lists.keys()]), clock.nowMs());
  await comparePolicies(comparison);
  await compareWebhooks(comparison);
  if (tenant === defaultTenant) await compareModels(comparison);
  for (const { sequence, isChanged } of facts.unread)
    if (isChanged)
      findings.push({
        kind: 'list',
        chain,
        sequence,
        text: `tenant ${tenant}: the inputs kept with entry ${sequence} are not those whose hash it has`,
      });
  const gone = facts.unread.filter(({ isChanged }) => !isChanged);
  const notCompared = gone.map(() => `a list of tenant ${tenant}: the inputs of an entry of its system chain were erased`);
  return { findings, compared, notCompared };
};

const itemsOf = (table: TableStore, pk: string): Promise<Item[]> =>
  Array.fromAsync(queryItems(table, { pk, limit: pageItems, consistent: true }));

const compareKeys = async (
  { table, tenant, facts, find, count }: Comparison,
  unnotedKeysBy: readonly string[],
): Promise<void> => {
  const items = await itemsOf(table, apiKeyKey(tenant, '').pk);
  const present = new Set<string>();
  for (const item of items) {
    const keyId = String(item.keyId);
    const known = facts.keys.get(keyId);
    if (present.has(keyId)) find('key', item, `key ${keyId} is there twice`);
    present.add(keyId);
    count('keys');
    if (!known) {
      if (!unnotedKeysBy.includes(String(item.createdBy)))
        find('key', item, `key ${keyId} was inserted: no entry of the system chain made it`);
      continue;
    }
    const { scopes, expiresAt, revokedAt, sequence } = known;
    const said: Readonly<Record<string, unknown>> = { scopes, expiresAt, revokedAt, tenant };
    const different = Object.keys(said).find((name) => !isDeepStrictEqual(item[name] ?? null, said[name]));
    if (different) find('key', item, `key ${keyId}: ${different} is not what entry ${sequence} says`, sequence);
  }
  for (const [keyId, { sequence }] of facts.keys)
    if (!present.has(keyId))
      find('key', apiKeyKey(tenant, keyId), `key ${keyId} is missing: entry ${sequence} speaks of it`, sequence);
};

const compareLists = async (comparison: Comparison, names: ReadonlySet<string>, nowMs: number): Promise<void> => {
  const { table, tenant, facts, find } = comparison;
  const key = listVersionKey(tenant);
  const item = await table.get(key, { consistent: true });
  const versions = item === null ? {} : (JSON.parse(String(item.lists)) as Record<string, { changes: number; count: number }>);
  for (const list of new Set([...names, ...Object.keys(versions)])) {
    const own = facts.lists.get(list) ?? untouched;
    if (!own.isWhole) continue;
    const counted = await compareList(comparison, list, own, nowMs);
    const { changes, count } = versions[list] ?? { changes: 0, count: 0 };
    if (changes !== own.changes) find('list', key, `list ${list} was changed ${own.changes} times, its version says ${changes}`);
    else if (count !== counted) find('list', key, `list ${list} holds ${counted} entries, its version says ${count}`);
  }
};

const untouched: ListFacts = { entries: new Map(), changes: 0, purged: 0, lastPurgeMs: 0, isWhole: true };

/** Returns how many entries the list must hold. */
const compareList = async (
  { table, tenant, find, count }: Comparison,
  list: string,
  { entries, purged, lastPurgeMs }: ListFacts,
  nowMs: number,
): Promise<number> => {
  const items = await itemsOf(table, listEntryKey(tenant, list, '').pk);
  const present = new Set<string>();
  for (const item of items) {
    const known = entries.get(item.sk);
    present.add(item.sk);
    count('listEntries');
    if (!known) find('list', item, `entry ${item.sk} of list ${list} was inserted: no entry of the system chain put it there`);
    else if ((item.expiresAtMs ?? null) !== known.expiresAtMs)
      find('list', item, `entry ${item.sk} of list ${list} does not expire when entry ${known.sequence} says`, known.sequence);
  }
  let room = purged;
  for (const [entry, { expiresAtMs, sequence }] of entries) {
    if (present.has(entry)) continue;
    const mayBePurged = expiresAtMs !== null && expiresAtMs + keptAfterExpiryMs <= Math.min(nowMs, lastPurgeMs) && room > 0;
    if (mayBePurged) room -= 1;
    else
      find(
        'list',
        listEntryKey(tenant, list, entry),
        `entry ${entry} of list ${list} is missing: entry ${sequence} put it there`,
        sequence,
      );
  }
  return entries.size - (purged - room);
};

const comparePolicies = async ({ table, tenant, facts, find, count }: Comparison): Promise<void> => {
  const { pk } = policyPointerKey(tenant);
  const items = await itemsOf(table, pk);
  const versions = new Map(items.filter(({ sk }) => sk.startsWith('V#')).map((item) => [Number(item.version), item]));
  for (const [version, item] of versions) {
    count('policyVersions');
    const known = facts.policies.get(version);
    const hash = hashOfPolicy(item);
    // The first publication writes version 1 down, which was in force without one: decisions name its hash.
    if (!known && !(version === 1 && facts.policyPointer !== null))
      find('policy', item, `version ${version} of the policy was inserted: no entry of the system chain published it`);
    else if (hash !== item.hash || (known && hash !== known.hash))
      find('policy', item, `version ${version} of the policy is not the one that was published`, known?.sequence);
    else if (known && item.status !== known.status)
      find(
        'policy',
        item,
        `version ${version} of the policy was published as ${known.status}, it says ${item.status}`,
        known.sequence,
      );
  }
  for (const [version, { sequence }] of facts.policies)
    if (!versions.has(version))
      find(
        'policy',
        policyVersionKey(tenant, version),
        `version ${version} of the policy is missing: entry ${sequence} published it`,
        sequence,
      );
  if (facts.policyPointer !== null && !versions.has(1))
    find('policy', policyVersionKey(tenant, 1), 'version 1 of the policy is missing, which the first publication wrote down');
  const pointer = items.find(({ sk }) => sk === policyPointerKey(tenant).sk);
  comparePointer('policy', facts.policyPointer, pointer, policyPointerKey(tenant), find);
};

const hashOfPolicy = (item: Item): string | null => {
  try {
    return policyHash(JSON.parse(String(item.document)));
  } catch {
    return null;
  }
};

const compareModels = async ({ table, facts, find, count }: Comparison): Promise<void> => {
  const items = await itemsOf(table, modelPointerKey.pk);
  const versions = new Map(items.filter(({ sk }) => sk.startsWith('V#')).map((item) => [Number(item.sk.slice(2)), item]));
  for (const [version, item] of versions) {
    count('modelVersions');
    const known = facts.models.get(version);
    const { sha256, status } = manifestOf(item);
    if (!known) find('model', item, `version ${version} of the model was inserted: no entry of the system chain made it`);
    else if (sha256 !== known.sha256 || status !== known.status)
      find('model', item, `version ${version} of the model is not the one that was made`, known.sequence);
  }
  for (const [version, { sequence }] of facts.models)
    if (!versions.has(version))
      find('model', modelVersionKey(version), `version ${version} of the model is missing: entry ${sequence} made it`, sequence);
  const pointer = items.find(({ sk }) => sk === modelPointerKey.sk);
  const said = facts.modelPointer && { version: facts.modelPointer.version, sha256: facts.modelPointer.sha256 };
  comparePointer('model', said, pointer, modelPointerKey, find);
  if (pointer && facts.modelPointer && Number(pointer.moves) < facts.modelPointer.moves)
    find(
      'model',
      modelPointerKey,
      `the pointer to the model has moved ${facts.modelPointer.moves} times, it says ${pointer.moves}`,
    );
};

const manifestOf = (item: Item): { readonly sha256?: unknown; readonly status?: unknown } => {
  try {
    return JSON.parse(String(item.manifest)) as object;
  } catch {
    return {};
  }
};

const comparePointer = (
  kind: 'policy' | 'model',
  said: Readonly<Record<string, unknown>> | null,
  pointer: Item | undefined,
  key: Key,
  find: Find,
): void => {
  if (said === null) {
    if (pointer) find(kind, key, `the pointer to the ${kind} in force was inserted: no entry of the system chain moved it`);
    return;
  }
  if (!pointer) {
    find(kind, key, `the pointer to the ${kind} in force is missing`);
    return;
  }
  const different = Object.keys(said).find((name) => pointer[name] !== said[name]);
  if (different)
    find(
      kind,
      key,
      `the pointer to the ${kind} in force was moved: ${different} is ${pointer[different]}, the system chain says ${said[different]}`,
    );
};

const compareWebhooks = async ({ table, tenant, facts, find, count }: Comparison): Promise<void> => {
  const items = await itemsOf(table, webhookKey(tenant, '').pk);
  const present = new Set<string>();
  for (const item of items) {
    const known = facts.webhooks.get(item.sk);
    present.add(item.sk);
    count('webhooks');
    if (!known) find('webhook', item, `webhook ${item.sk} was inserted: no entry of the system chain added it`);
    else if (item.url !== known.url || !isDeepStrictEqual(item.events, known.events))
      find('webhook', item, `webhook ${item.sk} is not what entry ${known.sequence} added`, known.sequence);
  }
  for (const [endpointId, { sequence }] of facts.webhooks)
    if (!present.has(endpointId))
      find('webhook', webhookKey(tenant, endpointId), `webhook ${endpointId} is missing: entry ${sequence} added it`, sequence);
};
