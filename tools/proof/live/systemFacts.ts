import { dayMs } from '../../../shared/domain/durations.ts';
import type { SystemEntry } from '../../../shared/ledger/systemChain.ts';
import { canonicalText, sha256Hex } from '../../../shared/proof/canonical.ts';

/** What a tenant's system chain says that the table must hold. */
export interface SystemFacts {
  /** By id of the key. */
  readonly keys: ReadonlyMap<string, KeyFacts>;
  /** By list. */
  readonly lists: ReadonlyMap<string, ListFacts>;
  /** By version. */
  readonly policies: ReadonlyMap<number, { readonly hash: string; readonly status: string; readonly sequence: number }>;
  readonly policyPointer: { readonly active: number; readonly latest: number } | null;
  /** By version. */
  readonly models: ReadonlyMap<number, { readonly sha256: string; readonly status: string; readonly sequence: number }>;
  readonly modelPointer: { readonly version: number; readonly sha256: string; readonly moves: number } | null;
  /** By id of the endpoint. */
  readonly webhooks: ReadonlyMap<string, { readonly url: string; readonly events: readonly string[]; readonly sequence: number }>;
  /** Entries whose personal inputs are not the ones they were made with, or gone. */
  readonly unread: readonly { readonly sequence: number; readonly isChanged: boolean }[];
}

export interface KeyFacts {
  readonly scopes: readonly string[];
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
  readonly by: string;
  /** The last entry that speaks of it. */
  readonly sequence: number;
}

export interface ListFacts {
  /** By entry. */
  readonly entries: ReadonlyMap<string, { readonly expiresAtMs: number | null; readonly by: string; readonly sequence: number }>;
  readonly changes: number;
  /** Expired entries that made room for others: which, the audit does not say. */
  readonly purged: number;
  /** After this time an expired entry may have made room for another. */
  readonly lastPurgeMs: number;
  /** False when an entry's inputs cannot be read: then nothing is known of the list. */
  readonly isWhole: boolean;
}

/** An expired list entry is kept so long: payments come late. */
export const keptAfterExpiryMs = 2 * dayMs;

/** Folds the entries of a system chain, in order from the first. */
export function systemFacts(entries: readonly SystemEntry[]): SystemFacts {
  const keys = new Map<string, KeyFacts>();
  const lists = new Map<string, MutableList>();
  const policies = new Map<number, { hash: string; status: string; sequence: number }>();
  const models = new Map<number, { sha256: string; status: string; sequence: number }>();
  const webhooks = new Map<string, { url: string; events: readonly string[]; sequence: number }>();
  const unread: { sequence: number; isChanged: boolean }[] = [];
  let policyPointer = null as SystemFacts['policyPointer'];
  let modelPointer = null as SystemFacts['modelPointer'];
  for (const entry of entries) {
    const body = entry.body as Readonly<Record<string, unknown>>;
    const sequence = Number(body.sequence);
    const keyId = String(body.keyId);
    const version = Number(body.version);
    const sha256 = String(body.sha256);
    const facts = {
      scopes: body.scopes as readonly string[],
      expiresAt: (body.expiresAt ?? null) as string | null,
      revokedAt: null,
      by: String(body.by),
      sequence,
    };
    switch (body.event) {
      case 'KEY_CREATED':
        keys.set(keyId, facts);
        break;
      case 'KEY_REVOKED': {
        const known = keys.get(keyId);
        if (known) keys.set(keyId, { ...known, revokedAt: String(body.at), sequence });
        break;
      }
      case 'KEY_ROTATED': {
        const known = keys.get(String(body.replaces));
        if (known) keys.set(String(body.replaces), { ...known, expiresAt: String(body.endsAt), sequence });
        keys.set(keyId, facts);
        break;
      }
      case 'LIST_CHANGED':
        changeList(lists, entry, unread);
        break;
      case 'POLICY_PUBLISHED':
        policies.set(version, { hash: String(body.policyHash), status: String(body.status), sequence });
        policyPointer = { active: body.status === 'active' ? version : (policyPointer?.active ?? 1), latest: version };
        break;
      case 'MODEL_PUBLISHED':
      case 'MODEL_CANDIDATE':
        models.set(version, { sha256, status: body.event === 'MODEL_PUBLISHED' ? 'published' : 'candidate', sequence });
        if (body.event === 'MODEL_PUBLISHED') modelPointer = { version, sha256, moves: (modelPointer?.moves ?? 0) + 1 };
        break;
      case 'MODEL_ACTIVATED':
        modelPointer = { version, sha256, moves: (modelPointer?.moves ?? 0) + 1 };
        break;
      case 'WEBHOOK_ADDED':
        webhooks.set(String(body.endpointId), { url: String(body.url), events: body.events as readonly string[], sequence });
        break;
      case 'WEBHOOK_REMOVED':
        webhooks.delete(String(body.endpointId));
        break;
      default:
    }
  }
  return { keys, lists, policies, policyPointer, models, modelPointer, webhooks, unread };
}

interface MutableList {
  readonly entries: Map<string, { expiresAtMs: number | null; by: string; sequence: number }>;
  changes: number;
  purged: number;
  lastPurgeMs: number;
  isWhole: boolean;
}

const changeList = (
  lists: Map<string, MutableList>,
  { body, inputs }: SystemEntry,
  unread: { sequence: number; isChanged: boolean }[],
): void => {
  const name = String(body.list);
  const list = lists.get(name) ?? { entries: new Map(), changes: 0, purged: 0, lastPurgeMs: 0, isWhole: true };
  lists.set(name, list);
  list.changes += 1;
  list.purged += Number(body.expiredEntriesRemoved);
  if (Number(body.expiredEntriesRemoved) > 0) list.lastPurgeMs = Date.parse(String(body.at));
  const sequence = Number(body.sequence);
  const isOwn = inputs !== null && sha256Hex(canonicalText(inputs)) === body.inputsHash;
  if (!isOwn) {
    unread.push({ sequence, isChanged: inputs !== null });
    list.isWhole = false;
    return;
  }
  const entry = String(inputs.entry);
  if (body.action === 'delete') list.entries.delete(entry);
  else {
    const expiresAtMs = body.expiresAt === null ? null : Date.parse(String(body.expiresAt));
    list.entries.set(entry, { expiresAtMs, by: String(body.by), sequence });
  }
};
