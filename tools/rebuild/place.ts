import type { Key, TableStore } from '../../shared/ports/ports.ts';
import { expiryAttribute, rebuildKey } from '../../shared/store/names.ts';
import { nothingYet, type RebuildPlan, type RebuildReport } from './plan.ts';

/** How far a rebuild has come: what lies before it in every segment is restored. */
export interface Place {
  readonly toMs: number;
  /** By segment: the key after which to read on, null for the beginning, `done` for the end. */
  readonly segments: readonly (Key | null | 'done')[];
  readonly report: RebuildReport;
}

const formatVersion = 2;
const keptMs = 30 * 86_400_000;

/** The same plan has the same name, so that a rebuild that was cut off is gone on with. */
const nameOf = ({ fromMs, toMs, sinks, resendsWebhooks }: RebuildPlan): string =>
  [
    new Date(fromMs).toISOString(),
    toMs === null ? 'now' : new Date(toMs).toISOString(),
    [...sinks].sort().join(','),
    ...(resendsWebhooks ? ['webhooks'] : []),
  ].join(' ');

/** The place of an unfinished rebuild of this plan, or a new one. A place from another number of segments is not gone on with. */
export const openPlace = async (table: TableStore, plan: RebuildPlan, segmentCount: number, nowMs: number): Promise<Place> => {
  const item = await table.get(rebuildKey(nameOf(plan)), { consistent: true });
  const place = item?.v === formatVersion ? (JSON.parse(String(item.place)) as Place) : null;
  if (place !== null && place.segments.length === segmentCount) return place;
  return { toMs: plan.toMs ?? nowMs, segments: Array.from({ length: segmentCount }, () => null), report: nothingYet };
};

export const keepPlace = (table: TableStore, plan: RebuildPlan, place: Place, nowMs: number): Promise<void> =>
  table.put({
    ...rebuildKey(nameOf(plan)),
    v: formatVersion,
    place: JSON.stringify(place),
    [expiryAttribute]: Math.ceil((nowMs + keptMs) / 1_000),
  });

/** A rebuild that is done is not gone on with: the next one of the same plan looks at everything again. */
export const dropPlace = (table: TableStore, plan: RebuildPlan): Promise<void> => table.delete(rebuildKey(nameOf(plan)));
