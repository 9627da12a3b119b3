import type { Clock, Queue, TableStore } from '../../shared/ports/ports.ts';
import { cache } from '../../shared/store/cache.ts';
import { listEndpoints, type WebhookEndpoint } from '../../shared/webhooks/endpoints.ts';
import { decisionEvent, isWanted, messageBody, reviewEvent } from '../../shared/webhooks/events.ts';
import type { Failure, Sink } from './project.ts';

export interface WebhooksSinkDependencies {
  readonly table: TableStore;
  /** To the delivery function. */
  readonly queue: Queue;
  readonly clock: Clock;
}

/** A new endpoint gets the events that are projected this long after it was added, or later. */
const endpointsCacheMs = 5_000;
const cachedTenants = 1_000;

/**
 * Queues a message for every endpoint that wants an event of the batch. A record comes here again only when this sink failed, or when the
 * function died before it could note what was done: its event is then queued again under the same message id, by which a receiver knows
 * repeats.
 */
export const webhooksSink = ({ table, queue, clock }: WebhooksSinkDependencies): Sink => {
  const cached = cache<readonly WebhookEndpoint[]>({ max: cachedTenants, ttlMs: endpointsCacheMs });
  const endpointsOf = (tenant: string): Promise<readonly WebhookEndpoint[]> =>
    cached.get(tenant, clock.nowMs(), () => listEndpoints(table, tenant));

  return {
    name: 'webhooks',
    async project({ decisions, reviews = [] }) {
      const events = [
        ...decisions.map(({ position, tenant, decision }) => ({ position, event: decisionEvent(tenant, decision) })),
        ...reviews.map(({ position, tenant, review }) => ({ position, event: reviewEvent(tenant, review) })),
      ];
      const failures: Failure[] = [];
      const toSend: { readonly position: number; readonly body: string }[] = [];
      for (const [tenant, ofTenant] of Map.groupBy(events, ({ event }) => event.tenant)) {
        try {
          const endpoints = await endpointsOf(tenant);
          for (const { position, event } of ofTenant) {
            for (const endpoint of endpoints) {
              if (isWanted(endpoint.events, event.type)) toSend.push({ position, body: messageBody(endpoint, event) });
            }
          }
        } catch (cause) {
          failures.push(...ofTenant.map(({ position }) => ({ position, cause })));
        }
      }
      if (toSend.length === 0) return failures;
      const results = await queue.send(toSend.map(({ body }) => ({ body, attributes: {} })));
      for (const [i, result] of results.entries()) {
        if (!result.sent)
          failures.push({ position: toSend[i]!.position, cause: new Error(`webhook not queued: ${result.cause}`) });
      }
      return failures;
    },
  };
};
