import { gunzipSync, gzipSync } from 'node:zlib';
import { type DecisionSummary, measuresOf } from '../contract/render.ts';
import type { Decision } from '../domain/decision.ts';
import { dayMs } from '../domain/durations.ts';
import { outcomes } from '../domain/outcome.ts';
import { DamagedRow, firstCounts, NewerRow } from '../domain/rowFormat.ts';
import { type SignalName, signalNames } from '../domain/signals/names.ts';
import type { Item } from '../ports/ports.ts';
import { expiryAttribute, prefixes } from '../store/names.ts';

/**
 * Feeds: every decision of a tenant by time, packed into pages of many. A page lies within one slot of `decidedAt` and its sort key
 * is the position of its newest entry, so that pages of several writers interleave by at most a slot. A reader that has gone down to
 * page key K has seen every entry at or above K.
 */

/** `all`: every decision. `flagged`: those that triggered a signal or are not ALLOW. */
export type Feed = 'all' | 'flagged';

export const slotMs = 10_000;
export const feedRetentionDays = 30;
/** A page stays well below the 400 KB of an item: it is read whole for any of its entries. */
export const pageEntriesMax = 200;
export const pageBytesMax = 90_000;
/** More pages than this in one slot are more than one tenant's feed can carry. */
export const slotPagesMax = 5_000;

export interface FeedEntry extends DecisionSummary {
  /** The signals that triggered. */
  readonly hits: readonly Hit[];
}

export interface Hit {
  readonly signal: SignalName;
  readonly value: number;
  readonly threshold: number;
}

export const entryOf = (decision: Decision): FeedEntry => {
  const { transaction, decidedAtMs, outcome, score, triggered, reasons } = decision;
  return {
    transaction,
    decidedAtMs,
    outcome,
    score,
    triggered,
    measures: measuresOf(decision),
    hits: reasons.flatMap(({ signal, value, threshold }) => {
      const name = signalNames.find((known) => known === signal);
      return name === undefined || value === null || threshold === null ? [] : [{ signal: name, value, threshold }];
    }),
  };
};

export const isFlagged = (entry: FeedEntry): boolean => entry.triggered !== 0 || entry.outcome !== 'ALLOW';

/** Returns the position of an entry: texts that sort by time and then by id (`#` sorts before every character of an id). */
export const positionOf = ({ decidedAtMs, transaction }: DecisionSummary): string =>
  `${new Date(decidedAtMs).toISOString()}#${transaction.transactionId}`;

export const slotStartMs = (epochMs: number): number => Math.floor(epochMs / slotMs) * slotMs;

export const feedDayKey = (tenant: string, feed: Feed, epochMs: number): string =>
  `${prefixes.feed}${tenant}#${feed}#${new Date(epochMs).toISOString().slice(0, 10)}`;

/** Bounds on the sort key of every page that may hold an entry from `fromMs` on, in its slot. */
export const slotBounds = (fromMs: number): { readonly from: string; readonly to: string } => ({
  from: new Date(fromMs).toISOString(),
  to: new Date(slotStartMs(fromMs) + slotMs).toISOString(),
});

/**
 * Writer and reader of pages: entries of one slot, in any order, at least one, compressed, because a page is paid by the KB, and twice as
 * it is written in a transaction. A page that refers to the signals of 0.1 alone is what 0.1 wrote; one that refers to later signals
 * lies under another attribute and says its format and how many signals it refers to. The reader throws NewerRow for more than `signals`.
 */
export const pagesWith = (signals: readonly string[]) => ({
  pageItem: (tenant: string, feed: Feed, entries: readonly FeedEntry[]): Item => {
    const sk = entries.map(positionOf).sort().at(-1)!;
    const { decidedAtMs } = entries[0]!;
    const packed = gzipSync(`[${entries.map((entry) => packEntry(entry, signals)).join(',')}]`);
    const count = signalsIn(entries, signals);
    return {
      pk: feedDayKey(tenant, feed, decidedAtMs),
      sk,
      ...(count <= firstCounts.signals ? { entries: packed } : { format: pageFormat, signals: count, page: packed }),
      [expiryAttribute]: Math.floor(slotStartMs(decidedAtMs) / 1000) + (feedRetentionDays + 1) * (dayMs / 1000),
    };
  },

  pageEntries: (item: Item): FeedEntry[] => {
    if (item.entries === undefined) assertKnown(item, signals);
    const packed = gunzipSync((item.entries ?? item.page) as Uint8Array, { maxOutputLength: pageBytesMax + 2 });
    return (JSON.parse(packed.toString()) as Packed[]).map((entry) => unpackEntry(entry, signals));
  },
});

