import { isTenant } from '../contract/ids.ts';
import { appendSystemEvent } from '../ledger/systemChain.ts';
import type { Clock, Item, Randomness, TableStore } from '../ports/ports.ts';
import { receiverKey, webhookKey } from '../store/names.ts';
import { type AddressRules, urlFault } from './address.ts';
import { eventPatterns } from './events.ts';
import { readReceiver } from './receivers.ts';

export interface WebhookEndpoint {
  readonly endpointId: string;
  readonly tenant: string;
  readonly url: string;
  /** Of `eventPatterns`. */
  readonly events: readonly string[];
  /** `whsec_` and 24 random bytes in base64: what each message is signed with. */
  readonly secret: string;
  /** Signs beside it until then, RFC 3339: receivers change over meanwhile. */
  readonly previous?: { readonly secret: string; readonly until: string };
  /** RFC 3339, UTC. */
  readonly createdAt: string;
  readonly createdBy: string;
}

export interface EndpointStore {
  readonly table: TableStore;
  readonly clock: Clock;
  readonly randomness: Randomness;
}

export interface NewEndpoint {
  readonly tenant: string;
  readonly url: string;
  readonly events: readonly string[];
  readonly createdBy: string;
}

/** A tenant may have so many endpoints: each event is sent to every one that subscribed to it. */
export const endpointsMax = 20;
const secretBytes = 24;
const idBytes = 6;

/** Stores an endpoint and an entry about it in the tenant's system chain. Throws a RangeError that names what is not allowed. */
export async function addEndpoint(store: EndpointStore, wanted: NewEndpoint, rules: AddressRules): Promise<WebhookEndpoint> {
  const { tenant, url, events, createdBy } = wanted;
  if (!isTenant(tenant)) throw new RangeError(`tenant must be 1-32 of a-z 0-9 -; given ${JSON.stringify(tenant)}`);
  const fault = urlFault(url, rules);
  if (fault !== null) throw new RangeError(fault);
  const unknown = events.filter((pattern) => !eventPatterns.includes(pattern));
  if (events.length === 0 || unknown.length > 0) {
    throw new RangeError(`events must be some of ${eventPatterns.join(', ')}; given ${JSON.stringify(events)}`);
  }
  if ((await listEndpoints(store.table, tenant)).length >= endpointsMax) {
    throw new RangeError(`tenant ${tenant} has ${endpointsMax} webhooks, which is as many as it may have`);
  }
  const atMs = store.clock.nowMs();
  const endpoint: WebhookEndpoint = {
    endpointId: `wh_${Buffer.from(store.randomness.bytes(idBytes)).toString('hex')}`,
    tenant,
    url,
    events: [...new Set(events)],
    secret: newSecret(store),
    createdAt: new Date(atMs).toISOString(),
    createdBy,
  };
  const { endpointId } = endpoint;
  await appendSystemEvent(
    store.table,
    tenant,
    { event: 'WEBHOOK_ADDED', by: createdBy, atMs, details: { endpointId, url, events: endpoint.events } },
    [{ kind: 'put', item: { ...webhookKey(tenant, endpointId), ...endpoint }, condition: { kind: 'absent' } }],
  );
  return endpoint;
}

const newSecret = ({ randomness }: EndpointStore): string =>
  `whsec_${Buffer.from(randomness.bytes(secretBytes)).toString('base64')}`;

/**
 * Gives an endpoint a new secret, noted in the tenant's system chain; the old one signs beside it for `overlapMs`. Returns the endpoint, null
 * when the tenant has none such. Throws TransactionCancelled when somebody else has changed it meanwhile.
 */
export async function rotateSecret(
  store: EndpointStore,
  tenant: string,
  { endpointId, by, overlapMs }: { readonly endpointId: string; readonly by: string; readonly overlapMs: number },
): Promise<WebhookEndpoint | null> {
  const before = await readEndpoint(store.table, tenant, endpointId);
  if (before === null) return null;
  const atMs = store.clock.nowMs();
  const previous = { secret: before.secret, until: new Date(atMs + overlapMs).toISOString() };
  const endpoint = { ...before, secret: newSecret(store), previous };
  await appendSystemEvent(
    store.table,
    tenant,
    { event: 'WEBHOOK_ROTATED', by, atMs, details: { endpointId, previousUntil: previous.until } },
    [
      {
        kind: 'put',
        item: { ...webhookKey(tenant, endpointId), ...endpoint },
        condition: { kind: 'equals', attribute: 'secret', value: before.secret },
      },
    ],
  );
  return endpoint;
}

/** The secrets that sign a message now, the newest first. */
export const signingSecrets = ({ secret, previous }: WebhookEndpoint, nowMs: number): readonly string[] =>
  previous !== undefined && nowMs < Date.parse(previous.until) ? [secret, previous.secret] : [secret];

/** Removes an endpoint; returns false when the tenant has no such endpoint. Messages stop once the senders' caches have expired. */
export async function removeEndpoint(store: EndpointStore, tenant: string, endpointId: string, by: string): Promise<boolean> {
  const key = webhookKey(tenant, endpointId);
  if ((await store.table.get(key, { consistent: true })) === null) return false;
  await appendSystemEvent(
    store.table,
    tenant,
    { event: 'WEBHOOK_REMOVED', by, atMs: store.clock.nowMs(), details: { endpointId } },
    [
      { kind: 'delete', key, condition: { kind: 'present' } },
      { kind: 'delete', key: receiverKey(tenant, endpointId) },
    ],
  );
  return true;
}

/** Sends again to an endpoint that was disabled, noted in the tenant's system chain. False when it was not disabled. */
export async function enableEndpoint(store: EndpointStore, tenant: string, endpointId: string, by: string): Promise<boolean> {
  const state = await readReceiver(store.table, tenant, endpointId);
  if (state === null || state.disabledAtMs === 0) return false;
  await appendSystemEvent(
    store.table,
    tenant,
    { event: 'WEBHOOK_ENABLED', by, atMs: store.clock.nowMs(), details: { endpointId } },
    [{ kind: 'delete', key: receiverKey(tenant, endpointId), condition: { kind: 'present' } }],
  );
  return true;
}

/** Returns a tenant's endpoints, oldest first. */
export async function listEndpoints(table: TableStore, tenant: string): Promise<readonly WebhookEndpoint[]> {
  const { pk } = webhookKey(tenant, '');
  const { items } = await table.query({ pk, limit: 2 * endpointsMax, consistent: true });
  return items.map(endpointFromItem).sort((a, b) => (a.createdAt < b.createdAt ? -1 : a.createdAt > b.createdAt ? 1 : 0));
}

export async function readEndpoint(table: TableStore, tenant: string, endpointId: string): Promise<WebhookEndpoint | null> {
  const item = await table.get(webhookKey(tenant, endpointId), { consistent: true });
  return item === null ? null : endpointFromItem(item);
}

function endpointFromItem(item: Item): WebhookEndpoint {
  const { endpointId, tenant, url, events, secret, previous, createdAt, createdBy } = item as unknown as WebhookEndpoint;
  return { endpointId, tenant, url, events, secret, ...(previous && { previous }), createdAt, createdBy };
}
