import { decodersOfItems } from '../../functions/project/decoders.ts';
import { decisionFromItem, type StoredDecision } from '../../shared/ledger/items.ts';
import type { Item, TableStore } from '../../shared/ports/ports.ts';
import type { StoredEntry } from '../../shared/proof/entry.ts';
import { type Label, labelFromItem } from '../../shared/reviews/labels.ts';
import { type Review, reviewFromItem, reviewOfKey } from '../../shared/reviews/review.ts';
import { prefixes } from '../../shared/store/names.ts';
import { inParallel } from '../../shared/store/parallel.ts';
import type { Place } from './place.ts';

/** What the table holds of a period, as far as one round has read. */
export interface Found {
  readonly decisions: readonly StoredDecision[];
  readonly entries: readonly { readonly entry: StoredEntry; readonly item: Item }[];
  readonly labels: readonly Label[];
  readonly reviews: readonly { readonly tenant: string; readonly review: Review }[];
  readonly unreadable: readonly string[];
  readonly itemsRead: number;
  readonly segments: Place['segments'];
}

export interface RoundLimits {
  /** Parts of the table that are read at the same time. */
  readonly segments: number;
  readonly pageItems: number;
  /** Pages of a segment in one round: the place is kept after each round. */
  readonly pagesPerRound: number;
  /** Items of the period held in memory; a round ends at the page that reaches it. */
  readonly heldItemsMax: number;
}

export const roundLimits: RoundLimits = { segments: 8, pageItems: 1_000, pagesPerRound: 50, heldItemsMax: 20_000 };

/** Reads on from a place, in all segments at once. Throws StoreErrors. */
export async function readRound(table: TableStore, place: Place, fromMs: number, limits: RoundLimits): Promise<Found> {
  const found = {
    decisions: [] as StoredDecision[],
    entries: [] as { entry: StoredEntry; item: Item }[],
    labels: [] as Label[],
    reviews: [] as { tenant: string; review: Review }[],
    unreadable: [] as string[],
  };
  const held = (): number => found.decisions.length + found.entries.length + found.labels.length + found.reviews.length;
  const isInPeriod = (ms: number): boolean => ms >= fromMs && ms < place.toMs;
  let itemsRead = 0;
  const take = (item: Item): void => {
    if (item.pk.startsWith(prefixes.decision)) {
      const stored = decisionFromItem(item);
      if (isInPeriod(stored.decision.decidedAtMs)) found.decisions.push(stored);
    } else if (item.pk.startsWith(prefixes.audit)) {
      const entry = decodersOfItems.decodeEntry!(item);
      if (isInPeriod(Date.parse(String(entry.body.at)))) found.entries.push({ entry, item });
    } else if (item.pk.startsWith(prefixes.label)) {
      const label = labelFromItem(item);
      if (isInPeriod(label.knownAtMs)) found.labels.push(label);
    } else {
      const tenant = reviewOfKey(item)?.tenant;
      if (tenant === undefined) return;
      const review = reviewFromItem(item);
      if (isInPeriod(review.closed?.atMs ?? review.openedAtMs)) found.reviews.push({ tenant, review });
    }
  };
  const segments = [...place.segments];
  await inParallel(segments, limits.segments, async (_, index) => {
    for (let pages = 0; pages < limits.pagesPerRound && held() < limits.heldItemsMax; pages += 1) {
      const after = segments[index]!;
      if (after === 'done') return;
      const segment = { index, of: segments.length };
      const page = await table.scan({ limit: limits.pageItems, segment, ...(after !== null && { after }) });
      for (const item of page.items) {
        try {
          take(item);
        } catch (error) {
          if (!(error instanceof RangeError || error instanceof TypeError || error instanceof SyntaxError)) throw error;
          found.unreadable.push(`${item.pk} / ${item.sk}: ${error.message}`);
        }
      }
      itemsRead += page.items.length;
      segments[index] = page.after ?? 'done';
    }
  });
  return { ...found, itemsRead, segments };
}
