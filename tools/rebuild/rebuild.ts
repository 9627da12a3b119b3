import { archiveSink } from '../../functions/project/archiveSink.ts';
import { featuresSink } from '../../functions/project/featuresSink.ts';
import { feedSink } from '../../functions/project/feedSink.ts';
import { headsSink } from '../../functions/project/headsSink.ts';
import { lookupsSink } from '../../functions/project/lookupsSink.ts';
import { policyReader } from '../../functions/project/policyReader.ts';
import type { Batch, Failure, Sink } from '../../functions/project/sink.ts';
import { webhooksSink } from '../../functions/project/webhooksSink.ts';
import { dayMs } from '../../shared/domain/durations.ts';
import { lookupDays } from '../../shared/entities/lookup.ts';
import { decisionFromItem, type StoredDecision } from '../../shared/ledger/items.ts';
import { dayOf as utcDay } from '../../shared/parquet/places.ts';
import type { TableStore } from '../../shared/ports/ports.ts';
import { minuteStartMs } from '../../shared/projection/counters.ts';
import { feedRetentionDays } from '../../shared/projection/feed.ts';
import { expireRows, expiresAtS } from '../../shared/proof/hotRows.ts';
import type { Label } from '../../shared/reviews/labels.ts';
import { auditKey, decisionKey, expiryAttribute } from '../../shared/store/names.ts';
import { inParallel } from '../../shared/store/parallel.ts';
import { headOf, withExpiredRow } from './gone.ts';
import { archivedEntries, archivedLines, coveredSequences, decisionLineName, labelLineName } from './known.ts';
import { type Found, type RoundLimits, readRound, roundLimits } from './period.ts';
import { dropPlace, keepPlace, openPlace } from './place.ts';
import { type RebuildDependencies, type RebuildPlan, type RebuildReport, sumOf } from './plan.ts';
import { restorePointers, restoreReviews } from './reviews.ts';
import { restoreUsers } from './users.ts';

/** Items in one object of the archive. */
export const chunkItems = 1_000;
/** Minutes whose feeds are written at the same time: two writers of one minute would only wait for each other. */
export const lanes = 16;
const attemptsMax = 5;
const pauseMs = 500;

export interface Progress {
  readonly report: RebuildReport;
  readonly segmentsDone: number;
  readonly segments: number;
}

/**
 * Restores what is made from the table of everything decided, entered and labelled in a period: reads the table, which holds all of it, and
 * hands it to the same sinks as the stream does. A sink that lacks nothing is left as it is. Keeps its place in the table after every
 * round: cut off anywhere and called again with the same plan, it goes on there. Throws store errors, and an Error that names the sink that
 * kept failing.
 */
export async function rebuild(
  dependencies: RebuildDependencies,
  plan: RebuildPlan,
  onProgress: (progress: Progress) => void = () => undefined,
  limits: RoundLimits = roundLimits,
): Promise<RebuildReport> {
  const { table, clock } = dependencies;
  let place = await openPlace(table, plan, limits.segments, clock.nowMs());
  const restore = await restorerOf(dependencies, plan, place.toMs);
  const isDone = (): boolean => place.segments.every((segment) => segment === 'done');
  while (!isDone()) {
    const found = await readRound(table, place, plan.fromMs, limits);
    const { handed, lost } = await restore(found);
    const { decisions, entries, labels, reviews, itemsRead, unreadable } = found;
    const itemsInPeriod = decisions.length + entries.length + labels.length + reviews.length;
    place = {
      ...place,
      segments: found.segments,
      report: sumOf(place.report, { itemsRead, itemsInPeriod, handed, unreadable, lost }),
    };
    await keepPlace(table, plan, place, clock.nowMs());
    const segmentsDone = place.segments.filter((segment) => segment === 'done').length;
    onProgress({ report: place.report, segmentsDone, segments: place.segments.length });
  }
  await dropPlace(table, plan);
  return place.report;
}

const none: Batch = { decisions: [], entries: [], reviews: [], labels: [] };

/** Of one round: how many items each sink was handed, and what cannot be restored. */
type Restored = Pick<RebuildReport, 'handed' | 'lost'>;

