import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import {
  type Attribute,
  type Item,
  OutcomeUnknown,
  type TableStore,
  Throttled,
  TransactionCancelled,
  type Write,
} from '../ports/ports.ts';
import { auditKey, systemChain } from '../store/names.ts';

/** How often an entry is tried again at the chain's new head before the caller is told. */
const appendAttempts = 8;

const firstPreviousHash = '0'.repeat(64);

type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [name: string]: JsonValue };

export interface SystemEvent {
  /** What happened, e.g. POLICY_PUBLISHED. */
  readonly event: string;
  /** Who did it: the id of an API key, or `system`. */
  readonly by: string;
  readonly atMs: number;
  /** Facts that stay for ever, in the hashed body. Nothing personal. */
  readonly details: Readonly<Record<string, JsonValue>>;
  /** Personal facts: only their salted hash is in the body, so that they can be erased and the chain still verifies. */
  readonly inputs?: { readonly values: Readonly<Record<string, JsonValue>>; readonly salt: Uint8Array };
}

export interface SystemEntry {
  readonly body: Readonly<Record<string, JsonValue>>;
  /** Lower-case hex SHA-256 of the RFC 8785 form of `body`. */
  readonly hash: string;
  /** Null once erased. */
  readonly inputs: Readonly<Record<string, JsonValue>> | null;
}

/**
 * Appends one entry to a tenant's system chain, together with the writes that it records: all of it happens or nothing.
 * Throws TransactionCancelled with the reasons of `writes` alone, in their order, when one of their conditions fails; Throttled when
 * others kept it from its turn; OutcomeUnknown when the reply was lost and nothing shows that the entry was written.
 */
export const appendSystemEvent = async (
  table: TableStore,
  tenant: string,
  event: SystemEvent,
  writes: readonly Write[] = [],
): Promise<SystemEntry> => {
  for (let attempt = 1; ; attempt++) {
    const head = await newestSystemEntry(table, tenant);
    const { item, entry } = nextEntry(tenant, head, event);
    try {
      await table.transact([{ kind: 'put', item, condition: { kind: 'absent' } }, ...writes]);
      return entry;
    } catch (error) {
      if (error instanceof OutcomeUnknown) {
        const stored = await table.get({ pk: item.pk, sk: item.sk }, { consistent: true });
        if (stored?.hash === entry.hash) return entry;
        if (stored === null || attempt === appendAttempts) throw error;
        continue;
      }
      if (!(error instanceof TransactionCancelled)) throw error;
      const [own, ...others] = error.reasons;
      if (others.some((reason) => reason.code === 'ConditionalCheckFailed')) throw new TransactionCancelled(others);
      if (own?.code === 'Throttled' || others.some((reason) => reason.code === 'Throttled')) {
        throw new Throttled('the system chain is throttled', { cause: error });
      }
      if (attempt === appendAttempts) throw new Throttled('the system chain is busy', { cause: error });
    }
  }
};

/** At most `limit` entries of a tenant's system chain, oldest first, from a sequence on; fewer only at the end. */
export const readSystemChain = async (
  table: TableStore,
  tenant: string,
  fromSequence: number,
  limit: number,
): Promise<readonly SystemEntry[]> => {
  const { pk, sk: from } = auditKey(systemChain(tenant), fromSequence);
  const entries: SystemEntry[] = [];
  let after: string | undefined;
  for (let page = 0; page < limit && entries.length < limit; page++) {
    const left = limit - entries.length;
    const found = await table.query({ pk, from, limit: left, consistent: true, ...(after !== undefined && { after }) });
    entries.push(...found.items.map(entryOf));
    after = found.after;
    if (after === undefined) break;
  }
  return entries;
};

/** The newest entry as stored, or null for an empty chain. */
const newestSystemEntry = async (table: TableStore, tenant: string): Promise<SystemEntry | null> => {
  const { pk } = auditKey(systemChain(tenant), 1);
  const page = await table.query({ pk, descending: true, limit: 1, consistent: true });
  const item = page.items[0];
  return item === undefined ? null : entryOf(item);
};

const nextEntry = (tenant: string, head: SystemEntry | null, event: SystemEvent): { item: Item; entry: SystemEntry } => {
  const chain = systemChain(tenant);
  const sequence = head === null ? 1 : Number(head.body.sequence) + 1;
  const inputs = event.inputs && { ...event.inputs.values, salt: Buffer.from(event.inputs.salt).toString('hex') };
  const body = {
    ...event.details,
    chain,
    sequence,
    previousHash: head?.hash ?? firstPreviousHash,
    event: event.event,
    at: new Date(event.atMs).toISOString(),
    by: event.by,
    inputsHash: inputs === undefined ? null : sha256(canonical(inputs)),
  };
  const text = canonical(body);
  const hash = sha256(text);
  const stored: Record<string, Attribute> = inputs === undefined ? {} : { inputs: canonical(inputs) };
  return { item: { ...auditKey(chain, sequence), body: text, hash, ...stored }, entry: { body, hash, inputs: inputs ?? {} } };
};

const entryOf = (item: Item): SystemEntry => {
  const body = JSON.parse(String(item.body)) as Record<string, JsonValue>;
  const inputs = typeof item.inputs === 'string' ? (JSON.parse(item.inputs) as Record<string, JsonValue>) : null;
  return { body, hash: String(item.hash), inputs: inputs ?? (body.inputsHash === null ? {} : null) };
};

const canonical = (value: unknown): string => {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('the value has no canonical form');
  return text;
};

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
