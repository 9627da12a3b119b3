import { dayMs } from '../../shared/domain/durations.ts';
import { decisionFromItem } from '../../shared/ledger/items.ts';
import type { Clock, Item, Queue, TableStore } from '../../shared/ports/ports.ts';
import { type Feed, feedDayKey, feedRetentionDays, pageEntries, slotMs, slotStartMs } from '../../shared/projection/feed.ts';
import { type Review, reviewFromItem } from '../../shared/reviews/review.ts';
import { decisionKey, expiryAttribute, rebuildKey, reviewKey } from '../../shared/store/names.ts';
import { readEndpoint, type WebhookEndpoint } from '../../shared/webhooks/endpoints.ts';
import { decisionEvent, isWanted, messageBody, reviewEvent, type WebhookEvent } from '../../shared/webhooks/events.ts';

export interface ResendPlan {
  readonly tenant: string;
  readonly endpointId: string;
  /** Epoch milliseconds, inclusive. */
  readonly fromMs: number;
  /** Exclusive; null: up to the moment at which the replay began. */
  readonly toMs: number | null;
}

export interface ResendDependencies {
  readonly table: TableStore;
  /** To the delivery function. */
  readonly webhookQueue: Queue;
  readonly clock: Clock;
}

export interface ResendReport {
  /** Events queued so far, in all calls of this plan. */
  readonly events: number;
  /** False when this call has queued as many as one may: the next goes on. */
  readonly isDone: boolean;
}

export interface ResendLimits {
  /** Events of one call. */
  readonly eventsMax: number;
  /** Feed pages or reviews that are read at a time; the place is kept after each of these. */
  readonly pageItems: number;
}

export const resendLimits: ResendLimits = { eventsMax: 100_000, pageItems: 50 };

/** A review that was closed in the period is found when it was opened at most so long before. */
export const openDaysMax = 30;
const keysPerRead = 100;
const attemptsMax = 5;
const pauseMs = 500;
const keptMs = 30 * dayMs;
const formatVersion = 1;

/** A partition that holds events, and what of it. */
interface Part {
  readonly pk: string;
  readonly from: string;
  readonly to: string;
  readonly eventsOf: (items: readonly Item[]) => Promise<readonly WebhookEvent[]>;
}

interface Place {
  readonly toMs: number;
  readonly part: number;
  readonly after: string | null;
  readonly events: number;
}

/**
 * Queues the events of a period for one endpoint once more, under the ids that they have had: decisions by the feed, reviews as they stand now.
 * Keeps its place after every page: cut off and called again with the same plan, it goes on there and repeats a page at most. Erased payments
 * and reviews are left out. Throws store errors, a RangeError for what is not allowed, and an Error when the queue keeps refusing.
 */
export const resend = async (
  dependencies: ResendDependencies,
  plan: ResendPlan,
  onProgress: (report: ResendReport) => void = () => undefined,
  limits: ResendLimits = resendLimits,
): Promise<ResendReport> => {
  const { table, clock } = dependencies;
  const nowMs = clock.nowMs();
  const keptFromMs = nowMs - feedRetentionDays * dayMs;
  if (plan.fromMs < keptFromMs)
    throw new RangeError(
      `from is ${new Date(plan.fromMs).toISOString()}; allowed: from ${new Date(keptFromMs).toISOString()} on, for which the feeds are kept`,
    );
  const endpoint = await readEndpoint(table, plan.tenant, plan.endpointId);
  if (endpoint === null) throw new RangeError(`tenant ${plan.tenant} has no webhook ${plan.endpointId}`);
  const key = rebuildKey(nameOf(plan));
  let place = placeOf(await table.get(key, { consistent: true })) ?? {
    toMs: plan.toMs ?? nowMs,
    part: 0,
    after: null,
    events: 0,
  };
  const before = place.events;
  const parts = partsOf(table, endpoint, plan.fromMs, place.toMs);
  while (place.part < parts.length) {
    const { pk, from, to, eventsOf } = parts[place.part]!;
    const page = await table.query({
      pk,
      from,
      to,
      limit: limits.pageItems,
      consistent: true,
      ...(place.after !== null && { after: place.after }),
    });
    const events = await eventsOf(page.items);
    await queue(
      dependencies,
      events.map((event) => messageBody(endpoint, event)),
    );
    const next = page.after === undefined ? { part: place.part + 1, after: null } : { part: place.part, after: page.after };
    place = { ...place, ...next, events: place.events + events.length };
    const expiry = { [expiryAttribute]: Math.ceil((nowMs + keptMs) / 1_000) };
    await table.put({ ...key, v: formatVersion, place: JSON.stringify(place), ...expiry });
    const report = { events: place.events, isDone: place.part === parts.length };
    onProgress(report);
    if (!report.isDone && place.events - before >= limits.eventsMax) return report;
  }
  // The next replay of the same plan begins anew.
  await table.delete(key);
  return { events: place.events, isDone: true };
};

