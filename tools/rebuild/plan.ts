import type { Clock, ObjectStore, Queue, Randomness, TableStore } from '../../shared/ports/ports.ts';
import type { HotDays } from '../../shared/proof/hotRows.ts';
import type { MasterSecret } from '../../shared/secrets/masterSecret.ts';

/** What is made from the table and can be made again. Minute counters belong to the feed: both are written in one transaction. */
export const rebuildSinks = ['feed', 'reviews', 'archive', 'features', 'heads', 'users', 'lookups'] as const;
export type RebuildSink = (typeof rebuildSinks)[number];

export interface RebuildPlan {
  /** Epoch milliseconds, inclusive: of what was decided, entered into a chain or labelled from then on. */
  readonly fromMs: number;
  /** Exclusive; null: up to the moment at which the rebuild began. */
  readonly toMs: number | null;
  readonly sinks: ReadonlySet<RebuildSink>;
  /** Webhooks are queued once more, under the event ids that they have had. */
  readonly resendsWebhooks: boolean;
}

export interface RebuildDependencies {
  readonly table: TableStore;
  readonly archive: ObjectStore;
  readonly checkpoints: ObjectStore;
  /** To the delivery function. */
  readonly webhookQueue: Queue;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly hotDays: HotDays;
  readonly masterSecret: MasterSecret;
}

/** What was done so far, in items. */
export interface RebuildReport {
  readonly itemsRead: number;
  /** Decisions, entries, labels and reviews of the period. */
  readonly itemsInPeriod: number;
  /** Handed to each sink, for it to restore what it lacks. */
  readonly handed: Readonly<Record<string, number>>;
  /** Keys of items that this version cannot read: at most `namedMax` of them. */
  readonly unreadable: readonly string[];
  /** What cannot be restored, because its row has expired and nothing else holds it: at most `namedMax` of them. */
  readonly lost: readonly string[];
}

export const nothingYet: RebuildReport = { itemsRead: 0, itemsInPeriod: 0, handed: {}, unreadable: [], lost: [] };

const namedMax = 100;

export const sumOf = (a: RebuildReport, b: RebuildReport): RebuildReport => ({
  itemsRead: a.itemsRead + b.itemsRead,
  itemsInPeriod: a.itemsInPeriod + b.itemsInPeriod,
  handed: Object.fromEntries(
    [...new Set([...Object.keys(a.handed), ...Object.keys(b.handed)])].map((name) => [
      name,
      (a.handed[name] ?? 0) + (b.handed[name] ?? 0),
    ]),
  ),
  unreadable: [...a.unreadable, ...b.unreadable].slice(0, namedMax),
  lost: [...a.lost, ...b.lost].slice(0, namedMax),
});