/** Hands what one round found to the sinks of the plan. */
const restorerOf = async (
  dependencies: RebuildDependencies,
  { fromMs, sinks, resendsWebhooks }: RebuildPlan,
  toMs: number,
): Promise<(found: Found) => Promise<Restored>> => {
  const { table, archive, checkpoints, webhookQueue, clock, hotDays } = dependencies;
  const hand = (sink: Sink, batches: readonly Batch[], atOnce = 1): Promise<number> =>
    handed(dependencies, sink, batches, atOnce);
  const steps: Record<string, (found: Found) => Promise<number>> = {};
  const expired = (decisions: readonly StoredDecision[]) => withExpiredRow({ table, nowMs: clock.nowMs(), hotDays }, decisions);
  let lost: string[] = [];

  if (sinks.has('feed')) {
    const sink = feedSink(dependencies);
    steps.feed = (found) => {
      const keptFromMs = clock.nowMs() - feedRetentionDays * dayMs;
      const decisions = found.decisions.filter(({ decision }) => decision.decidedAtMs >= keptFromMs);
      const byMinute = Map.groupBy(decisions, ({ decision }) => (minuteStartMs(decision.decidedAtMs) / 60_000) % lanes);
      return hand(
        sink,
        [...byMinute.values()].map((some) => ({ ...none, decisions: some.map((one, position) => ({ position, ...one })) })),
        lanes,
      );
    };
  }
  if (sinks.has('reviews'))
    steps.reviews = async ({ decisions, reviews }) =>
      (await restoreReviews(dependencies, decisions, { fromMs, toMs })) + (await restorePointers(table, reviews));
  if (sinks.has('archive')) {
    const known = await archivedEntries(archive, fromMs, toMs);
    const sink = archiveSink({ archive, table, hotDays });
    steps.archive = async ({ decisions, entries }) => {
      const expiring = entries.flatMap(({ entry, item }) => {
        const expiry = expiresAtS(entry, hotDays);
        return expiry === null || expiryAttribute in item ? [] : [{ entry, item, expiresAtS: expiry }];
      });
      // A row may go only when the archive says so: what was archived before `hotDays` was set is archived once more.
      const untold = new Set(
        expiring.flatMap(({ entry: { hash }, expiresAtS }) => ((known.get(hash) ?? Infinity) > expiresAtS * 1_000 ? [hash] : [])),
      );
      const missing = entries.filter(({ entry: { hash } }) => !known.has(hash) || untold.has(hash));
      const stored = expiring.filter(({ entry: { hash } }) => known.has(hash) && !untold.has(hash));
      for (const cause of (await expireRows(table, stored)).values()) throw cause;
      const unknown = decisions.filter(({ decision: { hash } }) => !known.has(hash));
      lost.push(
        ...(await expired(unknown)).map(
          ({ chain, decision }) => `entry ${decision.sequence} of chain ${chain}: its row has expired and the archive lacks it`,
        ),
      );
      const days = Map.groupBy(missing, ({ entry }) => String(entry.body.at).slice(0, 10));
      return hand(
        sink,
        [...days.values()]
          .flatMap(chunks)
          .map((some) => ({ ...none, entries: some.map((one, position) => ({ position, ...one })) })),
      );
    };
  }
  if (sinks.has('features')) {
    const known = await archivedLines(archive, fromMs, toMs);
    const sink = featuresSink({ archive });
    steps.features = async (found) => {
      const seen = found.decisions.filter(({ erased, decision: { features } }) => !erased && features !== null);
      const living = await ofLiving(table, found.labels);
      await known.readDays(
        new Set([
          ...seen.map(({ decision }) => utcDay(decision.transaction.occurredAtMs)),
          ...living.map(({ knownAtMs }) => utcDay(knownAtMs)),
        ]),
      );
      const decisions = seen.filter(
        ({ tenant, decision }) => !known.has(decisionLineName(tenant, decision.transaction.transactionId)),
      );
      const labels = living.filter((label) => !known.has(labelLineName(label)));
      const dayOf = (ms: number): number => Math.floor(ms / dayMs);
      const decided = Map.groupBy(decisions, ({ decision }) => dayOf(decision.transaction.occurredAtMs));
      const labelled = Map.groupBy(labels, ({ knownAtMs }) => dayOf(knownAtMs));
      return hand(sink, [
        ...[...decided.values()].flatMap(chunks).map((some) => ({
          ...none,
          decisions: some.map((one, position) => ({ position, ...one })),
        })),
        ...[...labelled.values()].flatMap(chunks).map((some) => ({
          ...none,
          labels: some.map((label, position) => ({ position, label })),
        })),
      ]);
    };
  }
  if (sinks.has('heads')) {
    const covered = await coveredSequences({ table, checkpoints }, fromMs);
    const sink = headsSink({ table });
    steps.heads = async ({ decisions, entries }) => {
      const isOwed = (chain: string, sequence: number): boolean => sequence > (covered.get(chain) ?? 0);
      const gone = await expired(decisions.filter(({ chain, decision }) => isOwed(chain, decision.sequence)));
      const owed = [
        ...entries.filter(({ entry: { body } }) => isOwed(String(body.chain), Number(body.sequence))),
        ...gone.map((one) => ({ entry: headOf(one), item: { ...auditKey(one.chain, one.decision.sequence) } })),
      ];
      return hand(sink, [{ ...none, entries: owed.map((one, position) => ({ position, ...one })) }]);
    };
  }
  if (sinks.has('users')) steps.users = ({ decisions }) => restoreUsers(table, decisions);
  if (sinks.has('lookups')) {
    const sink = lookupsSink({ table, masterSecret: dependencies.masterSecret, policyOf: policyReader(table), isOn: true });
    steps.lookups = (found) => {
      const keptFromMs = clock.nowMs() - lookupDays * dayMs;
      const decisions = found.decisions
        .filter(({ erased, decision }) => !erased && decision.decidedAtMs >= keptFromMs)
        .toSorted((a, b) => a.decision.decidedAtMs - b.decision.decidedAtMs);
      return hand(
        sink,
        chunks(decisions).map((some) => ({ ...none, decisions: some.map((one, position) => ({ position, ...one })) })),
      );
    };
  }
  if (resendsWebhooks) {
    const sink = webhooksSink({ table, queue: webhookQueue, clock });
    steps.webhooks = (found) => {
      const decisions = found.decisions.filter(({ erased }) => !erased);
      return hand(sink, [
        ...chunks(decisions).map((some) => ({ ...none, decisions: some.map((one, position) => ({ position, ...one })) })),
        ...chunks(found.reviews).map((some) => ({ ...none, reviews: some.map((one, position) => ({ position, ...one })) })),
      ]);
    };
  }
  return async (found) => {
    const counts: Record<string, number> = {};
    lost = [];
    for (const [name, step] of Object.entries(steps)) counts[name] = await step(found);
    return { handed: counts, lost };
  };
};