const nameOf = ({ tenant, endpointId, fromMs, toMs }: ResendPlan): string =>
  ['webhooks', tenant, endpointId, new Date(fromMs).toISOString(), toMs === null ? 'now' : new Date(toMs).toISOString()].join(
    ' ',
  );

const placeOf = (item: Item | null): Place | null =>
  item?.v === formatVersion ? (JSON.parse(String(item.place)) as Place) : null;

/** Where the events lie that the endpoint wants, the oldest decisions first. */
const partsOf = (table: TableStore, endpoint: WebhookEndpoint, fromMs: number, toMs: number): readonly Part[] => {
  const { tenant, events: patterns } = endpoint;
  const isInPeriod = (ms: number): boolean => ms >= fromMs && ms < toMs;
  const wantsAllow = isWanted(patterns, 'decision.allow');
  const wantsOthers = isWanted(patterns, 'decision.review') || isWanted(patterns, 'decision.block');
  // Every decision but an ALLOW is flagged.
  const feed: Feed = wantsAllow ? 'all' : 'flagged';
  const decisionsOf = async (pages: readonly Item[]): Promise<readonly WebhookEvent[]> => {
    const ids = pages
      .flatMap(pageEntries)
      .filter(({ decidedAtMs, transaction }) => isInPeriod(decidedAtMs) && transaction.accountId !== '')
      .map(({ transaction }) => transaction.transactionId);
    const found: WebhookEvent[] = [];
    for (let at = 0; at < ids.length; at += keysPerRead) {
      const items = await table.getMany(ids.slice(at, at + keysPerRead).map((id) => decisionKey(tenant, id)));
      for (const item of items) {
        const stored = item === null ? null : decisionFromItem(item);
        if (stored !== null && !stored.erased) found.push(decisionEvent(tenant, stored.decision));
      }
    }
    return found.filter(({ type }) => isWanted(patterns, type));
  };
  const reviewsOf = async (items: readonly Item[]): Promise<readonly WebhookEvent[]> =>
    items
      .map(reviewFromItem)
      .filter(({ accountId }) => accountId !== '')
      .flatMap((review) => eventsOfReview(tenant, review, isInPeriod))
      .filter(({ type }) => isWanted(patterns, type));

  const parts: Part[] = [];
  if (wantsAllow || wantsOthers) {
    for (let ms = Date.parse(new Date(fromMs).toISOString().slice(0, 10)); ms < toMs; ms += dayMs) {
      // A page lies within one slot, by its newest entry.
      const [from, to] = [new Date(fromMs).toISOString(), new Date(slotStartMs(toMs) + slotMs).toISOString()];
      parts.push({ pk: feedDayKey(tenant, feed, ms), from, to, eventsOf: decisionsOf });
    }
  }
  if (isWanted(patterns, 'review.opened') || isWanted(patterns, 'review.closed')) {
    for (const state of ['open', 'closed'] as const) {
      const from = new Date(fromMs - openDaysMax * dayMs).toISOString();
      parts.push({ pk: reviewKey(tenant, state, '').pk, from, to: new Date(toMs).toISOString(), eventsOf: reviewsOf });
    }
  }
  return parts;
};

const eventsOfReview = (tenant: string, review: Review, isInPeriod: (ms: number) => boolean): readonly WebhookEvent[] => [
  ...(isInPeriod(review.openedAtMs) ? [reviewEvent(tenant, { ...review, state: 'open', closed: null })] : []),
  ...(review.closed !== null && isInPeriod(review.closed.atMs) ? [reviewEvent(tenant, review)] : []),
];

/** Queues all of them; those that the queue refuses once more. */
const queue = async ({ webhookQueue, clock }: ResendDependencies, bodies: readonly string[]): Promise<void> => {
  let owed = bodies;
  let cause = '';
  for (let attempt = 0; attempt < attemptsMax && owed.length > 0; attempt += 1) {
    if (attempt > 0) await clock.sleep(pauseMs * 2 ** attempt);
    const results = await webhookQueue.send(owed.map((body) => ({ body, attributes: {} })));
    const left: string[] = [];
    for (const [i, result] of results.entries()) {
      if (result.sent) continue;
      cause = result.cause;
      left.push(owed[i]!);
    }
    owed = left;
  }
  if (owed.length > 0) throw new Error(`${owed.length} of ${bodies.length} events were not queued: ${cause}`);
};
