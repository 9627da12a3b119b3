import { gunzipSync, gzipSync } from 'node:zlib';
import { type DecisionSummary, measuresOf } from '../contract/render.ts';
import type { Decision } from '../domain/decision.ts';
import { outcomes } from '../domain/outcome.ts';
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
export const dayMs = 86_400_000;
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

/** Where an entry stands: sorts as text, by time and then by id (`#` sorts before every character of an id). */
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

/** The page item of entries of one slot, in any order, at least one. */
export function pageItem(tenant: string, feed: Feed, entries: readonly FeedEntry[]): Item {
  const sk = entries.map(positionOf).sort().at(-1)!;
  const { decidedAtMs } = entries[0]!;
  return {
    pk: feedDayKey(tenant, feed, decidedAtMs),
    sk,
    entries: gzipSync(`[${entries.map(packEntry).join(',')}]`),
    [expiryAttribute]: Math.floor(slotStartMs(decidedAtMs) / 1000) + (feedRetentionDays + 1) * (dayMs / 1000),
  };
}

/** Cuts what goes into a feed, in order, into runs that fit a page. */
export function pagefuls<Member>(members: readonly Member[], entry: (member: Member) => FeedEntry): Member[][] {
  const runs: Member[][] = [];
  let bytes = 0;
  for (const member of members) {
    const size = Buffer.byteLength(packEntry(entry(member))) + 1;
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

/** Entries are compressed: a page is paid by the KB, and twice as it is written in a transaction. */
export const pageEntries = (item: Item): FeedEntry[] =>
  (JSON.parse(gunzipSync(item.entries as Uint8Array, { maxOutputLength: pageBytesMax + 2 }).toString()) as Packed[]).map(
    unpackEntry,
  );

type Packed = readonly [
  transactionId: string,
  userId: string,
  accountId: string,
  occurredAtMs: number,
  offsetMinutes: number,
  amountMinor: number,
  currency: string,
  decidedAtMs: number,
  outcome: number,
  score: number,
  triggered: number,
  hits: readonly (readonly [signal: number, value: number, threshold: number])[],
  measures?: readonly [anomalyPercentile: number | null, travelKmh: number | null, distanceKm: number | null],
];

const packEntry = ({ transaction, decidedAtMs, outcome, score, triggered, hits, measures }: FeedEntry): string => {
  const packed: Packed = [
    transaction.transactionId,
    transaction.userId,
    transaction.accountId,
    transaction.occurredAtMs,
    transaction.offsetMinutes,
    transaction.amountMinor,
    transaction.currency,
    decidedAtMs,
    outcomes.indexOf(outcome),
    score,
    triggered,
    hits.map((hit) => [signalNames.indexOf(hit.signal), hit.value, hit.threshold]),
  ];
  if (measures === undefined) return JSON.stringify(packed);
  return JSON.stringify([...packed, [measures.anomalyPercentile, measures.travelKmh, measures.distanceKm]]);
};

const unpackEntry = (packed: Packed): FeedEntry => {
  const [
    transactionId,
    userId,
    accountId,
    occurredAtMs,
    offsetMinutes,
    amountMinor,
    currency,
    decidedAtMs,
    outcome,
    score,
    triggered,
    hits,
    measures,
  ] = packed;
  return {
    transaction: { transactionId, userId, accountId, occurredAtMs, offsetMinutes, amountMinor, currency },
    decidedAtMs,
    outcome: outcomes[outcome]!,
    score,
    triggered,
    hits: hits.map(([signal, value, threshold]) => ({ signal: signalNames[signal]!, value, threshold })),
    ...(measures !== undefined && {
      measures: { anomalyPercentile: measures[0], travelKmh: measures[1], distanceKm: measures[2] },
    }),
  };
};
