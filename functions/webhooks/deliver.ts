import { Webhook } from 'standardwebhooks';
import type { Clock, Randomness, TableStore } from '../../shared/ports/ports.ts';
import { readEndpoint } from '../../shared/webhooks/endpoints.ts';
import { parseMessage } from '../../shared/webhooks/events.ts';
import type { Breaker } from './breaker.ts';
import type { Post } from './post.ts';

export interface DeliverDependencies {
  readonly table: TableStore;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly post: Post;
  /** Keeps receivers that hang from holding up the others. */
  readonly breaker?: Breaker;
}

export type Delivered =
  /** The receiver answered 2xx. */
  | { readonly kind: 'delivered' }
  /** Its endpoint was removed: nothing is to be sent. */
  | { readonly kind: 'dropped' }
  | { readonly kind: 'failed'; readonly cause: string };

/**
 * Sends one message from the queue by the Standard Webhooks convention: `webhook-id`, `webhook-timestamp` (now, seconds) and
 * `webhook-signature` (HMAC-SHA-256 of id, timestamp and body). Throws store errors and nothing else.
 */
export async function deliver({ table, clock, post, breaker }: DeliverDependencies, queued: string): Promise<Delivered> {
  const message = parseMessage(queued);
  if (message === null) return { kind: 'failed', cause: 'not a webhook message' };
  const endpoint = await readEndpoint(table, message.tenant, message.endpointId);
  if (endpoint === null) return { kind: 'dropped' };
  const { messageId, payload } = message;
  const now = new Date(clock.nowMs());
  const { endpointId } = endpoint;
  if (breaker?.allows(endpointId, now.getTime()) === false)
    return { kind: 'failed', cause: 'not tried: its receiver was silent' };
  const tell = (taken: boolean): void => {
    const nowMs = clock.nowMs();
    breaker?.tell(endpointId, nowMs, { tookMs: nowMs - now.getTime(), taken });
  };
  try {
    const status = await post({
      url: endpoint.url,
      headers: {
        'content-type': 'application/json',
        'user-agent': 'Aegis-Webhooks',
        'webhook-id': messageId,
        'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
        'webhook-signature': new Webhook(endpoint.secret).sign(messageId, now, payload),
      },
      body: payload,
    });
    const taken = status >= 200 && status < 300;
    tell(taken);
    return taken ? { kind: 'delivered' } : { kind: 'failed', cause: `answered ${status}` };
  } catch (error) {
    tell(false);
    return { kind: 'failed', cause: error instanceof Error ? error.message : String(error) };
  }
}

/** Seconds after each try; a queue hides a message for 12 h at most. */
const pausesSeconds = [5, 60, 300, 1_800, 7_200, 18_000, 36_000] as const;

/** How long to wait after the given number of tries: growing, by up to a fifth at random so that many do not come back together. */
export function pauseSeconds(tries: number, randomness: { fraction(): number }): number {
  const pause = pausesSeconds[Math.min(Math.max(tries, 1), pausesSeconds.length) - 1]!;
  return Math.round(pause * (1 + randomness.fraction() / 5));
}