export const { pageItem, pageEntries } = pagesWith(signalNames);

const pageFormat = 2;

const assertKnown = ({ pk, sk, format, signals: count }: Item, signals: readonly string[]): void => {
  const row = `feed page ${pk} / ${sk}`;
  if (typeof format !== 'number' || typeof count !== 'number') throw new DamagedRow(`the ${row} has no entries`);
  if (format > pageFormat) throw new NewerRow(row, format, pageFormat, '');
  if (count > signals.length)
    throw new NewerRow(row, format, pageFormat, ` and refers to ${count} signals, of which ${signals.length} are known`);
};

/** How many signals the entries refer to: one more than the position of the last. */
const signalsIn = (entries: readonly FeedEntry[], signals: readonly string[]): number =>
  Math.max(
    ...entries.map(({ triggered, hits }) =>
      Math.max(32 - Math.clz32(triggered), ...hits.map(({ signal }) => signals.indexOf(signal) + 1)),
    ),
  );

/** Cuts what goes into a feed, in order, into runs that fit a page. */
export function pagefuls<Member>(members: readonly Member[], entry: (member: Member) => FeedEntry): Member[][] {
  const runs: Member[][] = [];
  let bytes = 0;
  for (const member of members) {
    const size = Buffer.byteLength(packEntry(entry(member), signalNames)) + 1;
    const run = runs.at(-1);
    if (run === undefined || run.length === pageEntriesMax || bytes + size > pageBytesMax) {
      runs.push([member]);
      bytes = size;
    } else {
      run.push(member);
      bytes += size;
    }
  }
  return runs;
}

const transactionColumns = [
  'transactionId',
  'userId',
  'accountId',
  'occurredAtMs',
  'offsetMinutes',
  'amountMinor',
  'currency',
] as const satisfies readonly (keyof FeedEntry['transaction'])[];

const measureColumns = ['anomalyPercentile', 'travelKmh', 'distanceKm'] as const;

/** The columns of the transaction, then what `unpackEntry` names. */
type Packed = readonly unknown[];

const packEntry = (entry: FeedEntry, signals: readonly string[]): string => {
  const { transaction, decidedAtMs, outcome, score, triggered, hits, measures } = entry;
  return JSON.stringify([
    ...transactionColumns.map((column) => transaction[column]),
    decidedAtMs,
    outcomes.indexOf(outcome),
    score,
    triggered,
    hits.map(({ signal, value, threshold }) => [signals.indexOf(signal), value, threshold]),
    ...(measures === undefined ? [] : [measureColumns.map((column) => measures[column])]),
  ]);
};

const unpackEntry = (packed: Packed, signals: readonly string[]): FeedEntry => {
  const [decidedAtMs, outcome, score, triggered, hits, measures] = packed.slice(transactionColumns.length) as [
    number,
    number,
    number,
    number,
    (readonly [number, number, number])[],
    ((number | null)[] | undefined)?,
  ];
  const columns = <Name extends string>(names: readonly Name[], values: readonly unknown[]) =>
    Object.fromEntries(names.map((name, i) => [name, values[i]]));
  return {
    transaction: columns(transactionColumns, packed) as unknown as FeedEntry['transaction'],
    decidedAtMs,
    outcome: outcomes[outcome]!,
    score,
    triggered,
    hits: hits.map(([signal, value, threshold]) => ({ signal: signals[signal] as SignalName, value, threshold })),
    ...(measures !== undefined && {
      measures: columns(measureColumns, measures) as unknown as NonNullable<FeedEntry['measures']>,
    }),
  };
};
