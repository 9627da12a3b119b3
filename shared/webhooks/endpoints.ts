import { isTenant } from '../contract/ids.ts';
import { appendSystemEvent } from '../ledger/systemChain.ts';
import type { Clock, Item, Randomness, TableStore } from '../ports/ports.ts';
import { webhookKey } from '../store/names.ts';
import { type AddressRules, urlFault } from './address.ts';
import { eventPatterns } from './events.ts';

export interface WebhookEndpoint {
  readonly endpointId: string;
  readonly tenant: string;
  readonly url: string;
  /** Of `eventPatterns`. */
  readonly events: readonly string[];
  /** `whsec_` and 24 random bytes in base64: what each message is signed with. */
  readonly secret: string;
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
    secret: `whsec_${Buffer.from(store.randomness.bytes(secretBytes)).toString('base64')}`,
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

/** Removes an endpoint; returns false when the tenant has no such endpoint. Messages stop once the senders' caches have expired. */
export async function removeEndpoint(store: EndpointStore, tenant: string, endpointId: string, by: string): Promise<boolean> {
  const key = webhookKey(tenant, endpointId);
  if ((await store.table.get(key, { consistent: true })) === null) return false;
  await appendSystemEvent(
    store.table,
    tenant,
    { event: 'WEBHOOK_REMOVED', by, atMs: store.clock.nowMs(), details: { endpointId } },
    [{ kind: 'delete', key, condition: { kind: 'present' } }],
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
  const { endpointId, tenant, url, events, secret, createdAt, createdBy } = item as unknown as WebhookEndpoint;
  return { endpointId, tenant, url, events, secret, createdAt, createdBy };
}
