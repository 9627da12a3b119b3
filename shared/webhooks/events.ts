import { createHash } from 'node:crypto';
import { renderDecisionItem } from '../contract/render.ts';
import type { Decision } from '../domain/decision.ts';
import { formatInstant } from '../domain/time.ts';
import { renderReview } from '../reviews/render.ts';
import type { Review } from '../reviews/review.ts';

/** The types of events that webhooks send. */
export const eventTypes = ['decision.allow', 'decision.review', 'decision.block', 'review.opened', 'review.closed'] as const;
export type EventType = (typeof eventTypes)[number];

/** What an endpoint may subscribe to: one type, all types of a kind, or everything. */
export const eventPatterns: readonly string[] = ['*', 'decision.*', 'review.*', ...eventTypes];

export const isWanted = (patterns: readonly string[], type: EventType): boolean =>
  patterns.some((pattern) => pattern === '*' || pattern === type || pattern === `${type.split('.')[0]}.*`);

export interface WebhookEvent {
  readonly tenant: string;
  readonly type: EventType;
  /** What the event is about. There is only one event of a type about a subject. */
  readonly subject: string;
  /** The JSON text that is sent: `{ type, timestamp, data }`. */
  readonly payload: string;
}

export const decisionEvent = (tenant: string, decision: Decision): WebhookEvent => {
  const type = `decision.${decision.outcome.toLowerCase()}` as EventType;
  return event(tenant, type, decision.transaction.transactionId, decision.decidedAtMs, renderDecisionItem(decision));
};

export const reviewEvent = (tenant: string, review: Review): WebhookEvent =>
  event(
    tenant,
    review.closed === null ? 'review.opened' : 'review.closed',
    review.reviewId,
    review.closed?.atMs ?? review.openedAtMs,
    renderReview(review, review.closed?.atMs ?? review.openedAtMs),
  );

const event = (tenant: string, type: EventType, subject: string, atMs: number, data: object): WebhookEvent => ({
  tenant,
  type,
  subject,
  payload: JSON.stringify({ type, timestamp: formatInstant(atMs), data }),
});

/** The `webhook-id`: the same however often the event is sent to an endpoint, so that a receiver can tell repeats. */
export const messageIdOf = (endpointId: string, { tenant, type, subject }: WebhookEvent): string =>
  `msg_${createHash('sha256')
    .update(JSON.stringify([tenant, endpointId, type, subject]))
    .digest('hex')
    .slice(0, 32)}`;

/** An event for one endpoint, as the queue holds it. */
export interface WebhookMessage {
  readonly tenant: string;
  readonly endpointId: string;
  readonly messageId: string;
  readonly type: EventType;
  readonly payload: string;
}

/** What stands on the queue for an event on its way to an endpoint. */
export const messageBody = (
  { tenant, endpointId }: { readonly tenant: string; readonly endpointId: string },
  event: WebhookEvent,
): string => {
  const { type, payload } = event;
  const message: WebhookMessage = { tenant, endpointId, messageId: messageIdOf(endpointId, event), type, payload };
  return JSON.stringify(message);
};

/** Returns the message in the body of a queue message; null when it holds none. */
export function parseMessage(body: string): WebhookMessage | null {
  try {
    const message = JSON.parse(body) as WebhookMessage;
    const { tenant, endpointId, messageId, payload } = message;
    return [tenant, endpointId, messageId, payload].every((text) => typeof text === 'string' && text !== '') ? message : null;
  } catch {
    return null;
  }
}