/** Labels of transactions that were not erased: those of the others left the archive with them. */
const ofLiving = async (table: TableStore, labels: readonly Label[]): Promise<readonly Label[]> => {
  const living = await inParallel(labels, lanes, async (label) => {
    const item = await table.get(decisionKey(label.tenant, label.transactionId));
    return item === null || !decisionFromItem(item).erased ? [label] : [];
  });
  return living.flat();
};

const sizeOf = ({ decisions, entries, reviews = [], labels = [] }: Batch): number =>
  decisions.length + entries.length + reviews.length + labels.length;

/** Hands batches to a sink until each is done. Throws an Error that names the sink when one keeps failing. */
const handed = async ({ clock }: RebuildDependencies, sink: Sink, batches: readonly Batch[], atOnce: number): Promise<number> => {
  const owed = batches.filter((batch) => sizeOf(batch) > 0);
  await inParallel(owed, atOnce, async (batch) => {
    let failures: readonly Failure[] = [];
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      if (attempt > 0) await clock.sleep(pauseMs * 2 ** attempt);
      failures = await sink.project(batch);
      if (failures.length === 0) return;
    }
    const { cause } = failures[0]!;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${sink.name}: ${failures.length} of ${sizeOf(batch)} items could not be restored: ${reason}`, { cause });
  });
  return owed.reduce((sum, batch) => sum + sizeOf(batch), 0);
};

const chunks = <Value>(values: readonly Value[]): (readonly Value[])[] =>
  Array.from({ length: Math.ceil(values.length / chunkItems) }, (_, i) => values.slice(i * chunkItems, (i + 1) * chunkItems));
